import type { ExecutionEvent, Logger, TracedAttempt, TraceSink } from '@certoai/loom-core';

/** The same, but what it throws is logged and changes nothing. */
export class GuardedSink implements TraceSink {
  readonly #sink: TraceSink;
  readonly #logger: Logger;

  constructor(sink: TraceSink, logger: Logger) {
    this.#sink = sink;
    this.#logger = logger;
  }

  observe(event: ExecutionEvent): void {
    try {
      this.#sink.observe(event);
    } catch (error) {
      const { executionId, type } = event;
      this.#logger.warn('Tracer threw', { executionId, event: type, error });
    }
  }

  traceparent(attempt: TracedAttempt): string | undefined {
    try {
      return this.#sink.traceparent?.(attempt);
    } catch (error) {
      this.#logger.warn('Tracer threw', { executionId: attempt.executionId, error });
      return undefined;
    }
  }
}
