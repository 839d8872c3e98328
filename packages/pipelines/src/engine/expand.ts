import { LoomError } from '@certoai/loom-core';
import { configuration, type Scope } from '../definition/expression.js';
import type { Expansion, Mode, NodeView } from '../modes/mode.js';
import type { PlanNode } from '../plan/plan.js';
import { Json } from './json.js';
import type { PinnedConfig } from './pinned-config.js';
import type { StageView } from './stage-view.js';
import type { NodeState } from './state.js';

/** @throws LoomError `LOOM_UNSUPPORTED` for a custom mode that nobody registered, or what the mode throws */
export function expand(node: PlanNode, modes: ReadonlyMap<string, Mode>, view: NodeView): Expansion {
  const name = node.spec.mode === 'custom' ? node.spec.name : node.spec.mode;
  const mode = modes.get(name);
  if (mode !== undefined) return mode(node, view);
  const message = `Nothing runs mode "${name}" here. Call registerExecutor("${name}", …) before starting.`;
  throw new LoomError('LOOM_UNSUPPORTED', message, { mode: name });
}

/** The roots every expression sees. `input` is parsed when it is first read. */
export function expressionScope(
  executionId: string,
  input: Json,
  stages: Readonly<Record<string, StageView>>,
  config: PinnedConfig | undefined,
): Scope {
  return {
    get input() {
      return input.value;
    },
    stages,
    execution: { id: executionId },
    [configuration]: config?.of,
  };
}

/** Where outputs of settled nodes are found. */
export interface Outputs {
  outputOf(node: string): Json;
}

/** A node's input when it maps none: the pipeline's, or what it needs. */
export function upstreamOf({ needs }: PlanNode, input: Json, outputs: Outputs): Json {
  const [first] = needs;
  if (first === undefined) return input;
  return needs.length === 1
    ? outputs.outputOf(first.node)
    : joinOutputs(
        needs.map(({ node }) => node),
        outputs,
      );
}

/** One node: its output. Several: an object by id. */
export function joinOutputs(nodes: readonly string[], outputs: Outputs): Json {
  const [only] = nodes;
  if (nodes.length === 1 && only !== undefined) return outputs.outputOf(only);
  return Json.object(nodes.map((node) => [node, outputs.outputOf(node)]));
}

/**
 * What a node gives to a gather: the successes of a fan-out so far, the members of an array, or its one
 * output; nothing when it was skipped or failed.
 */
export function contributedItems(
  node: PlanNode,
  state: NodeState | undefined,
  results: () => readonly (Json | undefined)[],
  output: () => Json,
): readonly Json[] {
  if (state?.kind !== 'running' && state?.kind !== 'completed') return [];
  const { mode } = node.spec;
  const fanOut = mode === 'scatter' || mode === 'broadcast' || mode === 'fork-join';
  if (state.kind === 'running' || (fanOut && state.value !== true)) {
    return results().filter((result) => result !== undefined);
  }
  const { value } = output();
  return Array.isArray(value) ? value.map((item) => Json.fromValue(item)) : [output()];
}
