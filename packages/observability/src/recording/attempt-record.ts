import type { ErrorRecord } from '@certoai/loom-core';
import type { Draft } from '../internal/draft.js';
import type { AttemptSpan, AttemptSpanStatus, SpanAttributes } from '../span/execution-span.js';

/** How an attempt reported its end. */
export interface AttemptEnd {
  readonly at: number;
  readonly durationMs: number;
  readonly status: 'completed' | 'failed';
  readonly error?: ErrorRecord | undefined;
  readonly willRetry?: boolean | undefined;
  readonly retryDelayMs?: number | undefined;
}

/** What a stage knows that decides over its attempts. */
export interface AttemptSurroundings {
  /** When the stage began, when that was seen. */
  readonly stageStartedAt: number | undefined;
  readonly stageEndedAt: number | undefined;
  /** The attempt of the same task before this one. */
  readonly previous: AttemptRecord | undefined;
}

/**
 * One attempt while its execution is recorded: the facts that were seen, and what follows from them.
 * Facts are the latest hand-out and the latest report, so any order and any repetition of the same
 * events leads to the same span.
 */
export class AttemptRecord {
  readonly index: number;
  readonly attempt: number;
  /** Empty when the attempt failed before it was known. */
  readonly actor: string;
  handedOutAt: number | undefined = undefined;
  end: AttemptEnd | undefined = undefined;
  attributes: SpanAttributes | undefined = undefined;

  status: AttemptSpanStatus = 'running';
  startedAt = 0;
  endedAt: number | undefined = undefined;
  queueWaitMs: number | undefined = undefined;
  retryWaitMs: number | undefined = undefined;

  /** In the totals of its stage. */
  counted = false;
  /** To be written. */
  changed = false;

  constructor(index: number, attempt: number, actor: string) {
    this.index = index;
    this.attempt = attempt;
    this.actor = actor;
  }

  /** Works out what follows from the facts. */
  settle({ stageStartedAt, stageEndedAt, previous }: AttemptSurroundings): void {
    const { end, handedOutAt } = this;
    // Handed out after it had reported: the report was lost with its process, and the attempt runs again.
    if (end !== undefined && !(handedOutAt !== undefined && handedOutAt > end.at)) {
      this.status = end.status;
      // Its own start, and not the event's: what ran synchronously is announced when it is over.
      this.startedAt = end.at - end.durationMs;
      this.endedAt = end.at;
    } else {
      this.startedAt = handedOutAt as number;
      this.status = stageEndedAt === undefined ? 'running' : 'cancelled';
      this.endedAt = stageEndedAt === undefined ? undefined : Math.max(stageEndedAt, this.startedAt);
    }
    const readyAt = this.#settleRetryWait(previous) ?? (this.attempt === 1 ? stageStartedAt : undefined);
    // A timer may be a little early, and clocks of two processes differ.
    this.queueWaitMs = readyAt === undefined ? undefined : Math.max(0, this.startedAt - readyAt);
  }

  /** When the backoff before this attempt was over, if there was one and it is known. */
  #settleRetryWait(previous: AttemptRecord | undefined): number | undefined {
    const before = previous?.status === 'failed' ? previous.end : undefined;
    if (before?.willRetry !== true) {
      this.retryWaitMs = undefined;
      return undefined;
    }
    this.retryWaitMs = before.retryDelayMs ?? 0;
    return before.at + this.retryWaitMs;
  }

  get open(): boolean {
    return this.status === 'running' || this.status === 'cancelled';
  }

  get errorCode(): string | undefined {
    return this.status === 'failed' ? this.end?.error?.code : undefined;
  }

  /** @param place - what it shares with every span of its stage, and its own id */
  toSpan(
    place: Pick<AttemptSpan, 'executionId' | 'traceId' | 'spanId' | 'parentSpanId' | 'stage'>,
  ): AttemptSpan {
    const { index, attempt, actor, status, startedAt, endedAt } = this;
    const { executionId, traceId, spanId, parentSpanId, stage } = place;
    const span: Draft<AttemptSpan> = {
      kind: 'attempt',
      executionId,
      traceId,
      spanId,
      parentSpanId,
      stage,
      index,
      attempt,
      actor,
      status,
      startedAt,
    };
    if (endedAt !== undefined) {
      span.endedAt = endedAt;
      span.durationMs = endedAt - startedAt;
    }
    if (status === 'failed' && this.end !== undefined) {
      span.error = this.end.error;
      span.willRetry = this.end.willRetry;
      if (this.end.willRetry === true) span.retryDelayMs = this.end.retryDelayMs ?? 0;
    }
    if (this.queueWaitMs !== undefined) span.queueWaitMs = this.queueWaitMs;
    if (this.retryWaitMs !== undefined) span.retryWaitMs = this.retryWaitMs;
    if (this.attributes !== undefined) span.attributes = this.attributes;
    return span;
  }

  /** The record a stored span was made from. */
  static from(span: AttemptSpan): AttemptRecord {
    const record = new AttemptRecord(span.index, span.attempt, span.actor);
    record.attributes = span.attributes;
    if ((span.status === 'completed' || span.status === 'failed') && span.endedAt !== undefined) {
      const { status, error, willRetry, retryDelayMs } = span;
      record.end = {
        at: span.endedAt,
        durationMs: span.endedAt - span.startedAt,
        status,
        error,
        willRetry,
        retryDelayMs,
      };
    } else {
      record.handedOutAt = span.startedAt;
    }
    return record;
  }
}
