import { dedupeWindowMs } from '../internal/message-queue-options.js';
import { temporaryPrefix } from '../internal/temporary-queue.js';
import type { EmbeddedDatabase, Transaction } from './embedded-database.js';
import type { SqliteStatement } from './sqlite-driver.js';

/** Wait between two sweeps, and what one of them may remove. */
const sweepEveryMs = 60_000;
const sweepLimit = 1_000;

/** Dedupe ids on disk: known while their message is stored, and for an hour after it was sent. */
export class KnownDedupeRows {
  readonly #find: SqliteStatement;
  readonly #add: SqliteStatement;
  readonly #sweep: SqliteStatement;
  readonly #forget: SqliteStatement;
  readonly #temporary: SqliteStatement;
  #sweptAt = 0;

  constructor(database: EmbeddedDatabase) {
    const isStored = 'EXISTS (SELECT 1 FROM messages m WHERE m.sequence = d.sequence)';
    this.#find = database.prepare(
      `SELECT sequence FROM message_dedupe_ids d WHERE queue = ? AND dedupe_id = ? AND (until > ? OR ${isStored})`,
    );
    this.#add = database.prepare(
      'INSERT OR REPLACE INTO message_dedupe_ids (queue, dedupe_id, sequence, until) VALUES (?, ?, ?, ?)',
    );
    this.#sweep = database.prepare(
      `DELETE FROM message_dedupe_ids WHERE (queue, dedupe_id) IN
        (SELECT queue, dedupe_id FROM message_dedupe_ids d WHERE until <= ? AND NOT ${isStored} LIMIT ${sweepLimit})`,
    );
    this.#forget = database.prepare('DELETE FROM message_dedupe_ids WHERE queue = ?');
    this.#temporary = database.prepare(
      'SELECT DISTINCT queue FROM message_dedupe_ids WHERE queue >= ? AND queue < ?',
    );
  }

  /** Of which ids are known. */
  temporaryQueues(): readonly string[] {
    const range = [temporaryPrefix, `${temporaryPrefix}~`];
    return this.#temporary.all(range).map(({ queue }) => String(queue));
  }

  forget(queue: string, transaction: Transaction): void {
    transaction.run(this.#forget, [queue]);
  }

  find(queue: string, dedupeId: string, now: number): number | undefined {
    const [row] = this.#find.all([queue, dedupeId, now]);
    return row === undefined ? undefined : Number(row['sequence']);
  }

  add(queue: string, dedupeId: string, sequence: number, now: number, transaction: Transaction): void {
    transaction.run(this.#add, [queue, dedupeId, sequence, now + dedupeWindowMs]);
    if (Math.abs(now - this.#sweptAt) < sweepEveryMs) return;
    this.#sweptAt = now;
    transaction.run(this.#sweep, [now]);
  }
}
