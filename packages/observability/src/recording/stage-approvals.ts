import type { ApprovalSpan } from '../span/execution-span.js';
import type { ApprovalTotals } from '../summary/execution-summary.js';
import { ApprovalRecord } from './approval-record.js';

/** The approvals of one stage. */
export class StageApprovals {
  readonly #records = new Map<string, ApprovalRecord>();

  get size(): number {
    return this.#records.size;
  }

  get all(): Iterable<ApprovalRecord> {
    return this.#records.values();
  }

  /** Nobody said when it was requested, of one of them. */
  get startMissing(): boolean {
    for (const record of this.#records.values()) if (record.startMissing) return true;
    return false;
  }

  get(approval: string): ApprovalRecord | undefined {
    return this.#records.get(approval);
  }

  add(record: ApprovalRecord): void {
    this.#records.set(record.approval, record);
  }

  revive(span: ApprovalSpan): void {
    this.add(ApprovalRecord.from(span));
  }

  /** The latest time in their spans. */
  lastAt(stageEndedAt: number | undefined): number {
    let last = -Infinity;
    for (const record of this.#records.values())
      last = Math.max(last, record.endedAt(stageEndedAt) ?? record.startedAt);
    return last;
  }

  totals(stageEndedAt: number | undefined): ApprovalTotals {
    const totals = { count: this.#records.size, open: 0, waitMs: 0 };
    for (const record of this.#records.values()) {
      const endedAt = record.endedAt(stageEndedAt);
      if (endedAt === undefined) totals.open += 1;
      else totals.waitMs += endedAt - record.startedAt;
    }
    return totals;
  }
}
