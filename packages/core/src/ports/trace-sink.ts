import type { ExecutionEvent } from './execution-events.js';

/** Watches executions. It is called synchronously, must return at once, and cannot change an outcome. */
export interface TraceSink {
  observe(event: ExecutionEvent): void;

  /**
   * The W3C `traceparent` under which a worker goes on with an attempt; called for each attempt that is handed out.
   * @param attempt.startedUnder - the `traceparent` the execution was started under
   */
  traceparent?(attempt: TracedAttempt): string | undefined;
}

/** One attempt of a task, for {@link TraceSink.traceparent}. */
export interface TracedAttempt {
  readonly executionId: string;
  /** As in the events. */
  readonly stage: string;
  readonly index: number;
  readonly attempt: number;
  readonly startedUnder?: string | undefined;
}
