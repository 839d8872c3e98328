import type { JsonValue } from '@certoai/loom-core';
import type {
  ActorDefinition,
  BroadcastStage,
  ExecuteStage,
  ForkJoinStage,
  GatherDefinition,
  GatherStage,
  MapReduceStage,
  PipelineDefinition,
  ScatterStage,
  StageBase,
} from './pipeline-definition.js';

/**
 * A definition that `parseDefinition` has accepted: plain JSON, aliases resolved, `mode` always there,
 * lists always lists. Defaults are not written into it: they belong to the plan.
 */
export interface NormalisedDefinition extends Omit<PipelineDefinition, 'input' | 'stages'> {
  readonly input?: JsonValue | undefined;
  readonly stages: readonly NormalisedStage[];
}

export type NormalisedStage = NormalisedBuiltInStage | NormalisedCustomStage;

export type NormalisedBuiltInStage =
  | Normalised<ExecuteStage, 'execute'>
  | Normalised<ScatterStage, 'scatter'>
  | Normalised<GatherStage, 'gather'>
  | Normalised<MapReduceStage, 'map-reduce'>
  | Normalised<BroadcastStage, 'broadcast'>
  | Normalised<ForkJoinStage, 'fork-join'>;

type Normalised<Stage, Mode extends string> = Omit<Stage, 'mode' | 'dependsOn' | 'gather'> &
  NormalisedCommon & { readonly mode: Mode } & (Stage extends GatherStage
    ? { readonly gather?: NormalisedGather | undefined }
    : unknown);

interface NormalisedCommon {
  readonly dependsOn?: readonly string[] | undefined;
}

export interface NormalisedGather extends Omit<GatherDefinition, 'from'> {
  readonly from?: readonly string[] | undefined;
}

export interface NormalisedCustomStage extends Omit<StageBase, 'dependsOn'>, NormalisedCommon {
  readonly mode: string;
  readonly with?: JsonValue | undefined;
  readonly actor?: ActorDefinition | undefined;
  readonly input?: JsonValue | undefined;
}

export const builtInModes = ['execute', 'scatter', 'gather', 'map-reduce', 'broadcast', 'fork-join'] as const;
export type BuiltInMode = (typeof builtInModes)[number];

export function isBuiltInMode(mode: string): mode is BuiltInMode {
  return (builtInModes as readonly string[]).includes(mode);
}

export function isBuiltInStage(stage: NormalisedStage): stage is NormalisedBuiltInStage {
  return isBuiltInMode(stage.mode);
}
