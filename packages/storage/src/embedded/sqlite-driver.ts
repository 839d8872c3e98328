import { createRequire } from 'node:module';
import { LoomError } from '@certoai/loom-core';

/** `node:sqlite` comes with Node from 22.13 on; `libsql` is a package with the same file format. */
export type SqliteDriverName = 'node:sqlite' | 'libsql';

/** What a column may hold. libsql ends the process when it is given anything else. */
export type SqliteValue = string | number | null;

export type SqliteRow = Readonly<Record<string, SqliteValue>>;

/** The small common surface of both drivers. Everything is synchronous. */
export interface SqliteConnection {
  readonly driver: SqliteDriverName;
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

export interface SqliteStatement {
  /** @returns how many rows were changed */
  run(values: readonly SqliteValue[]): number;
  /** `Row` is the word of whoever wrote the query. */
  all<Row = SqliteRow>(values: readonly SqliteValue[]): readonly Row[];
}

export type OpenSqlite = (file: string) => SqliteConnection;

/**
 * Loads a driver: the one asked for, or the first there is of `node:sqlite` and `libsql`.
 * @throws LoomError `LOOM_MISSING_DEPENDENCY`, which says what to install
 */
export function loadSqliteDriver(name?: SqliteDriverName): OpenSqlite {
  if (name === 'node:sqlite') return loadNodeSqlite();
  if (name === 'libsql') return loadLibsql();
  return hasNodeSqlite() ? loadNodeSqlite() : loadLibsql();
}

export function hasNodeSqlite(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 13);
}

const require = createRequire(import.meta.url);

function loadNodeSqlite(): OpenSqlite {
  if (!hasNodeSqlite()) {
    const message = `node:sqlite needs Node 22.13 or newer; this is ${process.version}. Update Node, or install libsql.`;
    throw new LoomError('LOOM_MISSING_DEPENDENCY', message, { driver: 'node:sqlite', node: process.version });
  }
  const { DatabaseSync } = withoutSqliteWarning(() => require('node:sqlite') as NodeSqlite);
  return (file) => new NodeSqliteConnection(new DatabaseSync(file));
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

function loadLibsql(): OpenSqlite {
  try {
    const Database = require('libsql') as Libsql;
    return (file) => new LibsqlConnection(new Database(file));
  } catch (cause) {
    const message =
      'The embedded store needs SQLite, and the package "libsql" cannot be loaded. ' +
      'Run "npm install libsql", or use Node 22.13 or newer, which brings SQLite along.';
    throw new LoomError(
      'LOOM_MISSING_DEPENDENCY',
      message,
      { driver: 'libsql', node: process.version },
      { cause },
    );
  }
}

class NodeSqliteConnection implements SqliteConnection {
  readonly driver = 'node:sqlite';
  readonly #database: NodeSqliteDatabase;

  constructor(database: NodeSqliteDatabase) {
    this.#database = database;
  }
  exec(sql: string): void {
    this.#database.exec(sql);
  }
  prepare(sql: string): SqliteStatement {
    const statement = this.#database.prepare(sql);
    return {
      run: (values) => Number(statement.run(...values).changes),
      all: <Row>(values: readonly SqliteValue[]) => statement.all(...values) as readonly Row[],
    };
  }
  close(): void {
    this.#database.close();
  }
}

class LibsqlConnection implements SqliteConnection {
  readonly driver = 'libsql';
  readonly #database: LibsqlDatabase;

  constructor(database: LibsqlDatabase) {
    this.#database = database;
  }
  exec(sql: string): void {
    this.#database.exec(sql);
  }
  prepare(sql: string): SqliteStatement {
    const statement = this.#database.prepare(sql);
    return {
      run: (values) => statement.run(values).changes,
      // Never `get`: it would leave the statement, and with it a read transaction, open.
      all: <Row>(values: readonly SqliteValue[]) => statement.all(values) as readonly Row[],
    };
  }
  close(): void {
    this.#database.close();
  }
}

// Typed structurally: the types of Node 20 do not know node:sqlite, and libsql is optional.
interface NodeSqlite {
  readonly DatabaseSync: new (file: string) => NodeSqliteDatabase;
}
interface NodeSqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): {
    run(...values: readonly SqliteValue[]): { readonly changes: number | bigint };
    all(...values: readonly SqliteValue[]): readonly SqliteRow[];
  };
  close(): void;
}
type Libsql = new (file: string) => LibsqlDatabase;
interface LibsqlDatabase {
  exec(sql: string): void;
  prepare(sql: string): {
    run(values: readonly SqliteValue[]): { readonly changes: number };
    all(values: readonly SqliteValue[]): readonly SqliteRow[];
  };
  close(): void;
}
