import type { StoredDefinition } from '@certoai/loom-core';
import type { EmbeddedDatabase, Transaction } from './embedded-database.js';

/** Hashes whose rows are known, beyond which all are forgotten and looked up again. */
const maxKnown = 10_000;

/** Every definition once, as long as an execution uses it. */
export class ExecutionDefinitions {
  readonly #ids = new Map<string, number>();
  readonly #find;
  readonly #insert;
  readonly #removeUnused;

  constructor(database: EmbeddedDatabase) {
    this.#find = database.prepare('SELECT id FROM definitions WHERE hash = ?');
    this.#insert = database.prepare('INSERT INTO definitions (hash, text) VALUES (?, ?)');
    this.#removeUnused = database.prepare(
      'DELETE FROM definitions WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM executions WHERE definition = ?1)',
    );
  }

  /** The key in the file of a definition that was used before, without a look into the file. */
  known(hash: string): number | undefined {
    return this.#ids.get(hash);
  }

  store({ hash, text }: StoredDefinition, transaction: Transaction): number {
    const id = this.#idInFile(hash) ?? this.#add(hash, text, transaction);
    if (this.#ids.size >= maxKnown) this.#ids.clear();
    this.#ids.set(hash, id);
    return id;
  }

  /** To be called when an execution that used it is gone. */
  release(id: number, transaction: Transaction): void {
    if (transaction.run(this.#removeUnused, [id]) > 0) this.forget();
  }

  forget(): void {
    this.#ids.clear();
  }

  #add(hash: string, text: string, transaction: Transaction): number {
    transaction.run(this.#insert, [hash, text]);
    return this.#idInFile(hash) as number;
  }

  #idInFile(hash: string): number | undefined {
    return this.#find.all<{ readonly id: number }>([hash])[0]?.id;
  }
}
