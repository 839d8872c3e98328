import type { Draft } from '../internal/draft.js';
import type { AttemptSpan, BreakerCheck, SpanAttributes, SpanDecision } from '../span/execution-span.js';
import { BreakerRecord } from './breaker-record.js';
import { LowestItems } from './lowest-items.js';
import { NumberRanges } from './number-ranges.js';
import { UsageCounts } from './usage-counts.js';

/** Decisions that are kept in full. */
export const keptDecisions = 8;
/** More than the decisions of one hand-out. */
export const numbersPerHandOut = 2 ** 16;

type Fields = Pick<AttemptSpan, 'attributes' | 'decisions' | 'usage' | 'counted' | 'breakerChecks'>;

/** What few attempts have. */
export class AttemptExtras {
  attributes: SpanAttributes | undefined;
  /** The earliest time at which something of this was true: its start, while no event said when that was. */
  firstAt = Infinity;
  #decisions: LowestItems<SpanDecision> | undefined;
  #usage: UsageCounts | undefined;
  #counted: NumberRanges | undefined;
  #breakers: BreakerRecord | undefined;

  /** @returns false when it was told before */
  addDecision(decision: SpanDecision): boolean {
    const key = decision.token * numbersPerHandOut + decision.number;
    if (!(this.#counted ??= new NumberRanges()).add(key)) return false;
    (this.#usage ??= new UsageCounts()).add(decision);
    (this.#decisions ??= new LowestItems(keptDecisions, inSequence)).add(decision);
    return true;
  }

  addCheck(check: BreakerCheck): void {
    (this.#breakers ??= new BreakerRecord()).add(check);
  }

  addTo(span: Draft<Fields>): void {
    if (this.attributes !== undefined) span.attributes = this.attributes;
    if (this.#counted !== undefined) {
      span.decisions = this.#decisions?.list;
      span.usage = this.#usage?.toUsage();
      span.counted = this.#counted.bounds;
    }
    if (this.#breakers !== undefined) span.breakerChecks = this.#breakers.toChecks();
  }

  /** What a stored span has of it. */
  static from(span: Fields & Pick<AttemptSpan, 'startedAt'>): AttemptExtras | undefined {
    const { attributes, decisions, usage, counted, breakerChecks, startedAt } = span;
    if (attributes === undefined && usage === undefined && breakerChecks === undefined) return undefined;
    const extras = new AttemptExtras();
    extras.attributes = attributes;
    extras.firstAt = startedAt;
    if (usage !== undefined) {
      extras.#decisions = new LowestItems(keptDecisions, inSequence, decisions);
      extras.#counted = new NumberRanges(counted);
      extras.#usage = new UsageCounts();
      extras.#usage.addUsage(usage);
    }
    if (breakerChecks !== undefined) extras.#breakers = new BreakerRecord(breakerChecks);
    return extras;
  }
}

function inSequence(left: SpanDecision, right: SpanDecision): number {
  return left.token - right.token || left.number - right.number;
}
