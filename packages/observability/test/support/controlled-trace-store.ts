import { LoomError } from '@certoai/loom-core';
import type { ExecutionSpan, ExecutionSummary } from '@certoai/loom-observability';
import type { TraceQuery } from '../../src/query/trace-query.js';
import { MemoryTraceStore } from '../../src/store/memory-trace-store.js';
import type { TraceStore, WriteReply } from '../../src/store/trace-store.js';

/** A memory store that can be slow, be away, or lose every n-th write. */
export class ControlledTraceStore implements TraceStore {
  readonly maxBatch: number;
  /** Spans and summaries that were written. */
  writtenSpans = 0;
  writtenSummaries = 0;
  lookups = 0;
  #writes = 0;
  #failEvery = 0;
  #failLookups = false;
  #gate: Promise<void> = Promise.resolve();
  #lookupGate: Promise<void> = Promise.resolve();
  readonly #store: MemoryTraceStore;

  constructor({ maxBatch = 100, maxExecutions = 1_000, maxSpans = 200_000 } = {}) {
    this.maxBatch = maxBatch;
    this.#store = new MemoryTraceStore({ maxExecutions, maxSpans });
  }

  /** 1: every write fails. 0: none does. */
  failEvery(writes: number): void {
    this.#failEvery = writes;
    this.#writes = 0;
  }

  failLookups(fail: boolean): void {
    this.#failLookups = fail;
  }

  /** Nothing is answered until the returned function is called. */
  hold(): () => void {
    let release!: () => void;
    this.#gate = new Promise((resolve) => (release = resolve));
    return release;
  }

  /** Says true, as a store does that would have to ask. */
  mayHave(): boolean {
    return true;
  }

  /** No execution is found until the returned function is called; writes go on. */
  holdLookups(): () => void {
    let release!: () => void;
    this.#lookupGate = new Promise((resolve) => (release = resolve));
    return release;
  }

  async append(executionId: string, spans: readonly ExecutionSpan[]): Promise<WriteReply> {
    await this.#answer();
    this.writtenSpans += spans.length;
    return this.#store.append(executionId, spans);
  }

  async upsert(summary: ExecutionSummary): Promise<WriteReply> {
    await this.#answer();
    this.writtenSummaries += 1;
    return this.#store.upsert(summary);
  }

  async summary(executionId: string): Promise<ExecutionSummary | undefined> {
    await this.#gate;
    return this.#store.summary(executionId);
  }

  async spans(executionId: string): Promise<readonly ExecutionSpan[]> {
    this.lookups += 1;
    await Promise.all([this.#gate, this.#lookupGate]);
    if (this.#failLookups) throw new LoomError('LOOM_STORE_FAILED', 'The trace store is away.');
    return this.#store.spans(executionId);
  }

  async query(query: TraceQuery): Promise<readonly ExecutionSummary[]> {
    await this.#gate;
    return this.#store.query(query);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #answer(): Promise<void> {
    await this.#gate;
    this.#writes += 1;
    if (this.#failEvery === 0 || this.#writes % this.#failEvery !== 0) return;
    throw new LoomError('LOOM_STORE_FAILED', 'The trace store is away.');
  }
}
