import type { StoredMessage } from '../internal/local-queue/stored-message.js';
import type { EmbeddedDatabase, Transaction } from './embedded-database.js';
import { inlineBodyLength } from './message-schema.js';
import type { SqliteRow, SqliteStatement } from './sqlite-driver.js';

/** Rows read at once when the store is opened. */
const loadChunk = 5_000;

/** The messages that live, one row each, and the bodies too long for it. */
export class MessageRows {
  readonly #database: EmbeddedDatabase;
  /** Messages whose body has a row of its own. */
  readonly #large: Set<number>;
  readonly #insert: SqliteStatement;
  readonly #insertBody: SqliteStatement;
  readonly #update: SqliteStatement;
  readonly #remove: SqliteStatement;
  readonly #removeBody: SqliteStatement;
  readonly #body: SqliteStatement;
  readonly #living: SqliteStatement;

  constructor(database: EmbeddedDatabase) {
    this.#database = database;
    this.#insert = database.prepare(
      `INSERT INTO messages (sequence, queue, priority, sent_at, due_at, attempts, dedupe_id, body, group_key, group_limits)
        VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?)`,
    );
    this.#insertBody = database.prepare('INSERT INTO message_bodies (sequence, body) VALUES (?, ?)');
    this.#update = database.prepare('UPDATE messages SET due_at = ?, attempts = ? WHERE sequence = ?');
    this.#remove = database.prepare('DELETE FROM messages WHERE sequence = ?');
    this.#removeBody = database.prepare('DELETE FROM message_bodies WHERE sequence = ?');
    this.#body = database.prepare(
      `SELECT coalesce(m.body, (SELECT b.body FROM message_bodies b WHERE b.sequence = m.sequence)) AS text
        FROM messages m WHERE m.sequence = ?`,
    );
    this.#living = database.prepare(
      'SELECT * FROM messages WHERE sequence > ? AND death IS NULL ORDER BY sequence LIMIT ?',
    );
    const large = database.prepare('SELECT sequence FROM message_bodies').all([]);
    this.#large = new Set(large.map(({ sequence }) => Number(sequence)));
  }

  /** Oldest first. */
  *living(): Iterable<StoredMessage> {
    for (let last = 0; ;) {
      const rows = this.#living.all([last, loadChunk]);
      for (const row of rows) yield messageOf(row);
      if (rows.length < loadChunk) return;
      last = Number(rows.at(-1)?.['sequence']);
    }
  }

  /** The highest number any message had, as far as is still known. */
  lastSequence(): number {
    const last =
      'SELECT max(sequence) AS last FROM (SELECT sequence FROM messages UNION ALL SELECT sequence FROM message_dedupe_ids)';
    return Number(this.#database.prepare(last).all([])[0]?.['last'] ?? 0);
  }

  insert(message: StoredMessage, body: string, transaction: Transaction): void {
    const { sequence, queue, priority, sentAt, dueAt, dedupeId = null, group } = message;
    const isInline = body.length <= inlineBodyLength;
    transaction.run(this.#insert, [
      sequence,
      queue,
      priority,
      sentAt,
      dueAt,
      dedupeId,
      isInline ? body : null,
      group?.key ?? null,
      group?.limits ?? null,
    ]);
    if (isInline) return;
    transaction.run(this.#insertBody, [sequence, body]);
    this.#large.add(sequence);
  }

  /** Writes what changes while a message lives. */
  update({ sequence, dueAt, attempts }: StoredMessage, transaction: Transaction): void {
    transaction.run(this.#update, [dueAt, attempts, sequence]);
  }

  remove(sequence: number, transaction: Transaction): void {
    transaction.run(this.#remove, [sequence]);
    if (this.#large.has(sequence)) transaction.run(this.#removeBody, [sequence]);
  }

  body(sequence: number): string {
    return String(this.#body.all([sequence])[0]?.['text'] ?? 'null');
  }
}

/** Without its body, which stays on disk until it is delivered. */
export function messageOf(row: SqliteRow): StoredMessage {
  const { dedupe_id: dedupeId, group_key: key } = row;
  return {
    sequence: Number(row['sequence']),
    queue: String(row['queue']),
    priority: Number(row['priority']),
    sentAt: Number(row['sent_at']),
    dedupeId: typeof dedupeId === 'string' ? dedupeId : undefined,
    group: typeof key === 'string' ? { key, limits: String(row['group_limits']) } : undefined,
    body: undefined,
    dueAt: Number(row['due_at']),
    attempts: Number(row['attempts']),
  };
}
