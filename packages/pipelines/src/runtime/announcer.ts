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
    if (this.#listeners === undefined) return;
    for (const listener of this.#listeners) {
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
    this.emit(settledEvent(this.#executionId, stage, state));
  }
}

/** Each as one literal: it is made for every stage, and a spread takes several times as long. */
function settledEvent(
  executionId: string,
  stage: string,
  state: Exclude<NodeState, { readonly kind: 'running' }>,
): ExecutionEvent {
  const at = state.finishedAt;
  switch (state.kind) {
    case 'completed': {
      const { tasks, failed } = state;
      return { type: 'stage:completed', executionId, at, stage, tasks, failed };
    }
    case 'failed':
      return { type: 'stage:failed', executionId, at, stage, error: state.failure.error };
    case 'skipped':
      return { type: 'stage:skipped', executionId, at, stage };
    case 'cancelled':
      return { type: 'stage:cancelled', executionId, at, stage };
  }
}
