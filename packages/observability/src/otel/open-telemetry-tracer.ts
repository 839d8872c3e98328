import type { ExecutionEvent, Logger, TraceSink } from '@certoai/loom-core';
import type { Tracer } from '@opentelemetry/api';
import { openTelemetryApi } from '../internal/open-telemetry-api.js';
import { RecentIds } from '../recording/recent-ids.js';
import { isWellFormed } from '../recording/well-formed.js';
import { traceparentOf, type SpanAddress } from '../span/traceparent.js';
import { ExecutionSpans, type SpanSurroundings } from './execution-spans.js';
import {
  resolveOpenTelemetryTracerOptions,
  type OpenTelemetryTracerOptions,
} from './open-telemetry-tracer-options.js';

/** What an event may say beside what the port asks of it. */
interface Extras {
  /** On `execution:started` and `execution:resumed`: the W3C `traceparent` the execution was started under. */
  readonly traceparent?: unknown;
}

/**
 * Turns executions into spans of OpenTelemetry: one for the execution, below it one per stage, below that one
 * per attempt of a task or of its compensation, and per approval. It watches and never interferes: what the tracer throws is reported once and dropped.
 */
export class OpenTelemetryTracer implements TraceSink, Disposable {
  readonly #surroundings: SpanSurroundings;
  readonly #maxExecutions: number;
  readonly #logger: Logger;
  readonly #open = new Map<string, ExecutionSpans>();
  /** Finished: a straggler begins no second trace. */
  readonly #over = new RecentIds();
  #failed = false;
  #closed = false;

  /** @throws LoomError `LOOM_MISSING_DEPENDENCY` when `@opentelemetry/api` is not installed, `LOOM_INVALID_OPTION` */
  constructor(options?: OpenTelemetryTracerOptions) {
    const { tracer, ids, maxExecutions, kept, logger } = resolveOpenTelemetryTracerOptions(options);
    const api = openTelemetryApi();
    const used = (tracer ?? api.trace.getTracer('@certoai/loom-observability')) as Tracer;
    this.#surroundings = { api, tracer: used, ids, kept };
    this.#maxExecutions = maxExecutions;
    this.#logger = logger;
  }

  observe(event: ExecutionEvent): void {
    if (this.#closed) return;
    try {
      if (isWellFormed(event)) this.#add(event);
    } catch (error) {
      if (this.#failed) return;
      this.#failed = true;
      this.#report(error);
    }
  }

  /**
   * W3C `traceparent` for who goes on elsewhere with what `address` names, such as the worker of a task. With
   * {@link OpenTelemetryTracerOptions.ids} it is that of the span itself, known or not yet; otherwise that of the
   * innermost open span around it.
   * @returns undefined when nothing of the execution is open and ids do not follow from names
   */
  traceparent(address: SpanAddress): string | undefined {
    const open = this.#open.get(address.executionId);
    if (open !== undefined) return open.traceparent(address);
    return this.#surroundings.ids === undefined ? undefined : traceparentOf(address);
  }

  /** Lets go of what is not finished: who goes on with it ends its spans. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const open of this.#open.values()) open.abandon();
    this.#open.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #add(event: ExecutionEvent): void {
    switch (event.type) {
      case 'execution:started':
        this.#over.delete(event.executionId);
        if (!this.#open.has(event.executionId)) this.#begin(event);
        return;
      case 'execution:resumed':
        this.#over.delete(event.executionId);
        return this.#executionOf(event)?.happened('loom.execution.resumed', event.at, {
          'loom.reason': event.reason,
        });
      case 'execution:paused':
        return this.#executionOf(event)?.happened('loom.execution.paused', event.at);
      case 'execution:finished': {
        const open = this.#executionOf(event);
        this.#open.delete(event.executionId);
        this.#over.add(event.executionId);
        return open?.finished(event);
      }
      case 'stage:started':
        return this.#executionOf(event)?.stageStarted(event);
      case 'stage:completed':
      case 'stage:failed':
      case 'stage:skipped':
      case 'stage:cancelled':
        return this.#executionOf(event)?.stageEnded(event);
      case 'task:started':
      case 'compensation:started':
        return this.#executionOf(event)?.taskStarted(event);
      case 'task:completed':
      case 'task:failed':
      case 'task:cancelled':
      case 'compensation:completed':
      case 'compensation:failed':
        return this.#executionOf(event)?.taskEnded(event);
      case 'task:decided':
        return this.#executionOf(event)?.taskDecided(event);
      case 'approval:requested':
      case 'approval:escalated':
      case 'approval:decided':
        return this.#executionOf(event)?.approvalChanged(event);
      case 'breaker:checked':
        return this.#executionOf(event)?.breakerChecked(event);
      case 'task:progressed':
        // Its value is the user's data.
        return;
    }
  }

  #executionOf(event: ExecutionEvent): ExecutionSpans | undefined {
    const known = this.#open.get(event.executionId);
    if (known !== undefined) return known;
    return this.#over.has(event.executionId) ? undefined : this.#begin(event);
  }

  #begin(event: ExecutionEvent): ExecutionSpans {
    if (this.#open.size >= this.#maxExecutions) this.#abandonOldest();
    const { executionId } = event;
    const started = event.type === 'execution:started' ? event : undefined;
    const at =
      'durationMs' in event ? event.at - Math.max(0, event.durationMs) - (event.queuedMs ?? 0) : event.at;
    const { traceparent } = event as Extras;
    const open = new ExecutionSpans(executionId, at, this.#surroundings, { traceparent, started });
    this.#open.set(executionId, open);
    return open;
  }

  #abandonOldest(): void {
    const [oldest] = this.#open;
    if (oldest === undefined) return;
    const [executionId, open] = oldest;
    this.#open.delete(executionId);
    open.abandon();
  }

  #report(error: unknown): void {
    try {
      this.#logger.warn('OpenTelemetry tracer failed', { error });
    } catch {
      // A logger that fails is no reason to stop watching.
    }
  }
}
