import { LoomError, type NodeCounters } from '@certoai/loom-core';
import type { ControlRequest, Facts } from '../engine/decide.js';
import { Json } from '../engine/json.js';
import type { StageView } from '../engine/stage-view.js';
import type { Failure } from '../engine/state.js';
import type { Expansion, Mode } from '../modes/mode.js';
import type { LiveNode } from './live-node.js';

const none: readonly never[] = [];
const noCounters: NodeCounters = { done: 0, failed: 0 };

/** What a process knows of an execution it runs; brought up to date in place, read by `decide`. */
export class LiveFacts implements Facts {
  readonly executionId: string;
  readonly input: Json;
  readonly modes: ReadonlyMap<string, Mode>;
  readonly maxTasks: number;
  /** Nodes that run here, by id. */
  readonly running = new Map<string, LiveNode>();
  readonly stages: Record<string, StageView>;
  now = 0;
  request: ControlRequest | undefined = undefined;
  readonly #outputs: Map<string, Json>;
  readonly #results: Map<string, readonly (Json | undefined)[]>;

  constructor(executionId: string, input: Json, modes: ReadonlyMap<string, Mode>, maxTasks: number, known: Known = {}) {
    this.executionId = executionId;
    this.input = input;
    this.modes = modes;
    this.maxTasks = maxTasks;
    this.stages = { ...known.stages };
    this.#outputs = new Map(known.outputs);
    this.#results = new Map(known.settledResults);
  }

  counters(node: string): NodeCounters {
    return this.running.get(node)?.counters ?? noCounters;
  }

  results(node: string): readonly (Json | undefined)[] {
    return this.running.get(node)?.results ?? this.#results.get(node) ?? none;
  }

  failures(node: string): readonly Failure[] {
    return this.running.get(node)?.failures ?? none;
  }

  output(node: string): Json {
    return this.#outputs.get(node) ?? Json.null;
  }

  expansion(node: string): Expansion {
    const live = this.running.get(node);
    if (live !== undefined) return live.expansion;
    throw new LoomError('LOOM_ILLEGAL_TRANSITION', `Stage "${node}" does not run here.`, { stage: node });
  }

  /** A node has come to its end; returns it when it ran here. */
  settled(node: string, output: Json, view: StageView): LiveNode | undefined {
    const live = this.running.get(node);
    this.running.delete(node);
    this.#outputs.set(node, output);
    this.stages[node] = view;
    // A gather takes items from fan-outs by task, from anything else by output.
    if (live !== undefined && live.node.spec.mode !== 'execute') this.#results.set(node, live.results);
    return live;
  }
}

/** What was recorded before this process came in. */
export interface Known {
  readonly stages?: Readonly<Record<string, StageView>> | undefined;
  readonly outputs?: ReadonlyMap<string, Json> | undefined;
  readonly settledResults?: ReadonlyMap<string, readonly (Json | undefined)[]> | undefined;
}
