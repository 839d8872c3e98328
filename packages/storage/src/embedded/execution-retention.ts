import type { ExecutionStatus, RetentionPolicy } from '@certoai/loom-core';
import type { EmbeddedDatabase, Transaction } from './embedded-database.js';
import type { ExecutionDefinitions } from './execution-definitions.js';

/** Finished executions looked at, and the time spent on them, in one transaction. */
const chunkSize = 200;
const chunkMs = 8;

const finals: readonly ExecutionStatus[] = ['completed', 'failed', 'cancelled', 'timed-out'];

interface FinishedRow {
  readonly sequence: number;
  readonly status: ExecutionStatus;
  readonly finished_at: number;
  readonly bytes: number;
}

interface RestRow {
  readonly id: string;
  readonly definition: number;
  readonly isLarge: number;
}

/** Removes finished executions, a few in each transaction, so that other work goes on between them. */
export class ExecutionRetention {
  readonly #database: EmbeddedDatabase;
  readonly #definitions: ExecutionDefinitions;
  readonly #total;
  readonly #rest;
  readonly #removeRecords;
  readonly #removeInput;
  readonly #removeExecution;
  /** Payloads of finished executions by status; counted when first asked for. */
  readonly #bytes = new Map<ExecutionStatus, number>();

  constructor(database: EmbeddedDatabase, definitions: ExecutionDefinitions) {
    this.#database = database;
    this.#definitions = definitions;
    this.#total = database.prepare(
      'SELECT coalesce(sum(bytes), 0) AS bytes FROM executions WHERE status = ? AND finished_at IS NOT NULL',
    );
    this.#rest = database.prepare(
      'SELECT id, definition, input IS NULL AS isLarge FROM executions WHERE sequence = ?',
    );
    this.#removeRecords = database.prepare('DELETE FROM records WHERE execution = ?');
    this.#removeInput = database.prepare('DELETE FROM large_inputs WHERE execution = ?');
    this.#removeExecution = database.prepare('DELETE FROM executions WHERE sequence = ?');
  }

  finished(status: ExecutionStatus, bytes: number): void {
    const before = this.#bytes.get(status);
    if (before !== undefined) this.#bytes.set(status, before + bytes);
  }

  forget(): void {
    this.#bytes.clear();
  }

  /** @returns the ids of those removed */
  async prune(policy: RetentionPolicy): Promise<readonly string[]> {
    const removed: string[] = [];
    for (let isMore = true; isMore;) {
      const limit = Math.min(chunkSize, policy.limit - removed.length);
      const chunk = await this.#database.enqueue((transaction) =>
        this.#pruneSome(policy, limit, transaction),
      );
      removed.push(...chunk.removed);
      isMore = chunk.isMore && removed.length < policy.limit;
    }
    return removed;
  }

  #pruneSome(
    { status, finishedBefore = -Infinity, maxBytes = Infinity }: RetentionPolicy,
    limit: number,
    transaction: Transaction,
  ): { readonly removed: readonly string[]; readonly isMore: boolean } {
    const statuses = finals.filter((one) => status === undefined || status.includes(one));
    const until = performance.now() + chunkMs;
    const removed: string[] = [];
    for (const row of this.#oldest(statuses, limit)) {
      const isKept =
        row.finished_at >= finishedBefore && (maxBytes === Infinity || this.#bytesOf(statuses) <= maxBytes);
      if (isKept) return { removed, isMore: false };
      removed.push(this.#remove(row, transaction));
      if (performance.now() > until) return { removed, isMore: true };
    }
    return { removed, isMore: removed.length === limit };
  }

  /** From the index alone, in which the executions of each status are in order. */
  #oldest(statuses: readonly ExecutionStatus[], limit: number): readonly FinishedRow[] {
    if (statuses.length === 0) return [];
    const one =
      'SELECT sequence, status, finished_at, bytes FROM executions WHERE status = ? AND finished_at IS NOT NULL';
    const sql = `${statuses.map(() => one).join(' UNION ALL ')} ORDER BY finished_at LIMIT ?`;
    return this.#database.prepare(sql).all<FinishedRow>([...statuses, limit]);
  }

  /** @returns its id */
  #remove({ sequence, status, bytes }: FinishedRow, transaction: Transaction): string {
    const [rest] = this.#rest.all<RestRow>([sequence]) as [RestRow];
    transaction.run(this.#removeRecords, [sequence]);
    if (rest.isLarge === 1) transaction.run(this.#removeInput, [sequence]);
    transaction.run(this.#removeExecution, [sequence]);
    this.#definitions.release(rest.definition, transaction);
    this.finished(status, -bytes);
    return rest.id;
  }

  #bytesOf(statuses: readonly ExecutionStatus[]): number {
    return statuses.reduce((sum, status) => sum + this.#bytesOfOne(status), 0);
  }

  #bytesOfOne(status: ExecutionStatus): number {
    const known = this.#bytes.get(status);
    if (known !== undefined) return known;
    const bytes = this.#total.all<{ readonly bytes: number }>([status])[0]?.bytes ?? 0;
    this.#bytes.set(status, bytes);
    return bytes;
  }
}
