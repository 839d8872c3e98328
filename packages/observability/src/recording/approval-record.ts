import type { Draft } from '../internal/draft.js';
import type { ApprovalDecision, ApprovalSpan, Escalation } from '../span/execution-span.js';
import { LowestItems } from './lowest-items.js';

/** Escalations that are kept in full. */
const most = 8;

/** One approval while its execution is recorded. The first decision that was made stands. */
export class ApprovalRecord {
  readonly approval: string;
  /** Of the attempt that waits for it; undefined: its stage does. */
  readonly index: number | undefined;
  readonly attempt: number | undefined;
  /** To be written. */
  changed = false;
  /** From its own event. */
  #requestedAt: number | undefined;
  /** The earliest time that was seen of it. */
  #firstAt = Infinity;
  #what: string | undefined;
  #escalations: LowestItems<Escalation> | undefined;
  #escalated = 0;
  #decision: ApprovalDecision | undefined;

  constructor(approval: string, index: number | undefined, attempt: number | undefined) {
    this.approval = approval;
    this.index = index;
    this.attempt = attempt;
  }

  requested(at: number, what: string | undefined): void {
    this.#seen(at);
    this.#requestedAt = Math.min(at, this.#requestedAt ?? at);
    this.#what ??= what;
  }

  escalated(escalation: Escalation): void {
    this.#seen(escalation.at);
    if ((this.#escalations ??= new LowestItems(most, compare)).add(escalation)) this.#escalated += 1;
  }

  decided(decision: ApprovalDecision): void {
    this.#seen(decision.at);
    if (this.#decision === undefined || decision.at < this.#decision.at) this.#decision = decision;
  }

  get isOpen(): boolean {
    return this.#decision === undefined;
  }

  get startMissing(): boolean {
    return this.#requestedAt === undefined;
  }

  get startedAt(): number {
    return this.#requestedAt ?? this.#firstAt;
  }

  /** @param stageEndedAt - ends the wait, too */
  endedAt(stageEndedAt: number | undefined): number | undefined {
    const at = this.#decision?.at ?? stageEndedAt;
    return at === undefined ? undefined : Math.max(at, this.startedAt);
  }

  /** @param place - what it shares with the spans around it, and its own id */
  toSpan(
    place: Pick<ApprovalSpan, 'executionId' | 'traceId' | 'spanId' | 'parentSpanId' | 'stage'>,
    stageEndedAt: number | undefined,
  ): ApprovalSpan {
    const { approval, index, attempt, startedAt } = this;
    const endedAt = this.endedAt(stageEndedAt);
    const { outcome = endedAt === undefined ? 'open' : 'cancelled', by, note, edited } = this.#decision ?? {};
    const span: Draft<ApprovalSpan> = { kind: 'approval', ...place, approval, status: outcome, startedAt };
    if (endedAt !== undefined) {
      span.endedAt = endedAt;
      span.durationMs = endedAt - startedAt;
      if (this.#decision === undefined) span.unreported = true;
    }
    if (index !== undefined) span.index = index;
    if (attempt !== undefined) span.attempt = attempt;
    if (this.#what !== undefined) span.what = this.#what;
    if (by !== undefined) span.by = by;
    if (note !== undefined) span.note = note;
    if (edited !== undefined) span.edited = edited;
    if (this.#escalations !== undefined) {
      span.escalations = this.#escalations.list;
      span.escalated = this.#escalated;
    }
    if (this.startMissing) span.startMissing = true;
    return span;
  }

  /** The record a stored span was made from. */
  static from(span: ApprovalSpan): ApprovalRecord {
    const record = new ApprovalRecord(span.approval, span.index, span.attempt);
    const { status, startedAt, endedAt, by, note, edited } = span;
    record.#firstAt = startedAt;
    if (span.startMissing !== true) record.#requestedAt = startedAt;
    record.#what = span.what;
    if (span.escalations !== undefined) {
      record.#escalations = new LowestItems(most, compare, span.escalations);
      record.#escalated = span.escalated ?? 0;
    }
    if (status !== 'open' && endedAt !== undefined && span.unreported !== true)
      record.#decision = { at: endedAt, outcome: status, by, note, edited };
    return record;
  }

  #seen(at: number): void {
    this.#firstAt = Math.min(this.#firstAt, at);
  }
}

function compare(left: Escalation, right: Escalation): number {
  if (left.at !== right.at) return left.at - right.at;
  const { to: one = '' } = left;
  const { to: two = '' } = right;
  return one === two ? 0 : one < two ? -1 : 1;
}
