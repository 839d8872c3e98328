import type { CompensationTotals, WorkTotals } from '../summary/execution-summary.js';
import type { Draft } from '../internal/draft.js';
import type { AttemptRecord } from './attempt-record.js';

/** What the attempts of one stage come to, kept up to date as they change: adding them up takes too long at 10 000. */
export class AttemptTotals implements Omit<WorkTotals, 'tasks' | 'usage' | 'approvals' | 'breakerRefusals'> {
  attempts = 0;
  retries = 0;
  failedAttempts = 0;
  failedTasks = 0;
  runMs = 0;
  queueWaitMs = 0;
  queuedMs = 0;
  retryWaitMs = 0;
  compensations: Draft<CompensationTotals> | undefined;
  #firstActor: string | undefined;
  /** Made with the second: most stages have one. */
  #actors: Set<string> | undefined;
  /** Made with the first: most stages have none. */
  #errorCodes: Map<string, number> | undefined;

  add(record: AttemptRecord): void {
    record.counted = true;
    if (record.kind === 'compensation') return this.#countCompensation(record, 1);
    this.#count(record, 1);
    if (record.actor !== this.#firstActor) this.#addActor(record.actor);
  }

  /** Before a record that was added changes. */
  remove(record: AttemptRecord): void {
    record.counted = false;
    if (record.kind === 'compensation') this.#countCompensation(record, -1);
    else this.#count(record, -1);
  }

  /** Sorted. */
  get actors(): readonly string[] {
    if (this.#actors !== undefined) return [...this.#actors].sort();
    return this.#firstActor === undefined ? [] : [this.#firstActor];
  }

  /** With that of the stage itself; sorted. */
  errorCodes(own: string | undefined): readonly string[] {
    if (this.#errorCodes === undefined) return own === undefined ? [] : [own];
    const codes = new Set(this.#errorCodes.keys());
    if (own !== undefined) codes.add(own);
    return [...codes].sort();
  }

  #addActor(actor: string): void {
    // A task that failed before its actor was known has none.
    if (actor === '') return;
    this.#firstActor ??= actor;
    if (actor !== this.#firstActor) (this.#actors ??= new Set([this.#firstActor])).add(actor);
  }

  #count(record: AttemptRecord, by: 1 | -1): void {
    this.attempts += by;
    if (record.attempt > 1) this.retries += by;
    if (record.endedAt !== undefined) this.runMs += by * (record.endedAt - record.startedAt);
    if (record.queueWaitMs !== undefined) this.queueWaitMs += by * record.queueWaitMs;
    if (record.retryWaitMs !== undefined) this.retryWaitMs += by * record.retryWaitMs;
    if (!record.open && record.end?.queuedMs !== undefined) this.queuedMs += by * record.end.queuedMs;
    if (record.status !== 'failed') return;
    this.failedAttempts += by;
    if (record.end?.willRetry !== true) this.failedTasks += by;
    const { errorCode } = record;
    if (errorCode !== undefined) this.#countCode(errorCode, by);
  }

  #countCompensation({ status, end, errorCode }: AttemptRecord, by: 1 | -1): void {
    const totals = (this.compensations ??= { attempts: 0, completed: 0, failed: 0 });
    totals.attempts += by;
    if (status === 'completed') totals.completed += by;
    if (status === 'failed' && end?.willRetry !== true) totals.failed += by;
    if (errorCode !== undefined) this.#countCode(errorCode, by);
  }

  #countCode(code: string, by: 1 | -1): void {
    const codes = (this.#errorCodes ??= new Map());
    const count = (codes.get(code) ?? 0) + by;
    if (count === 0) codes.delete(code);
    else codes.set(code, count);
  }
}
