import { groupMemoryMs, parseLimits } from '../internal/group-limits.js';
import type { StoredGroup } from '../internal/group-limits.js';
import type { LoadedGroup } from '../internal/local-queue/message-keeper.js';
import type { EmbeddedDatabase, Transaction } from './embedded-database.js';
import type { SqliteStatement } from './sqlite-driver.js';

/** Wait between two sweeps, and what one of them may remove. */
const sweepEveryMs = 60_000;
const sweepLimit = 1_000;

/** What messages do not say of their groups: the limits that were sent last, and what began within the window of a rate. */
export class MessageGroupRows {
  readonly #database: EmbeddedDatabase;
  readonly #set: SqliteStatement;
  readonly #use: SqliteStatement;
  readonly #begin: SqliteStatement;
  readonly #sweep: SqliteStatement;
  #sweptAt = 0;

  constructor(database: EmbeddedDatabase) {
    this.#database = database;
    this.#set = database.prepare(
      `INSERT INTO message_groups (queue, group_key, limits, until) VALUES (?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET limits = excluded.limits, until = excluded.until
        WHERE limits <> excluded.limits OR until < ?`,
    );
    this.#use = database.prepare(
      'UPDATE message_groups SET until = ? WHERE queue = ? AND group_key = ? AND begun_at IS NULL AND until < ?',
    );
    this.#begin = database.prepare('INSERT INTO message_groups VALUES (?, ?, ?, ?, ?)');
    this.#sweep = database.prepare(
      `DELETE FROM message_groups WHERE rowid IN
        (SELECT rowid FROM message_groups WHERE until <= ? LIMIT ${sweepLimit})`,
    );
  }

  /** Limits first, then what began, the earliest first. */
  load(): readonly LoadedGroup[] {
    return this.#database
      .prepare('SELECT * FROM message_groups WHERE until > ? ORDER BY begun_at')
      .all([this.#database.clock.now()])
      .map(({ queue, group_key: key, limits, begun_at: begunAt }) => ({
        queue: String(queue),
        key: String(key),
        limits: String(limits),
        begunAt: typeof begunAt === 'number' ? begunAt : undefined,
      }));
  }

  /** Notes the limits of a message that was sent. */
  sent(queue: string, { key, limits }: StoredGroup, now: number, transaction: Transaction): void {
    transaction.run(this.#set, [queue, key, limits, ...until(now, parseLimits(limits).perMs)]);
    this.#clean(now, transaction);
  }

  /** Notes that a delivery began, for as long as a rate remembers it. */
  begun(
    queue: string,
    { key, limits }: StoredGroup,
    now: number,
    rateMs: number,
    transaction: Transaction,
  ): void {
    const [later, soon] = until(now, rateMs);
    transaction.run(this.#use, [later, queue, key, soon]);
    if (rateMs > 0) transaction.run(this.#begin, [queue, key, limits, now, now + rateMs]);
    this.#clean(now, transaction);
  }

  #clean(now: number, transaction: Transaction): void {
    if (Math.abs(now - this.#sweptAt) < sweepEveryMs) return;
    this.#sweptAt = now;
    transaction.run(this.#sweep, [now]);
  }
}

/** How long a group is known, and the time before which that is written anew: rarely, as it costs a write. */
function until(now: number, rateMs: number): readonly [later: number, soon: number] {
  return [now + rateMs + groupMemoryMs, now + rateMs + groupMemoryMs / 2];
}
