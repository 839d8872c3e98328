import type { ErrorRecord } from '@certoai/loom-core';
import type { Draft } from '../internal/draft.js';
import type { AttemptSpan, AttemptSpanStatus, CompensationSpan } from '../span/execution-span.js';
import { AttemptExtras } from './attempt-extras.js';

/** How an attempt reported its end. */
export interface AttemptEnd {
  readonly at: number;
  readonly token: number;
  readonly durationMs: number;
  readonly status: 'completed' | 'failed' | 'cancelled';
  readonly queuedMs?: number | undefined;
  readonly worker?: string | undefined;
  readonly error?: ErrorRecord | undefined;
  readonly willRetry?: boolean | undefined;
  readonly retryDelayMs?: number | undefined;
}

/** What a stage knows that decides over its attempts. */
export interface AttemptSurroundings {
  /** When the stage began, when that was seen. */
  readonly stageStartedAt: number | undefined;
  readonly stageEndedAt: number | undefined;
  /** The attempt before this one, of the same task. */
  readonly previous: AttemptRecord | undefined;
}

/**
 * One attempt while its execution is recorded: the facts that were seen, and what follows from them.
 * Facts are the latest hand-out and the latest report, by token and then by time, so any order and any
 * repetition of the same events leads to the same span.
 */
export class AttemptRecord {
  readonly index: number;
  readonly attempt: number;
  /** Empty while it is not known: the attempt failed before, or is to be handed out yet. */
  actor: string;
  /** Of the latest hand-out; only a fact when it has a time. */
  handOutToken = 0;
  handedOutAt: number | undefined = undefined;
  end: AttemptEnd | undefined = undefined;
  extras: AttemptExtras | undefined = undefined;

  status: AttemptSpanStatus = 'running';
  /** Has not reported: it runs, or ended with its stage. */
  open = true;
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

  get kind(): 'attempt' | 'compensation' {
    return 'attempt';
  }

  /** Something of it was seen, and neither a hand-out nor a report. */
  get startMissing(): boolean {
    return this.handedOutAt === undefined && this.end === undefined;
  }

  isLaterHandOut(token: number, at: number): boolean {
    return this.handedOutAt === undefined || isLater(token, at, this.handOutToken, this.handedOutAt);
  }

  isLaterReport({ token, at }: AttemptEnd): boolean {
    return this.end === undefined || isLater(token, at, this.end.token, this.end.at);
  }

  /** Works out what follows from the facts. */
  settle({ stageStartedAt, stageEndedAt, previous }: AttemptSurroundings): void {
    const { end, handedOutAt, handOutToken } = this;
    // Handed out after it had reported: the report was lost with its process, and the attempt runs again.
    const again =
      end !== undefined && handedOutAt !== undefined && isLater(handOutToken, handedOutAt, end.token, end.at);
    this.open = end === undefined || again;
    if (end !== undefined && !again) {
      this.status = end.status;
      // Its own start, and not the event's: what ran synchronously is announced when it is over.
      this.startedAt = end.at - end.durationMs;
      this.endedAt = end.at;
    } else {
      this.startedAt = handedOutAt ?? (this.extras as AttemptExtras).firstAt;
      this.status = stageEndedAt === undefined ? 'running' : 'cancelled';
      this.endedAt = stageEndedAt === undefined ? undefined : Math.max(stageEndedAt, this.startedAt);
    }
    const readyAt = this.#settleRetryWait(previous) ?? (this.attempt === 1 ? stageStartedAt : undefined);
    // A timer may be a little early, and clocks of two processes differ.
    this.queueWaitMs =
      readyAt === undefined || this.startMissing ? undefined : Math.max(0, this.startedAt - readyAt);
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

  get errorCode(): string | undefined {
    return this.status === 'failed' ? this.end?.error?.code : undefined;
  }

  /** @param place - what it shares with every span of its stage, and its own id */
  toSpan(
    place: Pick<AttemptSpan, 'executionId' | 'traceId' | 'spanId' | 'parentSpanId' | 'stage'>,
  ): AttemptSpan | CompensationSpan {
    const { index, attempt, actor, status, startedAt, endedAt } = this;
    const { executionId, traceId, spanId, parentSpanId, stage } = place;
    const end = this.open ? undefined : this.end;
    const span: Draft<AttemptSpan | CompensationSpan> = {
      kind: this.kind,
      executionId,
      traceId,
      spanId,
      parentSpanId,
      stage,
      index,
      attempt,
      token: end?.token ?? this.handOutToken,
      actor,
      status,
      startedAt,
    };
    if (endedAt !== undefined) {
      span.endedAt = endedAt;
      span.durationMs = endedAt - startedAt;
    }
    if (end === undefined) {
      if (endedAt !== undefined) span.unreported = true;
    } else {
      if (end.worker !== undefined) span.worker = end.worker;
      if (end.queuedMs !== undefined) span.queuedMs = end.queuedMs;
      if (status === 'failed') {
        span.error = end.error;
        span.willRetry = end.willRetry;
        if (end.willRetry === true) span.retryDelayMs = end.retryDelayMs ?? 0;
      }
    }
    if (this.queueWaitMs !== undefined) span.queueWaitMs = this.queueWaitMs;
    if (this.retryWaitMs !== undefined) span.retryWaitMs = this.retryWaitMs;
    if (this.startMissing) span.startMissing = true;
    this.extras?.addTo(span);
    return span;
  }

  /** The record a stored span was made from. */
  static from(span: AttemptSpan | CompensationSpan): AttemptRecord {
    const Record = span.kind === 'attempt' ? AttemptRecord : CompensationRecord;
    const record = new Record(span.index, span.attempt, span.actor);
    record.extras = AttemptExtras.from(span);
    const { status, token, startedAt, endedAt, queuedMs, worker, error, willRetry, retryDelayMs } = span;
    if (status !== 'running' && span.unreported !== true && endedAt !== undefined) {
      record.end = {
        at: endedAt,
        token,
        durationMs: endedAt - startedAt,
        status,
        queuedMs,
        worker,
        error,
        willRetry,
        retryDelayMs,
      };
    } else if (span.startMissing !== true) {
      record.handOutToken = token;
      record.handedOutAt = startedAt;
    }
    return record;
  }
}

/** One attempt of a compensation. It goes as that of a task does. */
export class CompensationRecord extends AttemptRecord {
  override get kind(): 'compensation' {
    return 'compensation';
  }
}

/** A token rises with every hand-out of a task, so it decides; one that is announced twice is as new as its time. */
function isLater(token: number, at: number, thanToken: number, thanAt: number): boolean {
  return token === thanToken ? at > thanAt : token > thanToken;
}
