import type { OutboxEntry, OutboxState } from '@certoai/loom-core';
import { LocalOutboxStore } from '../outbox/local-outbox-store.js';
import type { KeptEntry, OutboxKeeper, OutboxRows } from '../outbox/outbox-keeper.js';
import type { EmbeddedDatabase, SchemaPart, Transaction } from './embedded-database.js';
import type { SqliteRow, SqliteStatement } from './sqlite-driver.js';

/** Rows read at once when the outbox is opened. */
const loadChunk = 5_000;

/** Leases are not here: the folder has one process, and with it all claims end. */
const outboxSchema: SchemaPart = {
  name: 'outbox',
  migrations: [
    `
    CREATE TABLE outbox_states (key TEXT PRIMARY KEY, version INTEGER NOT NULL, value TEXT NOT NULL);

    CREATE TABLE outbox_messages (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT,
      key TEXT,
      committed_at INTEGER NOT NULL,
      attempts INTEGER NOT NULL,
      parked_at INTEGER,
      reason TEXT,
      blocks INTEGER,
      content TEXT NOT NULL
    );
    `,
  ],
};

/** The outbox in the tables of an embedded store: written by its group commit, one sync for all that happens at once. */
export class EmbeddedOutbox extends LocalOutboxStore {
  readonly #keeper: EmbeddedOutboxKeeper;

  private constructor(keeper: EmbeddedOutboxKeeper) {
    super(keeper);
    this.#keeper = keeper;
  }

  static open(database: EmbeddedDatabase): EmbeddedOutbox {
    database.migrate(outboxSchema);
    return new EmbeddedOutbox(new EmbeddedOutboxKeeper(database));
  }

  /** Stores messages in a transaction of another part. */
  addWith(transaction: Transaction, messages: readonly OutboxEntry[]): void {
    this.add(messages, this.#keeper.rows(transaction));
  }
}

class EmbeddedOutboxKeeper implements OutboxKeeper {
  readonly capabilities = { durable: true, shared: false };
  readonly #database: EmbeddedDatabase;
  readonly #state: SqliteStatement;
  readonly #setState: SqliteStatement;
  readonly #insert: SqliteStatement;
  readonly #content: SqliteStatement;
  readonly #update: SqliteStatement;
  readonly #remove: SqliteStatement;
  readonly #page: SqliteStatement;

  constructor(database: EmbeddedDatabase) {
    this.#database = database;
    this.#state = database.prepare('SELECT value, version FROM outbox_states WHERE key = ?');
    this.#setState = database.prepare(
      'INSERT OR REPLACE INTO outbox_states (key, version, value) VALUES (?, ?, ?)',
    );
    this.#insert = database.prepare(
      'INSERT INTO outbox_messages (sequence, key, committed_at, attempts, content) VALUES (?, ?, ?, 0, ?)',
    );
    this.#content = database.prepare('SELECT content FROM outbox_messages WHERE sequence = ?');
    this.#update = database.prepare(
      'UPDATE outbox_messages SET attempts = ?, parked_at = ?, reason = ?, blocks = ? WHERE sequence = ?',
    );
    this.#remove = database.prepare('DELETE FROM outbox_messages WHERE sequence = ?');
    this.#page = database.prepare(
      `SELECT sequence, key, committed_at, attempts, parked_at, reason, blocks
        FROM outbox_messages WHERE sequence > ? ORDER BY sequence LIMIT ?`,
    );
  }

  get clock(): EmbeddedDatabase['clock'] {
    return this.#database.clock;
  }

  enqueue<Reply>(apply: (rows: OutboxRows) => Reply): Promise<Reply> {
    return this.#database.enqueue((transaction) => apply(this.rows(transaction)));
  }

  lastSequence(): number {
    // Of removed ones too: an id that a user saw must not come back as another message's.
    const last = "SELECT seq FROM sqlite_sequence WHERE name = 'outbox_messages'";
    return Number(this.#database.prepare(last).all([])[0]?.['seq'] ?? 0);
  }

  *load(): Iterable<KeptEntry> {
    for (let last = 0; ;) {
      const rows = this.#page.all([last, loadChunk]);
      for (const row of rows) yield entryOf(row);
      if (rows.length < loadChunk) return;
      last = Number(rows.at(-1)?.['sequence']);
    }
  }

  onReload(reload: () => void): void {
    this.#database.onReload(reload);
  }

  rows(transaction: Transaction): OutboxRows {
    return {
      state: (key) => {
        const [row] = this.#state.all<OutboxState>([key]);
        // A row of node:sqlite has no prototype.
        return row && { value: row.value, version: row.version };
      },
      setState: (key, { version, value }) => void transaction.run(this.#setState, [key, version, value]),
      insert: ({ sequence, key = null, committedAt }, content) =>
        void transaction.run(this.#insert, [sequence, key, committedAt, content]),
      content: (sequence) => String(this.#content.all([sequence])[0]?.['content']),
      update: ({ sequence, attempts, parked }) => {
        const { at = null, reason = null } = parked ?? {};
        const blocks = parked ? Number(parked.blocks) : null;
        transaction.run(this.#update, [attempts, at, reason, blocks, sequence]);
      },
      remove: (sequence) => void transaction.run(this.#remove, [sequence]),
    };
  }
}

function entryOf(row: SqliteRow): KeptEntry {
  const { key, parked_at: parkedAt } = row;
  return {
    sequence: Number(row['sequence']),
    key: key === null ? undefined : String(key),
    committedAt: Number(row['committed_at']),
    attempts: Number(row['attempts']),
    parked:
      parkedAt === null
        ? undefined
        : { at: Number(parkedAt), reason: String(row['reason']), blocks: row['blocks'] === 1 },
  };
}
