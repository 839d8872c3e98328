import type { ExecutionEvent } from './execution-events.js';

/** Watches executions. It is called synchronously, must return at once, and cannot change an outcome. */
export interface TraceSink {
  observe(event: ExecutionEvent): void;
}
