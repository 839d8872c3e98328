import type {
  DeadLetterGroup,
  DeadLetterListOptions,
  DeadLetterPage,
  DeadLetterSelection,
} from '@certoai/loom-core';
import type { Ending, Kept, Loaded, MessageKeeper } from '../internal/local-queue/message-keeper.js';
import { idOf } from '../internal/local-queue/stored-message.js';
import type { StoredMessage } from '../internal/local-queue/stored-message.js';
import type { CheckedMessage } from '../internal/message-queue-options.js';
import { isTemporary } from '../internal/temporary-queue.js';
import { DeadMessageRows } from './dead-message-rows.js';
import type { EmbeddedDatabase, Transaction } from './embedded-database.js';
import { KnownDedupeRows } from './known-dedupe-rows.js';
import { MessageGroupRows } from './message-group-rows.js';
import { MessageRows } from './message-rows.js';
import { messageSchema } from './message-schema.js';
import type { SqliteStatement } from './sqlite-driver.js';

/** Bodies that wait in memory beside their rows, so that most deliveries need not read. Characters. */
const heldBodies = 16_777_216;

/** Every message is a row, written when it is sent, when a delivery begins, and when it ends. */
export class EmbeddedMessageKeeper implements MessageKeeper {
  readonly capabilities = { durable: true, shared: false };
  readonly #database: EmbeddedDatabase;
  readonly #rows: MessageRows;
  readonly #dead: DeadMessageRows;
  readonly #dedupeIds: KnownDedupeRows;
  readonly #groups: MessageGroupRows;
  readonly #pause: SqliteStatement;
  readonly #resume: SqliteStatement;
  #sequence: number;
  #held = 0;

  constructor(database: EmbeddedDatabase) {
    database.migrate(messageSchema);
    this.#database = database;
    this.#rows = new MessageRows(database);
    this.#dead = new DeadMessageRows(database);
    this.#dedupeIds = new KnownDedupeRows(database);
    this.#groups = new MessageGroupRows(database);
    this.#pause = database.prepare('INSERT OR IGNORE INTO paused_queues (queue) VALUES (?)');
    this.#resume = database.prepare('DELETE FROM paused_queues WHERE queue = ?');
    // Rows of acknowledged messages are gone, and their ids must not come again: time only goes on.
    this.#sequence = Math.max(this.#rows.lastSequence(), database.clock.now() * 1_000);
  }

  load(): Loaded {
    const paused = this.#database.prepare('SELECT queue FROM paused_queues').all([]);
    return {
      messages: this.#rows.living(),
      paused: paused.map(({ queue }) => String(queue)),
      groups: this.#groups.load(),
      temporary: [...this.#dead.queues(), ...this.#dedupeIds.temporaryQueues()].filter(isTemporary),
    };
  }

  append(queue: string, messages: readonly CheckedMessage[], now: number): Kept | Promise<Kept> {
    if (messages.length === 0) return { ids: [], stored: [] };
    return this.#database.enqueue((transaction) => {
      const kept = this.#choose(queue, messages, now);
      for (const message of kept.stored) this.#insert(message, now, transaction);
      for (const { group } of messages) if (group) this.#groups.sent(queue, group, now, transaction);
      return kept;
    });
  }

  async begin(message: StoredMessage, now: number, rateMs: number): Promise<string> {
    const { body, queue, group } = message;
    return this.#database.enqueue((transaction) => {
      this.#rows.update(message, transaction);
      if (group) this.#groups.begun(queue, group, now, rateMs, transaction);
      return body ?? this.#rows.body(message.sequence);
    });
  }

  async end(message: StoredMessage, ending: Ending): Promise<void> {
    switch (ending.kind) {
      case 'gone':
        await this.#database.enqueue((transaction) => this.#rows.remove(message.sequence, transaction));
        return this.#letGo(message);
      case 'waiting':
        return this.#database.enqueue((transaction) => this.#rows.update(message, transaction));
      case 'dead':
        await this.#dead.bury(message, ending.reason, ending.diedAt);
        return this.#letGo(message);
    }
  }

  async setPaused(queue: string, paused: boolean): Promise<void> {
    const statement = paused ? this.#pause : this.#resume;
    await this.#database.enqueue((transaction) => transaction.run(statement, [queue]));
  }

  deadCount(queue: string): number {
    return this.#dead.count(queue);
  }

  listDead(
    queue: string,
    options: DeadLetterListOptions & { readonly limit: number },
  ): Promise<DeadLetterPage> {
    return this.#dead.list(queue, options);
  }

  groupDead(queue: string): Promise<readonly DeadLetterGroup[]> {
    return this.#dead.groups(queue);
  }

  revive(
    queue: string,
    selection: DeadLetterSelection,
    schedule: { readonly now: number; readonly intervalMs: number },
  ): Promise<readonly StoredMessage[]> {
    return this.#dead.revive(queue, selection, schedule);
  }

  discardDead(queue: string, selection: DeadLetterSelection): Promise<number> {
    return this.#dead.discard(queue, selection, (sequence, transaction) =>
      this.#rows.remove(sequence, transaction),
    );
  }

  async forget(queue: string): Promise<void> {
    await this.discardDead(queue, {});
    await this.#database.enqueue((transaction) => this.#dedupeIds.forget(queue, transaction));
  }

  /** The database belongs to the store. */
  close(): Promise<void> {
    return this.#database.read(() => undefined).catch(() => undefined);
  }

  /** Tells new messages from known ones. Nothing is written yet. */
  #choose(queue: string, messages: readonly CheckedMessage[], now: number): Kept {
    const ids: string[] = [];
    const stored: StoredMessage[] = [];
    const own = new Map<string, number>();
    for (const { body, delayMs, priority, dedupeId, group } of messages) {
      const known =
        dedupeId === undefined
          ? undefined
          : (own.get(dedupeId) ?? this.#dedupeIds.find(queue, dedupeId, now));
      if (known !== undefined) {
        ids.push(String(known));
        continue;
      }
      this.#sequence += 1;
      const sequence = this.#sequence;
      if (dedupeId !== undefined) own.set(dedupeId, sequence);
      const message = {
        sequence,
        queue,
        priority,
        sentAt: now,
        dedupeId,
        group,
        body,
        dueAt: now + delayMs,
        attempts: 0,
      };
      ids.push(idOf(message));
      stored.push(message);
    }
    return { ids, stored };
  }

  #insert(message: StoredMessage, now: number, transaction: Transaction): void {
    const { queue, sequence, dedupeId, body = 'null' } = message;
    this.#rows.insert(message, body, transaction);
    if (dedupeId !== undefined) this.#dedupeIds.add(queue, dedupeId, sequence, now, transaction);
    if (this.#held + body.length <= heldBodies) this.#held += body.length;
    else message.body = undefined;
  }

  #letGo({ body }: StoredMessage): void {
    if (body !== undefined) this.#held -= body.length;
  }
}
