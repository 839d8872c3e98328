import { LoomError } from '@certoai/loom-core';
import type { SqliteConnection, SqliteStatement, SqliteValue } from './sqlite-driver.js';

/** Handed to an operation; the way to write. */
export interface Transaction {
  /** @returns how many rows were changed */
  run(statement: SqliteStatement, values: readonly SqliteValue[]): number;
}

interface Operation {
  readonly apply: (transaction: Transaction) => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  outcome: unknown;
  failed: boolean;
}

export interface GroupCommitOptions {
  readonly connection: SqliteConnection;
  /** Brings what is kept in memory back to what the file says. */
  readonly reload: () => void;
  readonly translate: (error: unknown) => LoomError;
  /** Told of a transaction that failed, and how many operations were lost with it. */
  readonly onFailure: (error: LoomError, operations: number) => void;
  /** How long one turn of the event loop may be spent on statements before the rest waits for the next; milliseconds. */
  readonly sliceMs: number;
}

/** Numbers for tests and benchmarks. */
export interface GroupCommitCounters {
  readonly transactions: number;
  readonly statements: number;
  readonly operations: number;
  readonly failures: number;
}

/**
 * One transaction, and one sync to disk, for all operations of one turn of the event loop. An operation
 * runs in call order and resolves when the transaction that holds it is on disk. When the transaction
 * fails, all of its operations are rejected, and memory is reloaded from the file before the next one runs.
 */
export class GroupCommit implements Transaction {
  readonly #connection: SqliteConnection;
  readonly #reload: () => void;
  readonly #translate: (error: unknown) => LoomError;
  readonly #onFailure: (error: LoomError, operations: number) => void;
  readonly #sliceMs: number;
  readonly #begin: SqliteStatement;
  readonly #commit: SqliteStatement;
  readonly #counters = { transactions: 0, statements: 0, operations: 0, failures: 0 };
  #queue: Operation[] = [];
  #scheduled = false;
  #begun = false;
  /** What is in memory may differ from the file. */
  #stale = false;
  #closed = false;

  constructor({ connection, reload, translate, onFailure, sliceMs }: GroupCommitOptions) {
    this.#connection = connection;
    this.#reload = reload;
    this.#translate = translate;
    this.#onFailure = onFailure;
    this.#sliceMs = sliceMs;
    this.#begin = connection.prepare('BEGIN IMMEDIATE');
    this.#commit = connection.prepare('COMMIT');
  }

  get counters(): GroupCommitCounters {
    return { ...this.#counters };
  }

  enqueue<Result>(apply: (transaction: Transaction) => Result): Promise<Result> {
    if (this.#closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      this.#queue.push({ apply, resolve, reject, outcome: undefined, failed: false });
      this.#schedule();
    });
  }

  /** An operation that only reads: at once when nothing waits to be written, else in its turn. */
  read<Result>(query: () => Result): Promise<Result> {
    if (this.#closed || this.#stale || this.#queue.length > 0) return this.enqueue(query);
    try {
      return Promise.resolve(query());
    } catch (error) {
      return Promise.reject(this.#translate(error));
    }
  }

  run(statement: SqliteStatement, values: readonly SqliteValue[]): number {
    this.#counters.statements += 1;
    if (!this.#begun) {
      this.#begin.run([]);
      this.#begun = true;
    }
    return statement.run(values);
  }

  /** Writes what waits; afterwards nothing is accepted. */
  close(): void {
    this.#closed = true;
    while (this.#queue.length > 0) this.#flush();
  }

  #flush(): void {
    this.#scheduled = false;
    const batch = this.#queue;
    if (batch.length === 0) return;
    this.#queue = [];
    let applied = 0;
    try {
      if (this.#stale) this.#refresh();
      const until = performance.now() + this.#sliceMs;
      while (applied < batch.length) {
        this.#apply(batch[applied++] as Operation);
        if (applied % 16 === 0 && performance.now() > until) break;
      }
      if (this.#begun) this.#commitTransaction();
    } catch (error) {
      this.#rollback();
      // Nothing applied: it was the reload that failed, and it would fail again for all the others.
      this.#abandon(batch.splice(0, applied || batch.length), this.#translate(error));
      applied = 0;
    }
    this.#requeue(batch, applied);
    for (let index = 0; index < applied; index += 1) settle(batch[index] as Operation);
  }

  #apply(operation: Operation): void {
    const before = this.#counters.statements;
    try {
      operation.outcome = operation.apply(this);
    } catch (error) {
      // Half of it may be written, and the only way back is the whole transaction.
      if (this.#counters.statements > before) throw error;
      operation.failed = true;
      operation.outcome = this.#translate(error);
    }
  }

  #commitTransaction(): void {
    this.#commit.run([]);
    this.#begun = false;
    this.#counters.transactions += 1;
  }

  #rollback(): void {
    this.#stale = true;
    this.#begun = false;
    this.#counters.failures += 1;
    try {
      this.#connection.exec('ROLLBACK');
    } catch {
      // SQLite ends the transaction by itself after some errors, and then there is none to roll back.
    }
  }

  #refresh(): void {
    this.#reload();
    this.#stale = false;
  }

  #abandon(operations: readonly Operation[], error: LoomError): void {
    this.#onFailure(error, operations.length);
    for (const { reject } of operations) reject(error);
  }

  #requeue(batch: Operation[], from: number): void {
    if (from === batch.length) return;
    this.#queue = [...batch.slice(from), ...this.#queue];
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }
}

function settle({ failed, outcome, resolve, reject }: Operation): void {
  if (failed) reject(outcome);
  else resolve(outcome as never);
}

function closedError(): LoomError {
  return new LoomError('LOOM_CLOSED', 'The embedded store is closed. Open it again to go on.');
}
