import type { ErrorRecord, ExecutionStatus } from '@certoai/loom-core';
import type { Draft } from '../internal/draft.js';
import type { RootSpan, SpanAttributes } from '../span/execution-span.js';
import { rootSeed, spanIdOf, traceIdOf, type SpanSeed } from '../span/trace-ids.js';
import type { TraceParent } from '../span/traceparent.js';

/** How an execution came to its end. */
export interface ExecutionEnd {
  readonly at: number;
  readonly status: Exclude<ExecutionStatus, 'running' | 'paused'>;
  readonly error?: ErrorRecord | undefined;
}

/** The execution itself while it is recorded. */
export class RootRecord {
  readonly executionId: string;
  readonly spanId: string;
  readonly seed: SpanSeed;
  traceId: string;
  /** To be written. */
  isChanged = true;
  /** Spans or events of this execution were lost. */
  spansMissing = false;
  /** From its own event. */
  #startAt: number | undefined;
  /** The earliest time that was seen of it. */
  #firstAt = Infinity;
  #end: ExecutionEnd | undefined;
  #name: string | undefined;
  #tags: readonly string[] = [];
  #pausedAt: number | undefined;
  #resumedAt: number | undefined;
  #recoveredAt: number | undefined;
  #attributes: SpanAttributes | undefined;
  #parentSpanId: string | undefined;

  constructor(executionId: string) {
    this.executionId = executionId;
    this.traceId = traceIdOf(executionId);
    this.seed = rootSeed(this.traceId);
    this.spanId = spanIdOf(this.seed);
  }

  // Facts

  /** Something of this execution was true at this time. */
  seen(at: number): void {
    if (at >= this.#firstAt) return;
    this.#firstAt = at;
    if (this.#startAt === undefined) this.isChanged = true;
  }

  /** @returns whether that was not known. Span ids stay: several executions may be started under one parent. */
  startedUnder({ traceId, spanId }: TraceParent): boolean {
    if (this.traceId === traceId && this.#parentSpanId === spanId) return false;
    this.traceId = traceId;
    this.#parentSpanId = spanId;
    this.isChanged = true;
    return true;
  }

  started(at: number, name: string | undefined, tags: readonly string[]): void {
    this.#startAt = Math.min(at, this.#startAt ?? at);
    this.#name = name;
    this.#tags = tags;
    this.isChanged = true;
  }

  paused(at: number): void {
    this.#pausedAt = Math.max(at, this.#pausedAt ?? at);
    this.isChanged = true;
  }

  resumed(at: number): void {
    this.#resumedAt = Math.max(at, this.#resumedAt ?? at);
    this.isChanged = true;
  }

  recovered(at: number): void {
    this.#recoveredAt = Math.max(at, this.#recoveredAt ?? at);
    this.isChanged = true;
  }

  finished(end: ExecutionEnd): void {
    if (this.#end === undefined || end.at > this.#end.at) this.#end = end;
    this.isChanged = true;
  }

  addAttributes(attributes: SpanAttributes | undefined): void {
    if (attributes === undefined) return;
    this.#attributes = { ...this.#attributes, ...attributes };
    this.isChanged = true;
  }

  markSpansMissing(): void {
    this.spansMissing = true;
    this.isChanged = true;
  }

  // What follows from them

  get startedAt(): number {
    return this.#startAt ?? this.#firstAt;
  }

  get endedAt(): number | undefined {
    return this.#end === undefined ? undefined : Math.max(this.#end.at, this.startedAt);
  }

  get startMissing(): boolean {
    return this.#startAt === undefined;
  }

  get lastAt(): number {
    const { endedAt = this.startedAt } = this;
    return Math.max(
      endedAt,
      this.#pausedAt ?? endedAt,
      this.#resumedAt ?? endedAt,
      this.#recoveredAt ?? endedAt,
    );
  }

  /** What a process does that picks up a paused execution leaves it paused. */
  get status(): ExecutionStatus {
    if (this.#end !== undefined) return this.#end.status;
    return this.#pausedAt !== undefined && this.#pausedAt > (this.#resumedAt ?? -Infinity)
      ? 'paused'
      : 'running';
  }

  toSpan(): RootSpan {
    const { executionId, traceId, spanId, status, startedAt, endedAt } = this;
    const span: Draft<RootSpan> = {
      kind: 'execution',
      executionId,
      traceId,
      spanId,
      status,
      tags: this.#tags,
      startedAt,
    };
    if (endedAt !== undefined) {
      span.endedAt = endedAt;
      span.durationMs = endedAt - startedAt;
    }
    if (this.#parentSpanId !== undefined) span.parentSpanId = this.#parentSpanId;
    if (this.#name !== undefined) span.name = this.#name;
    if (this.#end?.error !== undefined) span.error = this.#end.error;
    if (this.#attributes !== undefined) span.attributes = this.#attributes;
    if (this.#pausedAt !== undefined) span.pausedAt = this.#pausedAt;
    if (this.#resumedAt !== undefined) span.resumedAt = this.#resumedAt;
    if (this.#recoveredAt !== undefined) span.recoveredAt = this.#recoveredAt;
    if (this.startMissing) span.startMissing = true;
    if (this.spansMissing) span.spansMissing = true;
    return span;
  }

  /** The record a stored span was made from. */
  static from(span: RootSpan): RootRecord {
    const record = new RootRecord(span.executionId);
    record.traceId = span.traceId;
    record.#parentSpanId = span.parentSpanId;
    if (span.startMissing === true) record.#firstAt = span.startedAt;
    else record.#startAt = span.startedAt;
    const { status, endedAt, error } = span;
    if (status !== 'running' && status !== 'paused' && endedAt !== undefined) {
      record.#end = { at: endedAt, status, error };
    }
    record.#name = span.name;
    record.#tags = span.tags;
    record.#pausedAt = span.pausedAt;
    record.#resumedAt = span.resumedAt;
    record.#recoveredAt = span.recoveredAt;
    record.#attributes = span.attributes;
    record.spansMissing = span.spansMissing === true;
    record.isChanged = false;
    return record;
  }
}
