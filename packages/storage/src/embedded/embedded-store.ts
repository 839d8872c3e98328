import type { ExecutionStore, MessageQueue, OutboxStore } from '@certoai/loom-core';
import { EmbeddedDatabase } from './embedded-database.js';
import { EmbeddedExecutionStore } from './embedded-execution-store.js';
import { EmbeddedMessageQueue } from './embedded-message-queue.js';
import { closedError } from '../internal/message-queue-options.js';
import { resolveEmbeddedStoreOptions } from './embedded-store-options.js';
import type { EmbeddedStoreOptions } from './embedded-store-options.js';
import type { SqliteDriverName } from './sqlite-driver.js';

/** A folder that holds executions and messages durably, for one process at a time. */
export class EmbeddedStore implements AsyncDisposable {
  readonly executions: ExecutionStore & { readonly outbox: OutboxStore };
  readonly #database: EmbeddedDatabase;
  #messages: EmbeddedMessageQueue | undefined;
  #closing: Promise<void> | undefined;

  constructor(database: EmbeddedDatabase) {
    this.#database = database;
    this.executions = new EmbeddedExecutionStore(database);
  }

  /** Loaded when they are first asked for. @throws LoomError `LOOM_CLOSED`, `LOOM_STORE_FAILED`, `LOOM_STORE_FULL` */
  get messages(): MessageQueue {
    return (this.#messages ??= this.#open(() => new EmbeddedMessageQueue(this.#database)));
  }

  /**
   * That of {@link executions}, for states and messages of your own. Loaded when it is first asked for.
   * @throws LoomError `LOOM_CLOSED`, `LOOM_STORE_FAILED`, `LOOM_STORE_FULL`
   */
  get outbox(): OutboxStore {
    return this.executions.outbox;
  }

  /** Absolute, without symbolic links. */
  get path(): string {
    return this.#database.folder;
  }

  get driver(): SqliteDriverName {
    return this.#database.driver;
  }

  /** Waits for deliveries that run, writes all that was asked for before, then lets go of the folder. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open<Part>(open: () => Part): Part {
    if (this.#closing) throw closedError();
    try {
      return open();
    } catch (error) {
      throw this.#database.translate(error);
    }
  }

  async #close(): Promise<void> {
    try {
      await this.#messages?.close();
      await this.executions.close();
    } finally {
      this.#database.close();
    }
  }
}

/**
 * Opens the store in a folder, making it when it is not there. SQLite is loaded here and not before.
 * @throws LoomError `LOOM_STORE_LOCKED` when another process has it open, with that process named;
 *   `LOOM_STORE_CORRUPT`, `LOOM_STORE_FAILED`, `LOOM_STORE_FULL`, `LOOM_MISSING_DEPENDENCY`, `LOOM_INVALID_OPTION`
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const database = EmbeddedDatabase.open(resolveEmbeddedStoreOptions(options));
  try {
    return new EmbeddedStore(database);
  } catch (error) {
    database.close();
    throw database.translate(error);
  }
}
