import { createRequire } from 'node:module';
import { LoomError } from '@certoai/loom-core';

/** `node:sqlite` comes with Node from 22.13 on; `libsql` is a package with the same file format. */
export type TraceSqliteDriver = 'node:sqlite' | 'libsql';

/** What a column may hold. libsql ends the process when it is given anything else. */
export type SqliteValue = string | number | null;

/** The small common surface of both drivers. Everything is synchronous. */
export interface SqliteConnection {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

export interface SqliteStatement {
  /** @returns how many rows were changed */
  run(...values: readonly SqliteValue[]): number;
  /** `Row` is the word of whoever wrote the query. */
  all<Row>(...values: readonly SqliteValue[]): readonly Row[];
}

/**
 * Loads a driver: the one asked for, or the first there is of `node:sqlite` and `libsql`.
 * @throws LoomError `LOOM_MISSING_DEPENDENCY`, which says what to install
 */
export function loadSqliteDriver(name?: TraceSqliteDriver): (file: string) => SqliteConnection {
  const { [name ?? (hasNodeSqlite() ? 'node:sqlite' : 'libsql')]: load } = drivers;
  return load();
}

export function hasNodeSqlite(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 13);
}

const require = createRequire(import.meta.url);

const drivers: Readonly<Record<TraceSqliteDriver, () => (file: string) => SqliteConnection>> = {
  'node:sqlite': () => {
    if (!hasNodeSqlite()) throw missing('node:sqlite', undefined);
    const { DatabaseSync } = withoutSqliteWarning(() => require('node:sqlite') as NodeSqlite);
    return (file) => connection(new DatabaseSync(file), (values) => values);
  },
  libsql: () => {
    let Database: Libsql;
    try {
      Database = require('libsql') as Libsql;
    } catch (cause) {
      throw missing('libsql', cause);
    }
    return (file) => connection(new Database(file), (values) => [values]);
  },
};

/** @param spread - how the driver takes the values of a statement */
function connection(
  database: Database,
  spread: (values: readonly SqliteValue[]) => readonly unknown[],
): SqliteConnection {
  return {
    exec: (sql) => void database.exec(sql),
    close: () => void database.close(),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        run: (...values) => Number(statement.run(...spread(values)).changes),
        // Never `get`: in libsql it would leave the statement, and with it a read transaction, open.
        all: <Row>(...values: readonly SqliteValue[]) => statement.all(...spread(values)) as readonly Row[],
      };
    },
  };
}

function missing(driver: TraceSqliteDriver, cause: unknown): LoomError {
  const message =
    `Traces in a folder need SQLite, and "${driver}" cannot be loaded on Node ${process.version}. ` +
    'Run "npm install libsql", or use Node 22.13 or newer, which brings SQLite along.';
  return new LoomError('LOOM_MISSING_DEPENDENCY', message, { driver, node: process.version }, { cause });
}

/** Node marks its SQLite as experimental on standard error, where a library has no business. */
function withoutSqliteWarning<Result>(load: () => Result): Result {
  const original = Object.getOwnPropertyDescriptor(process, 'emitWarning') as PropertyDescriptor;
  const emitWarning = process.emitWarning.bind(process) as (...warning: readonly unknown[]) => void;
  const value = (...warning: readonly unknown[]): void => {
    if (!String(warning[0]).includes('SQLite')) emitWarning(...warning);
  };
  Object.defineProperty(process, 'emitWarning', { ...original, value });
  try {
    return load();
  } finally {
    Object.defineProperty(process, 'emitWarning', original);
  }
}

// Typed structurally: the types of Node 20 do not know node:sqlite, and libsql is optional.
interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): {
    run(...values: readonly unknown[]): { readonly changes: number | bigint };
    all(...values: readonly unknown[]): readonly unknown[];
  };
  close(): unknown;
}
interface NodeSqlite {
  readonly DatabaseSync: new (file: string) => Database;
}
type Libsql = new (file: string) => Database;
