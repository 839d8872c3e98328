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
export function stageView(state: NodeState, output: Json, failures: readonly Failure[]): StageView {
  return {
    status: state.kind,
    error: state.kind === 'failed' ? state.failure.error : null,
    errors: [...failures].sort((left, right) => (left.index ?? 0) - (right.index ?? 0)),
    get output() {
      return output.value;
    },
  };
}
