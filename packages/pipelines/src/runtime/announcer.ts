import type { ExecutionEvent, ExecutionStatus } from '@certoai/loom-core';
import type { Decision } from '../engine/decide.js';
import type { ExecutionState, NodeState } from '../engine/state.js';
import type { ExecutionHost } from './execution-host.js';
import type { WatchMessage } from './inbox.js';

/** What of an execution its events tell. */
export interface Announced {
  readonly executionId: string;
  /** Of its definition. */
  readonly name: string | undefined;
  readonly tags: readonly string[] | undefined;
  /** It was started under. */
  readonly traceparent: string | undefined;
}

/** Tells the listeners of one execution, and the tracer of all, what became true. Without any, nothing is even made. */
export class Announcer {
  readonly #host: ExecutionHost;
  readonly #about: Announced;
  #listeners: Set<(event: ExecutionEvent) => void> | undefined;
  /** Queues of other processes, and until when they want to hear. */
  readonly #audience = new Map<string, number>();

  constructor(host: ExecutionHost, about: Announced) {
    this.#host = host;
    this.#about = about;
  }

  /** Whether anybody listens. */
  get watched(): boolean {
    return this.#listeners !== undefined || this.#host.observed;
  }

  listen(listener: (event: ExecutionEvent) => void): () => void {
    const listeners = (this.#listeners ??= new Set());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Tells another process, too, for as long as it wants to hear. @returns `true` */
  tell({ queue, forMs }: WatchMessage['watch']): true {
    const until = this.#now() + forMs;
    const known = this.#audience.get(queue);
    this.#audience.set(queue, until);
    if (known !== undefined) return true;
    const end = this.listen((event) => {
      if (this.#now() < (this.#audience.get(queue) ?? 0)) return this.#host.tell(queue, event);
      this.#audience.delete(queue);
      end();
    });
    return true;
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

  started(at: number): void {
    if (this.watched) this.emit({ type: 'execution:started', at, ...this.#about });
  }

  resumed(reason: 'recovered' | 'resumed'): void {
    if (!this.watched) return;
    const { executionId, name, traceparent } = this.#about;
    this.emit({ type: 'execution:resumed', executionId, at: this.#now(), reason, name, traceparent });
  }

  /** @param before - status of the execution until now */
  decided(before: ExecutionStatus, { state, settled, started }: Decision): void {
    if (!this.watched) return;
    const { executionId } = this.#about;
    if (state.status !== before) {
      if (state.status === 'paused') this.emit({ type: 'execution:paused', executionId, at: this.#now() });
      else if (state.status === 'running') this.resumed('resumed');
    }
    for (const { node, state: end } of settled)
      if (end.kind !== 'running') this.emit(settledEvent(executionId, node.id, end));
    if (started.length === 0) return;
    const at = this.#now();
    for (const { node, expansion } of started)
      this.emit({ type: 'stage:started', executionId, at, stage: node.id, tasks: expansion.tasks });
  }

  finished({ status, failure, finishedAt: at = this.#now() }: ExecutionState): void {
    if (!this.watched) return;
    const { executionId } = this.#about;
    this.emit({ type: 'execution:finished', executionId, at, status, error: failure?.error });
  }

  #now(): number {
    return this.#host.clock.now();
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
