import type { ErrorRecord } from '../worker/task.js';
import type { ExecutionStatus } from './execution-store.js';

interface EventBase {
  readonly executionId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}
interface StageEvent extends EventBase {
  readonly stage: string;
}
interface TaskEvent extends StageEvent {
  readonly index: number;
  readonly attempt: number;
  readonly actor: string;
}

/** Facts about one execution, in the order they became true. */
export type ExecutionEvent =
  | (EventBase & { readonly type: 'execution:started'; readonly name?: string | undefined })
  | (EventBase & { readonly type: 'execution:resumed'; readonly reason: 'recovered' | 'resumed' })
  | (EventBase & { readonly type: 'execution:paused' })
  | (EventBase & {
      readonly type: 'execution:finished';
      readonly status: ExecutionStatus;
      readonly error?: ErrorRecord | undefined;
    })
  | (StageEvent & { readonly type: 'stage:started'; readonly tasks: number })
  | (StageEvent & { readonly type: 'stage:skipped' })
  | (StageEvent & { readonly type: 'stage:completed'; readonly tasks: number; readonly failed: number })
  | (StageEvent & { readonly type: 'stage:failed'; readonly error: ErrorRecord })
  | (StageEvent & { readonly type: 'stage:cancelled' })
  | (TaskEvent & { readonly type: 'task:started' })
  | (TaskEvent & { readonly type: 'task:progressed'; readonly progress: unknown })
  | (TaskEvent & { readonly type: 'task:completed'; readonly durationMs: number })
  | (TaskEvent & {
      readonly type: 'task:failed';
      readonly error: ErrorRecord;
      readonly durationMs: number;
      readonly willRetry: boolean;
      /** Milliseconds until the next attempt, when there is one. */
      readonly delayMs?: number | undefined;
    });

export type ExecutionEventType = ExecutionEvent['type'];
