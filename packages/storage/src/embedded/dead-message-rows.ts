import { failureFingerprint } from '@certoai/loom-core/failures';
import type {
  DeadLetter,
  DeadLetterGroup,
  DeadLetterListOptions,
  DeadLetterPage,
  DeadLetterSelection,
  JsonValue,
} from '@certoai/loom-core';
import type { StoredMessage } from '../internal/local-queue/stored-message.js';
import { invalidCursor } from '../internal/message-queue-options.js';
import type { EmbeddedDatabase, Transaction } from './embedded-database.js';
import { messageOf } from './message-rows.js';
import type { SqliteRow, SqliteStatement, SqliteValue } from './sqlite-driver.js';

/** Dead letters changed in one transaction: large enough to be quick, small enough to leave room for others. */
const chunk = 500;
const lastDeath = Number.MAX_SAFE_INTEGER;

interface Range {
  readonly after: number;
  readonly upTo: number;
  readonly limit: number;
}

/** The messages that have a `death`. */
export class DeadMessageRows {
  readonly #database: EmbeddedDatabase;
  readonly #bury: SqliteStatement;
  readonly #revive: SqliteStatement;
  readonly #groups: SqliteStatement;
  readonly #all: SqliteStatement;
  readonly #ofFingerprint: SqliteStatement;
  readonly #ofIds: SqliteStatement;
  readonly #counts = new Map<string, number>();
  #next: number;

  constructor(database: EmbeddedDatabase) {
    this.#database = database;
    this.#bury = database.prepare(
      'UPDATE messages SET death = ?, died_at = ?, reason = ?, fingerprint = ?, attempts = ? WHERE sequence = ?',
    );
    this.#revive = database.prepare(
      `UPDATE messages SET death = NULL, died_at = NULL, reason = NULL, fingerprint = NULL, attempts = 0, due_at = ?
        WHERE sequence = ?`,
    );
    this.#groups = database.prepare(`
      SELECT g.fingerprint, g.count, g.oldest, g.newest, m.reason FROM
        (SELECT fingerprint, count(*) AS count, min(died_at) AS oldest, max(died_at) AS newest, max(death) AS last
          FROM messages WHERE queue = ? AND death IS NOT NULL GROUP BY fingerprint) g
        JOIN messages m ON m.queue = ? AND m.death = g.last
      ORDER BY g.count DESC, g.newest DESC`);
    const select = (condition: string): SqliteStatement =>
      database.prepare(
        `SELECT m.*, coalesce(m.body, (SELECT b.body FROM message_bodies b WHERE b.sequence = m.sequence)) AS text
          FROM messages m WHERE queue = ? AND death > ? AND death <= ? ${condition} ORDER BY death LIMIT ?`,
      );
    this.#all = select('');
    this.#ofFingerprint = select('AND fingerprint = ?');
    // By the primary key: the unary plus keeps the index of the dead out of it.
    this.#ofIds = database.prepare(
      `SELECT m.*, coalesce(m.body, (SELECT b.body FROM message_bodies b WHERE b.sequence = m.sequence)) AS text
        FROM messages m WHERE sequence IN (SELECT value FROM json_each(?)) AND +queue = ? AND +death > ? AND +death <= ?
        ORDER BY +death`,
    );
    const [last] = database
      .prepare('SELECT max(death) AS last FROM messages WHERE death IS NOT NULL')
      .all([]);
    this.#next = Number(last?.['last'] ?? 0) + 1;
    const counted = 'SELECT queue, count(*) AS count FROM messages WHERE death IS NOT NULL GROUP BY queue';
    for (const row of database.prepare(counted).all([]))
      this.#counts.set(String(row['queue']), Number(row['count']));
  }

  /** Those that have or had dead letters. */
  queues(): Iterable<string> {
    return this.#counts.keys();
  }

  count(queue: string): number {
    return this.#counts.get(queue) ?? 0;
  }

  async bury({ queue, sequence, attempts }: StoredMessage, reason: string, diedAt: number): Promise<void> {
    const death = this.#next;
    this.#next += 1;
    const values = [death, diedAt, reason, failureFingerprint(reason), attempts, sequence];
    await this.#database.enqueue((transaction) => transaction.run(this.#bury, values));
    this.#add(queue, 1);
  }

  list(
    queue: string,
    { limit, cursor, ...selection }: DeadLetterListOptions & { readonly limit: number },
  ): Promise<DeadLetterPage> {
    const after = parseCursor(cursor);
    return this.#database.read(() => {
      const rows = this.#select(queue, selection, { after, upTo: lastDeath, limit: limit + 1 });
      const items = rows.slice(0, limit).map(deadLetter);
      return rows.length > limit ? { items, cursor: String(rows[limit - 1]?.['death']) } : { items };
    });
  }

  groups(queue: string): Promise<readonly DeadLetterGroup[]> {
    return this.#database.read(() => this.#groups.all([queue, queue]).map(deadLetterGroup));
  }

  async revive(
    queue: string,
    selection: DeadLetterSelection,
    { now, intervalMs }: { readonly now: number; readonly intervalMs: number },
  ): Promise<readonly StoredMessage[]> {
    const revived: StoredMessage[] = [];
    await this.#inChunks(queue, selection, (rows, transaction) => {
      for (const row of rows) {
        const dueAt = now + Math.floor(revived.length * intervalMs);
        const message = { ...messageOf(row), attempts: 0, dueAt };
        transaction.run(this.#revive, [dueAt, message.sequence]);
        revived.push(message);
      }
    });
    return revived;
  }

  /** @param remove - removes a message, with all that belongs to it */
  async discard(
    queue: string,
    selection: DeadLetterSelection,
    remove: (sequence: number, transaction: Transaction) => void,
  ): Promise<number> {
    let count = 0;
    await this.#inChunks(queue, selection, (rows, transaction) => {
      for (const row of rows) remove(Number(row['sequence']), transaction);
      count += rows.length;
    });
    return count;
  }

  /** Hands out the dead there are at the beginning; those that die meanwhile are left for the next time. */
  async #inChunks(
    queue: string,
    selection: DeadLetterSelection,
    change: (rows: readonly SqliteRow[], transaction: Transaction) => void,
  ): Promise<void> {
    const upTo = this.#next - 1;
    for (let after = 0, more = true; more;) {
      const rows = await this.#database.enqueue((transaction) => {
        const found = this.#select(queue, selection, { after, upTo, limit: chunk });
        change(found, transaction);
        return found;
      });
      this.#add(queue, -rows.length);
      more = rows.length === chunk;
      after = Number(rows.at(-1)?.['death'] ?? after);
    }
  }

  #select(
    queue: string,
    { ids, fingerprint }: DeadLetterSelection,
    { after, upTo, limit }: Range,
  ): readonly SqliteRow[] {
    if (ids === undefined) {
      if (fingerprint === undefined) return this.#all.all([queue, after, upTo, limit]);
      return this.#ofFingerprint.all([queue, after, upTo, fingerprint, limit]);
    }
    const sequences = ids.filter((id) => /^\d{1,16}$/.test(id)).map(Number);
    const rows = this.#ofIds.all([JSON.stringify(sequences), queue, after, upTo]);
    return rows
      .filter((row) => fingerprint === undefined || row['fingerprint'] === fingerprint)
      .slice(0, limit);
  }

  #add(queue: string, count: number): void {
    this.#counts.set(queue, this.count(queue) + count);
  }
}

function deadLetter(row: SqliteRow): DeadLetter {
  const { sequence, attempts, sentAt } = messageOf(row);
  return {
    id: String(sequence),
    body: JSON.parse(text(row['text'])) as JsonValue,
    reason: text(row['reason']),
    fingerprint: text(row['fingerprint']),
    attempts,
    sentAt,
    diedAt: Number(row['died_at']),
  };
}

function deadLetterGroup(row: SqliteRow): DeadLetterGroup {
  return {
    fingerprint: text(row['fingerprint']),
    count: Number(row['count']),
    reason: text(row['reason']),
    oldestAt: Number(row['oldest']),
    newestAt: Number(row['newest']),
  };
}

function text(value: SqliteValue | undefined): string {
  return String(value ?? '');
}

function parseCursor(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw invalidCursor(cursor);
}
