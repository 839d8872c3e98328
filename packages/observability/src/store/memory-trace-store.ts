import { LoomError } from '@certoai/loom-core';
import { matchesQuery } from '../query/matches-query.js';
import type { TraceQuery } from '../query/trace-query.js';
import type { ExecutionSpan } from '../span/execution-span.js';
import type { ExecutionSummary } from '../summary/execution-summary.js';
import type { EvictedTrace, TraceStore, WriteReply } from './trace-store.js';

export interface MemoryTraceStoreOptions {
  readonly maxExecutions: number;
  readonly maxSpans: number;
}

interface StoredTrace {
  /** As they came, while all came at once; most executions are written once, and few are read. */
  spans: readonly ExecutionSpan[] | Map<string, ExecutionSpan>;
  summary: ExecutionSummary | undefined;
}

/**
 * Traces in this process, as many as the limits allow; then the execution that was not written to for the
 * longest time is removed. The one that is being written stays, whatever its size.
 */
export class MemoryTraceStore implements TraceStore {
  readonly maxBatch = 200;
  readonly #limits: MemoryTraceStoreOptions;
  /** In the order of the last write. */
  readonly #traces = new Map<string, StoredTrace>();
  #spans = 0;
  #closed = false;

  constructor(limits: MemoryTraceStoreOptions) {
    this.#limits = limits;
  }

  mayHave(executionId: string): boolean {
    return this.#traces.has(executionId);
  }

  async append(executionId: string, spans: readonly ExecutionSpan[]): Promise<WriteReply> {
    this.#checkOpen();
    const trace = this.#touch(executionId);
    const before = sizeOf(trace);
    if (before === 0) trace.spans = [...spans];
    else mergeInto(trace, spans);
    this.#spans += sizeOf(trace) - before;
    return { evicted: this.#makeRoom(executionId) };
  }

  async upsert(summary: ExecutionSummary): Promise<WriteReply> {
    this.#checkOpen();
    this.#touch(summary.executionId).summary = summary;
    return { evicted: this.#makeRoom(summary.executionId) };
  }

  async summary(executionId: string): Promise<ExecutionSummary | undefined> {
    this.#checkOpen();
    return this.#traces.get(executionId)?.summary;
  }

  async spans(executionId: string): Promise<readonly ExecutionSpan[]> {
    this.#checkOpen();
    const trace = this.#traces.get(executionId);
    return trace === undefined ? [] : [...trace.spans.values()];
  }

  async query(query: TraceQuery): Promise<readonly ExecutionSummary[]> {
    this.#checkOpen();
    const found: ExecutionSummary[] = [];
    for (const { summary } of this.#traces.values()) {
      if (summary !== undefined && matchesQuery(summary, query)) found.push(summary);
    }
    return found.sort(byFallingId).slice(0, query.limit);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#traces.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #touch(executionId: string): StoredTrace {
    const trace = this.#traces.get(executionId) ?? { spans: [], summary: undefined };
    this.#traces.delete(executionId);
    this.#traces.set(executionId, trace);
    return trace;
  }

  #makeRoom(keep: string): readonly EvictedTrace[] {
    const evicted: EvictedTrace[] = [];
    for (const [executionId, trace] of this.#traces) {
      if (this.#traces.size <= this.#limits.maxExecutions && this.#spans <= this.#limits.maxSpans) break;
      if (executionId === keep) break;
      this.#traces.delete(executionId);
      this.#spans -= sizeOf(trace);
      evicted.push({ executionId, spans: sizeOf(trace) });
    }
    return evicted;
  }

  #checkOpen(): void {
    if (this.#closed)
      throw new LoomError('LOOM_CLOSED', 'This trace store is closed; read and write nothing more.');
  }
}

function sizeOf({ spans }: StoredTrace): number {
  return spans instanceof Map ? spans.size : spans.length;
}

function mergeInto(trace: StoredTrace, spans: readonly ExecutionSpan[]): void {
  const byId =
    trace.spans instanceof Map ? trace.spans : new Map(trace.spans.map((span) => [span.spanId, span]));
  for (const span of spans) byId.set(span.spanId, span);
  trace.spans = byId;
}

function byFallingId(left: ExecutionSummary, right: ExecutionSummary): number {
  if (left.executionId === right.executionId) return 0;
  return left.executionId < right.executionId ? 1 : -1;
}
