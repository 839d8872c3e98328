import type { ErrorRecord, JsonValue } from '@certoai/loom-core';
import type { Json } from './json.js';
import type { Failure, NodeState } from './state.js';

/** A settled stage as expressions see it: `stages.<id>.output`, `.status`, `.error`, `.errors`. */
export interface StageView {
  readonly output: JsonValue;
  readonly status: NodeState['kind'];
  readonly error: ErrorRecord | null;
  /** Tasks that failed while the stage went on, by index. */
  readonly errors: readonly Failure[];
}

/** `output` is parsed when an expression first asks for it. */
export function stageView(
  status: NodeState['kind'],
  output: Json,
  failure: Failure | undefined,
  errors: readonly Failure[],
): StageView {
  return {
    status,
    error: failure?.error ?? null,
    errors,
    get output() {
      return output.value;
    },
  };
}
