import type { ExecutionEvent } from '@certoai/loom-core';
import type { NodeState } from '../engine/state.js';
import type { ExecutionHost } from './execution-host.js';

/** Tells the listeners of one execution, and the tracer of all, what became true. */
export class Announcer {
  readonly #host: ExecutionHost;
  readonly #executionId: string;
  #listeners: Set<(event: ExecutionEvent) => void> | undefined;

  constructor(host: ExecutionHost, executionId: string) {
    this.#host = host;
    this.#executionId = executionId;
  }

  /** Whether anybody listens; when not, events are not even made. */
  get watched(): boolean {
    return this.#listeners !== undefined || this.#host.observed;
  }

  listen(listener: (event: ExecutionEvent) => void): () => void {
    const listeners = (this.#listeners ??= new Set());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** A listener that throws is logged and changes nothing. */
  emit(event: ExecutionEvent): void {
    this.#host.observe(event);
    for (const listener of this.#listeners ?? []) {
      try {
        listener(event);
      } catch (error) {
        const { executionId, type } = event;
        this.#host.logger.warn('Listener threw', { executionId, event: type, error });
      }
    }
  }

  settled(stage: string, state: NodeState): void {
    if (!this.watched || state.kind === 'running') return;
    const base = { executionId: this.#executionId, at: state.finishedAt, stage };
    switch (state.kind) {
      case 'completed':
        return this.emit({ ...base, type: 'stage:completed', tasks: state.tasks, failed: state.failed });
      case 'failed':
        return this.emit({ ...base, type: 'stage:failed', error: state.failure.error });
      case 'skipped':
        return this.emit({ ...base, type: 'stage:skipped' });
      case 'cancelled':
        return this.emit({ ...base, type: 'stage:cancelled' });
    }
  }
}
