import { LoomError } from '@certoai/loom-core';
import { matchesQuery } from '../query/matches-query.js';
import type { TraceQuery } from '../query/trace-query.js';
import { spansIn, spansOfLog, summaryOfLog, type LoggedExecution } from '../recording/logged-execution.js';
import { TurnBudget } from '../recording/turn-budget.js';
import type { ExecutionSpan } from '../span/execution-span.js';
import type { ExecutionSummary } from '../summary/execution-summary.js';
import type { EvictedTrace, TraceStore, WriteReply } from './trace-store.js';

export interface MemoryTraceStoreOptions {
  readonly maxExecutions: number;
  readonly maxSpans: number;
}

interface StoredTrace {
  /** As they came, while all came at once; most executions are written once, and few are read. */
  spans: LoggedExecution | readonly ExecutionSpan[] | Map<string, ExecutionSpan>;
  /** That of a log is made when it is read first. */
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

  async keep(logs: readonly LoggedExecution[]): Promise<WriteReply> {
    this.#checkOpen();
    const evicted: EvictedTrace[] = [];
    for (const log of logs) {
      this.#traces.set(log.executionId, { spans: log, summary: undefined });
      this.#spans += spansIn(log);
      this.#makeRoom(log.executionId, evicted);
    }
    return { evicted };
  }

  async upsert(summary: ExecutionSummary): Promise<WriteReply> {
    this.#checkOpen();
    this.#touch(summary.executionId).summary = summary;
    return { evicted: this.#makeRoom(summary.executionId) };
  }

  async summary(executionId: string): Promise<ExecutionSummary | undefined> {
    this.#checkOpen();
    const trace = this.#traces.get(executionId);
    return trace && summaryOf(trace);
  }

  async spans(executionId: string): Promise<readonly ExecutionSpan[]> {
    this.#checkOpen();
    const trace = this.#traces.get(executionId);
    return trace === undefined ? [] : [...spansOf(trace)];
  }

  async query(query: TraceQuery): Promise<readonly ExecutionSummary[]> {
    this.#checkOpen();
    const found: ExecutionSummary[] = [];
    const budget = new TurnBudget();
    // A copy: there are others while this one breathes.
    for (const [executionId, trace] of [...this.#traces]) {
      if (query.executionId !== undefined && query.executionId !== executionId) continue;
      const summary = summaryOf(trace);
      if (summary !== undefined && matchesQuery(summary, query)) found.push(summary);
      await budget.breathe();
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

  #makeRoom(keep: string, evicted: EvictedTrace[] = []): readonly EvictedTrace[] {
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
  if (spans instanceof Map) return spans.size;
  return 'attempts' in spans ? spansIn(spans) : spans.length;
}

function mergeInto(trace: StoredTrace, spans: readonly ExecutionSpan[]): void {
  // Before its log goes.
  trace.summary = summaryOf(trace);
  const byId = trace.spans instanceof Map ? trace.spans : new Map<string, ExecutionSpan>();
  if (byId !== trace.spans) for (const span of spansOf(trace)) byId.set(span.spanId, span);
  for (const span of spans) byId.set(span.spanId, span);
  trace.spans = byId;
}

function spansOf({ spans }: StoredTrace): Iterable<ExecutionSpan> {
  return 'attempts' in spans ? spansOfLog(spans) : spans.values();
}

function summaryOf(trace: StoredTrace): ExecutionSummary | undefined {
  if ('attempts' in trace.spans) trace.summary ??= summaryOfLog(trace.spans);
  return trace.summary;
}

function byFallingId(left: ExecutionSummary, right: ExecutionSummary): number {
  if (left.executionId === right.executionId) return 0;
  return left.executionId < right.executionId ? 1 : -1;
}
