import { join } from 'node:path';
import { LoomError } from '@certoai/loom-core';
import type { Clock, Logger } from '@certoai/loom-core';
import type { ResolvedEmbeddedStoreOptions } from './embedded-store-options.js';
import { FolderLock } from './folder-lock.js';
import { GroupCommit } from './group-commit.js';
import type { GroupCommitCounters, Transaction } from './group-commit.js';
import { loadSqliteDriver } from './sqlite-driver.js';
import type { SqliteConnection, SqliteDriverName, SqliteStatement } from './sqlite-driver.js';
import { translateSqliteError } from './sqlite-error.js';

export type { Transaction } from './group-commit.js';

/** "Loom" in ASCII: marks the file as ours, see https://www.sqlite.org/pragma.html#pragma_application_id */
export const applicationId = 0x4c6f6f6d;
/** Of the file as a whole; what is inside has versions of its own. */
export const formatVersion = 1;
/** Measured: as fast as 4096 for small payloads, and a fifth cheaper for those of a few kilobytes. */
const pageBytes = 8_192;

/** The tables of one part of the store. */
export interface SchemaPart {
  readonly name: string;
  /** SQL that leads from version n to n + 1, oldest first. One that was released never changes. */
  readonly migrations: readonly string[];
}

/**
 * The database that the parts of one embedded store share: its connection, its lock and its group commit.
 *
 * A part writes inside {@link enqueue} only, with `transaction.run`. An operation checks first and writes
 * afterwards: one that throws after it has written takes the whole transaction with it. What a part keeps
 * in memory it changes inside its operations, and brings back in {@link onReload}.
 */
export class EmbeddedDatabase {
  readonly clock: Clock;
  readonly logger: Logger | undefined;
  readonly folder: string;
  readonly driver: SqliteDriverName;
  readonly #lock: FolderLock;
  readonly #connection: SqliteConnection;
  readonly #commits: GroupCommit;
  readonly #reloads: (() => void)[] = [];
  #open = true;

  private constructor(
    lock: FolderLock,
    connection: SqliteConnection,
    { clock, logger }: ResolvedEmbeddedStoreOptions,
    sliceMs: number,
  ) {
    this.clock = clock;
    this.logger = logger;
    this.folder = lock.folder;
    this.driver = connection.driver;
    this.#lock = lock;
    this.#connection = connection;
    this.#commits = new GroupCommit({
      connection,
      reload: () => this.#reload(),
      translate: (error) => this.translate(error),
      onFailure: (error, operations) => this.#report(error, operations),
      sliceMs,
    });
  }

  /**
   * @param sliceMs - how long one turn of the event loop is spent on statements; the sync comes on top
   * @throws LoomError `LOOM_STORE_LOCKED`, `LOOM_STORE_CORRUPT`, `LOOM_STORE_FAILED`, `LOOM_MISSING_DEPENDENCY`, `LOOM_INVALID_OPTION`
   */
  static open(options: ResolvedEmbeddedStoreOptions, sliceMs = 10): EmbeddedDatabase {
    const open = loadSqliteDriver(options.driver);
    const { path } = options;
    let lock: FolderLock | undefined;
    let connection: SqliteConnection | undefined;
    try {
      lock = FolderLock.acquire(path, open, options.clock.now());
      connection = open(join(lock.folder, 'loom.db'));
      prepareFile(connection, lock.folder);
      configure(connection, options);
      return new EmbeddedDatabase(lock, connection, options, sliceMs);
    } catch (error) {
      connection?.close();
      lock?.release();
      throw translateSqliteError(error, path);
    }
  }

  get counters(): GroupCommitCounters {
    return this.#commits.counters;
  }

  /** Runs `apply` in the next transaction, in call order; resolves once that is on disk. */
  enqueue<Result>(apply: (transaction: Transaction) => Result): Promise<Result> {
    return this.#commits.enqueue(apply);
  }

  /** Runs `query` after all that was enqueued before, at once when nothing was. */
  read<Result>(query: () => Result): Promise<Result> {
    return this.#commits.read(query);
  }

  prepare(sql: string): SqliteStatement {
    return this.#connection.prepare(sql);
  }

  /** Creates or brings up to date the tables of a part. Call it once, before the first statement is prepared. */
  migrate({ name, migrations }: SchemaPart): void {
    const rows = this.prepare('SELECT version FROM schema_parts WHERE name = ?').all([name]);
    const version = Number(rows[0]?.['version'] ?? 0);
    if (version > migrations.length) throw newerError(this.folder, `${name} ${version}`, migrations.length);
    if (version === migrations.length) return;
    const steps = migrations.slice(version).join(';\n');
    const done = `INSERT OR REPLACE INTO schema_parts (name, version) VALUES ('${name}', ${migrations.length})`;
    inTransaction(this.#connection, `${steps};\n${done}`);
  }

  /** `reload` is called when a transaction failed, before the next operation: memory may be ahead of the file. */
  onReload(reload: () => void): void {
    this.#reloads.push(reload);
  }

  translate(error: unknown): LoomError {
    return translateSqliteError(error, this.folder);
  }

  /** Writes what waits and lets go of the folder. Idempotent. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#commits.close();
    try {
      emptyLog(this.#connection);
      this.#connection.close();
    } finally {
      this.#lock.release();
    }
  }

  #report(error: LoomError, operations: number): void {
    try {
      this.logger?.error('Transaction of the embedded store failed', {
        path: this.folder,
        operations,
        error,
      });
    } catch {
      // A logger that fails must not fail the store.
    }
  }

  #reload(): void {
    // On a full disk the log may hold the space that the next transaction needs.
    emptyLog(this.#connection);
    for (const reload of this.#reloads) reload();
  }
}

/** Moves the log into the database, so that a closed store is one file. Nothing is lost where that fails. */
function emptyLog(connection: SqliteConnection): void {
  try {
    connection.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch {
    // On a full disk, say. What was committed stays in the log, which the next opening reads.
  }
}

/** Refuses a file that is not ours before anything is changed in it, and marks a new one. */
function prepareFile(connection: SqliteConnection, folder: string): void {
  const tables = numberOf(connection, 'SELECT count(*) AS value FROM sqlite_schema');
  const application = numberOf(connection, 'SELECT application_id AS value FROM pragma_application_id');
  const version = numberOf(connection, 'SELECT user_version AS value FROM pragma_user_version');
  if (tables === 0 && application === 0) {
    const marks = `PRAGMA application_id=${applicationId}; PRAGMA user_version=${formatVersion}`;
    const parts = 'CREATE TABLE schema_parts (name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID';
    connection.exec(`PRAGMA page_size=${pageBytes}`);
    return inTransaction(connection, `${marks}; ${parts}`);
  }
  if (application !== applicationId) {
    const message = `"${join(folder, 'loom.db')}" belongs to another program. Nothing was changed; give the store another folder.`;
    throw new LoomError('LOOM_STORE_CORRUPT', message, { path: folder, application });
  }
  if (version > formatVersion) throw newerError(folder, String(version), formatVersion);
}

function configure(connection: SqliteConnection, { sync, maxBytes }: ResolvedEmbeddedStoreOptions): void {
  const mode = connection
    .prepare('PRAGMA journal_mode=WAL')
    .all<{ readonly journal_mode: string }>([])[0]?.journal_mode;
  if (mode !== 'wal') throw new Error(`the file system cannot hold a write-ahead log (journal mode ${mode})`);
  connection.exec(`PRAGMA synchronous=${sync}; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16000`);
  if (maxBytes === undefined) return;
  const pages = Math.floor(
    maxBytes / numberOf(connection, 'SELECT page_size AS value FROM pragma_page_size'),
  );
  connection.exec(`PRAGMA max_page_count=${pages}`);
}

function numberOf(connection: SqliteConnection, sql: string): number {
  return Number(connection.prepare(sql).all([])[0]?.['value'] ?? 0);
}

function inTransaction(connection: SqliteConnection, sql: string): void {
  connection.exec('BEGIN IMMEDIATE');
  try {
    connection.exec(sql);
    connection.exec('COMMIT');
  } catch (error) {
    connection.exec('ROLLBACK');
    throw error;
  }
}

function newerError(folder: string, found: string, supported: number): LoomError {
  const message =
    `The store in "${folder}" was written by a newer Loom (format ${found}; this one knows ${supported}). ` +
    'Nothing was changed. Update @certoai/loom-storage, or give another path.';
  return new LoomError('LOOM_STORE_FAILED', message, { path: folder, found, supported });
}
