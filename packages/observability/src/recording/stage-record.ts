import type { ErrorRecord } from '@certoai/loom-core';
import type { Draft } from '../internal/draft.js';
import {
  approvalSeed,
  attemptSeed,
  compensationSeed,
  spanIdOf,
  stageSeed,
  type SpanSeed,
} from '../span/trace-ids.js';
import type {
  ApprovalSpan,
  AttemptSpan,
  BreakerCheck,
  CompensationSpan,
  ExecutionSpan,
  SpanAttributes,
  SpanDecision,
  StageSpan,
  StageSpanStatus,
} from '../span/execution-span.js';
import type { StageSummary } from '../summary/execution-summary.js';
import { ApprovalRecord } from './approval-record.js';
import { AttemptExtras } from './attempt-extras.js';
import { AttemptRecord, CompensationRecord, type AttemptEnd } from './attempt-record.js';
import { AttemptTotals } from './attempt-totals.js';
import { BreakerRecord } from './breaker-record.js';
import { StageApprovals } from './stage-approvals.js';
import { UsageCounts } from './usage-counts.js';

/** How a stage came to its end, by its own event. */
export interface StageEnd {
  readonly at: number;
  readonly status: Exclude<StageSpanStatus, 'running'>;
  readonly error?: ErrorRecord | undefined;
}

/** An event of a task, as far as it names the hand-out it is about. */
export interface HandOut {
  readonly at: number;
  readonly index: number;
  readonly attempt: number;
  readonly token: number;
  readonly actor: string;
}

/** Whose hand-out it is: that of a task of the stage, or of what undoes the stage. */
export type WorkKind = AttemptRecord['kind'];

/** Names an approval, and the attempt that waits for it, if one does. */
export interface ApprovalPlace {
  readonly approval: string;
  readonly index?: number | undefined;
  readonly attempt?: number | undefined;
}

/** What an execution lends to its stages. */
export interface StageOwner {
  readonly executionId: string;
  readonly traceId: string;
  readonly rootSpanId: string;
  readonly rootSeed: SpanSeed;
  /** Whether there is room for one more span. */
  admit(): boolean;
  /** There is something to write, after there was nothing. */
  changed(stage: StageRecord): void;
}

/** One stage and what it did, and what undid it, while their execution is recorded. */
export class StageRecord {
  readonly stage: string;
  readonly position: number;
  readonly #owner: StageOwner;
  readonly #spanId: string;
  readonly #seed: SpanSeed;
  /** Those of its compensation, too. */
  readonly #attempts = new Map<number, AttemptRecord>();
  /** Made with the first, as below: most stages have none. */
  #approvals: StageApprovals | undefined;
  #breakers: BreakerRecord | undefined;
  #usage: UsageCounts | undefined;
  /** Attempts of which nobody said when they began. */
  #startless = 0;
  /** How many have not reported: the end of the stage ends them too. */
  #open = 0;
  readonly #totals = new AttemptTotals();
  /** From its own event. */
  #startAt: number | undefined;
  /** The earliest time that was seen of it. */
  #firstAt = Infinity;
  #end: StageEnd | undefined;
  #executionEndedAt: number | undefined;
  #tasks: number | undefined;
  #attributes: SpanAttributes | undefined;
  /** Its own span is to be written. */
  #isChanged = false;
  /** Those to be written. */
  #changed: (AttemptRecord | ApprovalRecord)[] = [];

  constructor(owner: StageOwner, stage: string, position: number, executionEndedAt: number | undefined) {
    this.stage = stage;
    this.position = position;
    this.#owner = owner;
    this.#seed = stageSeed(owner.rootSeed, stage);
    this.#spanId = spanIdOf(this.#seed);
    this.#executionEndedAt = executionEndedAt;
  }

  // Facts

  started(at: number, tasks: number): void {
    this.#tasks ??= tasks;
    if (this.#startAt !== undefined && this.#startAt <= at) return this.#touch();
    this.#startAt = at;
    for (const record of this.#attempts.values()) this.#resettle(record);
    this.#touchOpenApprovals();
    this.#touch();
  }

  ended(end: StageEnd, tasks: number | undefined): void {
    this.#seen(end.at);
    this.#tasks ??= tasks;
    if (this.#end === undefined || end.at > this.#end.at) {
      this.#end = end;
      this.#resettleOpen();
    }
    this.#touch();
  }

  /** The execution is over, and with it whatever of this stage was not. */
  executionEnded(at: number): void {
    this.#executionEndedAt = at;
    this.#resettleOpen();
    if (this.#end === undefined) this.#touch();
  }

  /** @returns false when there is no room for one more attempt; that the stage was at work is noted all the same */
  attemptStarted(
    { at, index, attempt, token, actor }: HandOut,
    attributes: SpanAttributes | undefined,
    kind: WorkKind = 'attempt',
  ): boolean {
    this.#seen(at);
    const record = this.#attempt(index, attempt, actor, kind);
    if (record === undefined) return false;
    if (record.isLaterHandOut(token, at)) {
      this.#forgetTotals(record);
      record.handOutToken = token;
      record.handedOutAt = at;
      this.#settle(record);
      if (record.end !== undefined) this.#resettleNext(record);
    }
    this.#addAttributes(record, attributes);
    return true;
  }

  /** @returns false when there is no room for one more attempt */
  attemptEnded(
    end: AttemptEnd,
    { index, attempt, actor }: HandOut,
    attributes: SpanAttributes | undefined,
    kind: WorkKind = 'attempt',
  ): boolean {
    this.#seen(end.at - end.durationMs);
    const record = this.#attempt(index, attempt, actor, kind);
    if (record === undefined) return false;
    if (record.isLaterReport(end)) {
      const mayHaveNext = record.end !== undefined || end.willRetry === true;
      this.#forgetTotals(record);
      record.end = end;
      this.#settle(record);
      if (mayHaveNext) this.#resettleNext(record);
    }
    this.#addAttributes(record, attributes);
    return true;
  }

  /** @returns false when there is no room for one more attempt */
  decided({ at, index, attempt, actor }: HandOut, decision: SpanDecision): boolean {
    this.#seen(at);
    const record = this.#attempt(index, attempt, actor, 'attempt');
    if (record === undefined) return false;
    if (extrasOf(record).addDecision(decision)) (this.#usage ??= new UsageCounts()).add(decision);
    this.#noticed(record, at);
    return true;
  }

  /**
   * @param of - the attempt it was asked for
   * @returns false when there is no room for one more attempt
   */
  breakerChecked(check: BreakerCheck, of: Pick<HandOut, 'index' | 'attempt'> | undefined): boolean {
    this.#seen(check.at);
    if (!check.passed || of === undefined) {
      (this.#breakers ??= new BreakerRecord()).add(check);
      this.#touch();
      return true;
    }
    const record = this.#attempt(of.index, of.attempt, '', 'attempt');
    if (record === undefined) return false;
    extrasOf(record).addCheck(check);
    this.#noticed(record, check.at);
    return true;
  }

  /** @returns undefined when there is no room for one more approval; otherwise it will be written as it is changed to */
  approval({ approval, index, attempt }: ApprovalPlace, at: number): ApprovalRecord | undefined {
    this.#seen(at);
    const known = this.#approvals?.get(approval);
    if (known === undefined && !this.#owner.admit()) return undefined;
    const record = known ?? new ApprovalRecord(approval, index, attempt);
    if (known === undefined) (this.#approvals ??= new StageApprovals()).add(record);
    this.#touchRecord(record);
    return record;
  }

  /** All its spans are to be written again: what they share with their execution changed. */
  touchAll(): void {
    this.#touch();
    for (const record of this.#attempts.values()) this.#touchRecord(record);
    for (const record of this.#approvals?.all ?? []) this.#touchRecord(record);
  }

  addAttributes(attributes: SpanAttributes | undefined): void {
    if (attributes === undefined) return;
    this.#attributes = { ...this.#attributes, ...attributes };
    this.#touch();
  }

  // What follows from them

  get startedAt(): number {
    return this.#startAt ?? this.#firstAt;
  }

  get endedAt(): number | undefined {
    const at = this.#end?.at ?? this.#executionEndedAt;
    return at === undefined ? undefined : Math.max(at, this.startedAt);
  }

  get status(): StageSpanStatus {
    return this.#end?.status ?? (this.#executionEndedAt === undefined ? 'running' : 'cancelled');
  }

  /** It was at work, and no event said when it began. */
  get startMissing(): boolean {
    const worked = this.#attempts.size > 0 || (this.#end?.status === 'completed' && (this.#tasks ?? 0) > 0);
    return this.#startAt === undefined && worked;
  }

  /** Something of it was not recorded. */
  get partial(): boolean {
    return this.startMissing || this.#startless > 0 || this.#approvals?.startMissing === true;
  }

  /** The latest time in its spans. Looked up, because a later hand-out may say an earlier time by another clock. */
  get lastAt(): number {
    let last = this.endedAt ?? this.startedAt;
    for (const { startedAt, endedAt = startedAt } of this.#attempts.values()) last = Math.max(last, endedAt);
    return this.#approvals === undefined ? last : Math.max(last, this.#approvals.lastAt(this.endedAt));
  }

  get spans(): number {
    return 1 + this.#attempts.size + (this.#approvals?.size ?? 0);
  }

  toSpan(): StageSpan {
    const { executionId, traceId, rootSpanId } = this.#owner;
    const { stage, position, status, startedAt, endedAt } = this;
    const span: Draft<StageSpan> = {
      kind: 'stage',
      executionId,
      traceId,
      spanId: this.#spanId,
      parentSpanId: rootSpanId,
      stage,
      position,
      status,
      startedAt,
    };
    if (endedAt !== undefined) {
      span.endedAt = endedAt;
      span.durationMs = endedAt - startedAt;
    }
    if (this.#tasks !== undefined) span.tasks = this.#tasks;
    if (this.#end?.error !== undefined) span.error = this.#end.error;
    if (this.#attributes !== undefined) span.attributes = this.#attributes;
    if (this.#breakers !== undefined) span.breakerChecks = this.#breakers.toChecks();
    if (this.startMissing) span.startMissing = true;
    return span;
  }

  /** Adds what is to be written to `batch`, up to `size` spans in it. @returns whether that was all */
  takeChanged(batch: ExecutionSpan[], size: number): boolean {
    if (this.#isChanged && batch.length < size) {
      this.#isChanged = false;
      batch.push(this.toSpan());
    }
    for (const record of this.#takeRecords(size - batch.length)) {
      record.changed = false;
      batch.push(this.#spanOf(record));
    }
    return !this.#isChanged && this.#changed.length === 0;
  }

  toSummary(): StageSummary {
    const { stage, status, startedAt, endedAt } = this;
    const totals = this.#totals;
    const summary: Draft<StageSummary> = {
      stage,
      status,
      startedAt,
      durationMs: (endedAt ?? this.lastAt) - startedAt,
      tasks: this.#tasks ?? 0,
      attempts: totals.attempts,
      retries: totals.retries,
      failedAttempts: totals.failedAttempts,
      failedTasks: totals.failedTasks,
      runMs: totals.runMs,
      queueWaitMs: totals.queueWaitMs,
      queuedMs: totals.queuedMs,
      retryWaitMs: totals.retryWaitMs,
      actors: totals.actors,
      errorCodes: totals.errorCodes(this.#end?.error?.code),
    };
    if (endedAt !== undefined) summary.endedAt = endedAt;
    if (this.#usage !== undefined) summary.usage = this.#usage.toUsage();
    if (this.#approvals !== undefined) summary.approvals = this.#approvals.totals(endedAt);
    if (totals.compensations !== undefined) summary.compensations = { ...totals.compensations };
    const refusals = this.#breakers?.refused ?? 0;
    if (refusals > 0) summary.breakerRefusals = refusals;
    return summary;
  }

  // From the store

  /** Takes over what a stored span says. Its attempts come by {@link reviveAttempt}, in any order, then {@link revived}. */
  revive(span: StageSpan): void {
    const { status, startedAt, endedAt, startMissing, error, tasks, attributes, breakerChecks } = span;
    // Its start says how many tasks it has, and it has some; what was skipped or failed before had no start.
    const startKnown = startMissing !== true && tasks !== undefined && tasks > 0;
    if (startKnown) this.#startAt = startedAt;
    else this.#firstAt = startedAt;
    // What ended with the execution may have been ended by it, and its own event is yet to come.
    const byExecution = status === 'cancelled' && endedAt === this.endedAt;
    if (status !== 'running' && endedAt !== undefined && !byExecution)
      this.#end = { at: endedAt, status, error };
    this.#tasks = tasks;
    this.#attributes = attributes;
    if (breakerChecks !== undefined) this.#breakers = new BreakerRecord(breakerChecks);
  }

  reviveAttempt(span: AttemptSpan | CompensationSpan): void {
    const record = AttemptRecord.from(span);
    this.#attempts.set(keyOf(span.index, span.attempt, span.kind), record);
    this.#firstAt = Math.min(this.#firstAt, span.startedAt);
    if (span.kind === 'attempt' && span.usage !== undefined)
      (this.#usage ??= new UsageCounts()).addUsage(span.usage);
  }

  reviveApproval(span: ApprovalSpan): void {
    (this.#approvals ??= new StageApprovals()).revive(span);
    this.#firstAt = Math.min(this.#firstAt, span.startedAt);
  }

  revived(): void {
    // In the order of their numbers, because an attempt follows from the one before.
    const attempts = [...this.#attempts.values()].sort((left, right) => left.attempt - right.attempt);
    for (const record of attempts) this.#work(record);
  }

  #takeRecords(count: number): readonly (AttemptRecord | ApprovalRecord)[] {
    if (this.#changed.length > count) return this.#changed.splice(0, count);
    const all = this.#changed;
    this.#changed = [];
    return all;
  }

  #spanOf(record: AttemptRecord | ApprovalRecord): ExecutionSpan {
    if (record instanceof ApprovalRecord) return this.#approvalSpan(record);
    const { executionId, traceId } = this.#owner;
    const { index, attempt, kind } = record;
    const seed = kind === 'attempt' ? attemptSeed : compensationSeed;
    const spanId = spanIdOf(seed(this.#seed, index, attempt));
    return record.toSpan({ executionId, traceId, spanId, parentSpanId: this.#spanId, stage: this.stage });
  }

  #approvalSpan(record: ApprovalRecord): ApprovalSpan {
    const { executionId, traceId } = this.#owner;
    const { approval, index, attempt } = record;
    const spanId = spanIdOf(approvalSeed(this.#seed, approval));
    const ofStage = index === undefined || attempt === undefined;
    const parentSpanId = ofStage ? this.#spanId : spanIdOf(attemptSeed(this.#seed, index, attempt));
    return record.toSpan({ executionId, traceId, spanId, parentSpanId, stage: this.stage }, this.endedAt);
  }

  #attempt(index: number, attempt: number, actor: string, kind: WorkKind): AttemptRecord | undefined {
    const key = keyOf(index, attempt, kind);
    const known = this.#attempts.get(key);
    if (known !== undefined) {
      if (known.actor === '') known.actor = actor;
      return known;
    }
    if (!this.#owner.admit()) return undefined;
    const record =
      kind === 'attempt'
        ? new AttemptRecord(index, attempt, actor)
        : new CompensationRecord(index, attempt, actor);
    this.#attempts.set(key, record);
    // A stage that worked, though nobody said it began, misses its start.
    if (this.#startAt === undefined) this.#touch();
    return record;
  }

  #seen(at: number): void {
    if (at >= this.#firstAt) return;
    this.#firstAt = at;
    if (this.#startAt === undefined) this.#touch();
  }

  #addAttributes(record: AttemptRecord, attributes: SpanAttributes | undefined): void {
    if (attributes === undefined) return;
    const extras = extrasOf(record);
    extras.attributes = { ...extras.attributes, ...attributes };
    this.#touchRecord(record);
  }

  /** Something of it was true at this time, beside its hand-outs and reports. */
  #noticed(record: AttemptRecord, at: number): void {
    const extras = extrasOf(record);
    extras.firstAt = Math.min(extras.firstAt, at);
    if (record.startMissing) this.#resettle(record);
    else this.#touchRecord(record);
  }

  #resettle(record: AttemptRecord): void {
    this.#forgetTotals(record);
    this.#settle(record);
  }

  #resettleOpen(): void {
    this.#touchOpenApprovals();
    if (this.#open === 0) return;
    for (const record of this.#attempts.values()) if (record.open) this.#resettle(record);
  }

  /** Its waits follow from how this one ended. */
  #resettleNext({ index, attempt, kind }: AttemptRecord): void {
    const next = this.#attempts.get(keyOf(index, attempt + 1, kind));
    if (next !== undefined) this.#resettle(next);
  }

  #settle(record: AttemptRecord): void {
    this.#work(record);
    this.#touchRecord(record);
  }

  #work(record: AttemptRecord): void {
    const { index, attempt, kind } = record;
    const ofStage = kind === 'attempt';
    record.settle({
      stageStartedAt: ofStage ? this.#startAt : undefined,
      // What is to be undone is over.
      stageEndedAt: ofStage ? this.endedAt : this.#executionEndedAt,
      previous: attempt > 1 ? this.#attempts.get(keyOf(index, attempt - 1, kind)) : undefined,
    });
    if (record.open) this.#open += 1;
    if (record.startMissing) this.#startless += 1;
    this.#totals.add(record);
  }

  /** Before it changes. */
  #forgetTotals(record: AttemptRecord): void {
    if (!record.counted) return;
    if (record.open) this.#open -= 1;
    if (record.startMissing) this.#startless -= 1;
    this.#totals.remove(record);
  }

  #touch(): void {
    if (this.#isChanged) return;
    if (this.#changed.length === 0) this.#owner.changed(this);
    this.#isChanged = true;
  }

  #touchOpenApprovals(): void {
    for (const record of this.#approvals?.all ?? []) if (record.isOpen) this.#touchRecord(record);
  }

  #touchRecord(record: AttemptRecord | ApprovalRecord): void {
    if (record.changed) return;
    if (this.#changed.length === 0 && !this.#isChanged) this.#owner.changed(this);
    record.changed = true;
    this.#changed.push(record);
  }
}

function extrasOf(record: AttemptRecord): AttemptExtras {
  return (record.extras ??= new AttemptExtras());
}

/** First attempts keep a small whole number, which a map finds fastest. */
function keyOf(index: number, attempt: number, kind: WorkKind): number {
  const key = index + (attempt - 1) * 2 ** 31;
  return kind === 'attempt' ? key : key + 2 ** 52;
}
