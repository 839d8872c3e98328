import type { ErrorRecord, ModelDecision } from '../worker/task.js';
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
  /** Fencing token: tells hand-outs of one attempt apart. */
  readonly token: number;
  readonly actor: string;
}
interface TaskEndEvent extends TaskEvent {
  /** How long its handler had it; milliseconds. */
  readonly durationMs: number;
  /** From the hand-out until a worker began with it; milliseconds. Absent: it began at once. */
  readonly queuedMs?: number | undefined;
  /** Name of the worker, when it ran in another process. */
  readonly worker?: string | undefined;
}

/** Facts about one execution, in the order they became true. */
export type ExecutionEvent =
  | (EventBase & {
      readonly type: 'execution:started';
      readonly name?: string | undefined;
      readonly tags?: readonly string[] | undefined;
      /** Given by who started it (W3C Trace Context). */
      readonly traceparent?: string | undefined;
    })
  | (EventBase & {
      readonly type: 'execution:resumed';
      readonly reason: 'recovered' | 'resumed';
      readonly name?: string | undefined;
      /** As in `execution:started`. */
      readonly traceparent?: string | undefined;
    })
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
  /** Handed out: to a handler in this process, or to the queue. */
  | (TaskEvent & { readonly type: 'task:started' })
  | (TaskEvent & { readonly type: 'task:progressed'; readonly progress: unknown })
  /** What a model decided while the attempt ran; told when it has ended, before its end. */
  | (TaskEvent & { readonly type: 'task:decided'; readonly decision: ModelDecision })
  | (TaskEndEvent & { readonly type: 'task:completed' })
  /** Its stage or its execution ended first. */
  | (TaskEndEvent & { readonly type: 'task:cancelled' })
  | (TaskEndEvent & {
      readonly type: 'task:failed';
      readonly error: ErrorRecord;
      readonly willRetry: boolean;
      /** Milliseconds until the next attempt, when there is one. */
      readonly delayMs?: number | undefined;
    });

export type ExecutionEventType = ExecutionEvent['type'];
