import { LoomError, type ErrorRecord, type ExecutionStatus } from '@certoai/loom-core';

/** What an execution's head holds: enough, with the plan and the records, to go on after a crash. */
export interface ExecutionState {
  readonly status: ExecutionStatus;
  /** Nodes that have begun or were settled; absent: still waiting for others. */
  readonly nodes: Readonly<Record<string, NodeState>>;
  readonly startedAt: number;
  /** The whole execution must be finished by then; milliseconds since the epoch. */
  readonly deadlineAt?: number | undefined;
  readonly finishedAt?: number | undefined;
  /** Sent with every task. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Version ranges it keeps to, by actor type. */
  readonly pins?: Readonly<Record<string, string>> | undefined;
  /** For whom it runs. */
  readonly tenant?: string | undefined;
  /** What its expressions read as `config` is the record at {@link valueIndex} of {@link configNode}. */
  readonly config?: true | undefined;
  /** Where it is told that it has ended. */
  readonly notify?: Notify | undefined;
  /** Why it did not complete. */
  readonly failure?: Failure | undefined;
}

/** Where it is told that an execution has ended. */
export interface Notify {
  /** 1 to 200 letters, digits, `.`, `_` or `-`; names that begin with `loom.` are Loom's own. */
  readonly queue: string;
  /** Messages of one key reach their queues in the order in which their executions ended; 1 to 256 characters. @default none */
  readonly key?: string | undefined;
  /** Come with the message as they are. At most 50. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Where and why an execution failed, was cancelled or ran out of time. */
export interface Failure {
  readonly stage?: string | undefined;
  readonly index?: number | undefined;
  readonly attempt?: number | undefined;
  readonly actor?: string | undefined;
  readonly error: ErrorRecord;
}

export type NodeState =
  | {
      readonly kind: 'running';
      readonly startedAt: number;
      readonly tasks: number;
      readonly deadlineAt?: number | undefined;
    }
  | {
      readonly kind: 'completed';
      readonly startedAt: number;
      readonly finishedAt: number;
      readonly tasks: number;
      readonly failed: number;
      /** Its output is the record at {@link valueIndex}, not made from its tasks. */
      readonly value?: true | undefined;
    }
  | {
      readonly kind: 'failed';
      readonly startedAt: number;
      readonly finishedAt: number;
      readonly tasks: number;
      readonly failed: number;
      readonly failure: Failure;
    }
  | { readonly kind: 'skipped'; readonly finishedAt: number }
  | { readonly kind: 'cancelled'; readonly finishedAt: number };

/** Index of the record that holds a node's own value. */
export const valueIndex = -1;

/** Name under which the items are recorded that a partial gather went on with. No node can have it. */
export const basisOf = (node: string): string => `${node}$basis`;

/** Name under which an execution's mapped output is recorded. No node can have it. */
export const outputNode = '$output';

/** Name under which what an execution sees as `config` is recorded. No node can have it. */
export const configNode = '$config';

const moves: Readonly<Record<ExecutionStatus, readonly ExecutionStatus[]>> = {
  running: ['paused', 'completed', 'failed', 'cancelled', 'timed-out'],
  paused: ['running', 'completed', 'failed', 'cancelled', 'timed-out'],
  completed: [],
  failed: [],
  cancelled: [],
  'timed-out': [],
};

export function isFinal(status: ExecutionStatus): boolean {
  return moves[status].length === 0;
}

/** @throws LoomError `LOOM_ILLEGAL_TRANSITION` */
export function moveTo(state: ExecutionState, status: ExecutionStatus): ExecutionState {
  const allowed = moves[state.status];
  if (allowed.includes(status)) return { ...state, status };
  const hint = allowed.length > 0 ? `allowed: ${allowed.join(', ')}` : 'it is final';
  throw new LoomError(
    'LOOM_ILLEGAL_TRANSITION',
    `Execution cannot move from "${state.status}" to "${status}"; ${hint}.`,
    { from: state.status, to: status },
  );
}

/** What was asked for when an execution started. */
type Asked = Pick<ExecutionState, 'headers' | 'pins' | 'tenant' | 'notify'> & {
  /** Milliseconds. */
  readonly timeoutMs: number | undefined;
};

export function initialState(now: number, { timeoutMs, ...asked }: Asked): ExecutionState {
  const deadlineAt = timeoutMs === undefined ? undefined : now + timeoutMs;
  return { status: 'running', nodes: {}, startedAt: now, deadlineAt, ...asked };
}
