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

interface ApprovalEvent extends StageEvent {
  /** Unique in its execution. */
  readonly approval: string;
  /** Of the attempt that waits for it; absent: its stage does. Both or neither. */
  readonly index?: number | undefined;
  readonly attempt?: number | undefined;
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
  | (TaskEvent & {
      readonly type: 'task:decided';
      /** Its place among the decisions of this hand-out, from 0: one that is told again counts once. */
      readonly number: number;
      readonly decision: ModelDecision;
    })
  | (TaskEndEvent & { readonly type: 'task:completed' })
  /** Its stage or its execution ended first. */
  | (TaskEndEvent & { readonly type: 'task:cancelled' })
  | (TaskEndEvent & {
      readonly type: 'task:failed';
      readonly error: ErrorRecord;
      readonly willRetry: boolean;
      /** Milliseconds until the next attempt, when there is one. */
      readonly delayMs?: number | undefined;
    })
  /** Somebody has to decide. `what`, in a few words. */
  | (ApprovalEvent & { readonly type: 'approval:requested'; readonly what?: string | undefined })
  /** Nobody decided in time: it is asked of `to` now. */
  | (ApprovalEvent & { readonly type: 'approval:escalated'; readonly to?: string | undefined })
  | (ApprovalEvent & {
      readonly type: 'approval:decided';
      readonly outcome: 'approved' | 'rejected' | 'expired' | 'cancelled';
      /** Who decided; absent when nobody did. */
      readonly by?: string | undefined;
      /** Why, in their words. */
      readonly note?: string | undefined;
      /** Approved with changes. */
      readonly edited?: boolean | undefined;
    })
  | (StageEvent & {
      readonly type: 'breaker:checked';
      readonly breaker: string;
      /** At that moment. */
      readonly state: 'closed' | 'open' | 'half-open';
      /** Whether it let the attempt pass; if not, the task is parked. */
      readonly passed: boolean;
      /** Of the attempt it was asked for, before its hand-out. Both or neither. */
      readonly index?: number | undefined;
      readonly attempt?: number | undefined;
    })
  /** An attempt to undo what `stage` did: its fields are those of a task. */
  | (TaskEvent & { readonly type: 'compensation:started' })
  | (TaskEndEvent & { readonly type: 'compensation:completed' })
  | (TaskEndEvent & {
      readonly type: 'compensation:failed';
      readonly error: ErrorRecord;
      readonly willRetry: boolean;
      /** As in `task:failed`. */
      readonly delayMs?: number | undefined;
    });

export type ExecutionEventType = ExecutionEvent['type'];
