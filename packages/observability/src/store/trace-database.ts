import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isLoomError, LoomError } from '@certoai/loom-core';
import {
  loadSqliteDriver,
  type SqliteConnection,
  type SqliteStatement,
  type TraceSqliteDriver,
} from './sqlite-driver.js';

/** "LomT" in ASCII: marks the file as ours, see https://www.sqlite.org/pragma.html#pragma_application_id */
const applicationId = 0x4c6f6d54;
const formatVersion = 2;

const tables = `
  CREATE TABLE traces (
    execution_id TEXT NOT NULL PRIMARY KEY,
    written_at INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    name TEXT,
    status TEXT,
    started_at REAL,
    duration_ms REAL,
    summary TEXT,
    log TEXT,
    log_spans INTEGER
  );
  CREATE INDEX traces_by_writing ON traces (written_at, execution_id);
  CREATE TABLE spans (
    execution_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (execution_id, span_id)
  ) WITHOUT ROWID`;

/** What version 1 did not have: executions in one piece. */
const addLogs = 'ALTER TABLE traces ADD COLUMN log TEXT; ALTER TABLE traces ADD COLUMN log_spans INTEGER';

/**
 * The file `traces.db` in a folder. What was committed survives the death of its process; of a power cut the
 * latest commits may be lost, and nothing else. Other processes may read it meanwhile.
 */
export class TraceDatabase {
  readonly #folder: string;
  readonly #connection: SqliteConnection;
  readonly #pageBytes: number;
  readonly #pageCount: SqliteStatement;
  readonly #freePages: SqliteStatement;

  private constructor(folder: string, connection: SqliteConnection) {
    this.#folder = folder;
    this.#connection = connection;
    this.#pageBytes = numberOf(connection, 'SELECT page_size AS value FROM pragma_page_size');
    this.#pageCount = connection.prepare('SELECT page_count AS value FROM pragma_page_count');
    this.#freePages = connection.prepare('SELECT freelist_count AS value FROM pragma_freelist_count');
  }

  /** @throws LoomError `LOOM_MISSING_DEPENDENCY`, `LOOM_STORE_CORRUPT` for a file that is not ours, `LOOM_STORE_FAILED` */
  static open(folder: string, driver: TraceSqliteDriver | undefined): TraceDatabase {
    const open = loadSqliteDriver(driver);
    let connection: SqliteConnection | undefined;
    try {
      mkdirSync(folder, { recursive: true });
      connection = open(join(folder, 'traces.db'));
      // The event loop stands still meanwhile.
      connection.exec('PRAGMA busy_timeout=50');
      prepareFile(connection, folder);
      connection.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-4000');
      return new TraceDatabase(folder, connection);
    } catch (error) {
      connection?.close();
      throw failure(folder, error);
    }
  }

  prepare(sql: string): SqliteStatement {
    return this.#connection.prepare(sql);
  }

  /** What the file holds; what was freed and is not used again does not count. */
  get bytes(): number {
    const [pages] = this.#pageCount.all<{ readonly value: number }>();
    const [free] = this.#freePages.all<{ readonly value: number }>();
    return ((pages?.value ?? 0) - (free?.value ?? 0)) * this.#pageBytes;
  }

  /** @throws LoomError `LOOM_STORE_FAILED`; nothing of it is stored then */
  transaction<Result>(write: () => Result): Result {
    return this.run(() => {
      this.#connection.exec('BEGIN IMMEDIATE');
      try {
        const result = write();
        this.#connection.exec('COMMIT');
        return result;
      } catch (error) {
        this.#connection.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /** @throws LoomError `LOOM_STORE_FAILED` */
  run<Result>(use: () => Result): Result {
    try {
      return use();
    } catch (error) {
      throw failure(this.#folder, error);
    }
  }

  close(): void {
    this.#connection.close();
  }
}

/** Refuses a file that is not ours before anything is changed in it, and makes the tables of a new one. */
function prepareFile(connection: SqliteConnection, folder: string): void {
  const known = numberOf(connection, 'SELECT count(*) AS value FROM sqlite_schema');
  const application = numberOf(connection, 'SELECT application_id AS value FROM pragma_application_id');
  const version = numberOf(connection, 'SELECT user_version AS value FROM pragma_user_version');
  if (known === 0 && application === 0) {
    connection.exec('PRAGMA page_size=8192');
    const marks = `PRAGMA application_id=${applicationId}; PRAGMA user_version=${formatVersion}`;
    return connection.exec(`BEGIN IMMEDIATE; ${marks}; ${tables}; COMMIT`);
  }
  if (application === applicationId && version === formatVersion) return;
  if (application === applicationId && version === 1)
    return connection.exec(`BEGIN IMMEDIATE; ${addLogs}; PRAGMA user_version=${formatVersion}; COMMIT`);
  const whose =
    application === applicationId ? 'was written by a newer version of Loom' : 'belongs to another program';
  const message = `"${join(folder, 'traces.db')}" ${whose}. Nothing was changed; give traces another folder.`;
  throw new LoomError('LOOM_STORE_CORRUPT', message, { folder, application, version });
}

function numberOf(connection: SqliteConnection, sql: string): number {
  return Number(connection.prepare(sql).all<{ readonly value: unknown }>()[0]?.value ?? 0);
}

function failure(folder: string, cause: unknown): LoomError {
  if (isLoomError(cause)) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message =
    `Traces in "${folder}" cannot be read or written: ${reason}. ` +
    'Check the folder, its permissions and the space on its disk; when traces.db is damaged, remove it.';
  return new LoomError('LOOM_STORE_FAILED', message, { folder }, { cause });
}
