import { LoomError } from '@certoai/loom-core';
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
import { DeadLetterShelf } from './dead-letter-shelf.js';
import { KnownDedupeIds } from './known-dedupe-ids.js';

/** Everything stays where it is; what is left to do is to count, to remember dedupe ids and to shelve the dead. */
export class InMemoryMessageKeeper implements MessageKeeper {
  readonly capabilities = { durable: false, shared: false };
  readonly #capacity: number;
  readonly #dedupeIds = new Map<string, KnownDedupeIds>();
  readonly #dead = new Map<string, DeadLetterShelf>();
  #count = 0;
  #sequence = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  load(): Loaded {
    return { messages: [], paused: [], groups: [], temporary: [] };
  }

  append(queue: string, messages: readonly CheckedMessage[], now: number): Kept {
    const ids: string[] = [];
    const stored: StoredMessage[] = [];
    const firstSequence = this.#sequence;
    /** Ids of this very batch: nothing is noted before it is certain that all of it fits. */
    const own = new Map<string, string>();
    for (const { body, delayMs, priority, dedupeId, group } of messages) {
      const known =
        dedupeId === undefined ? undefined : (own.get(dedupeId) ?? this.#find(queue, dedupeId, now));
      if (known !== undefined) {
        ids.push(known);
        continue;
      }
      const sequence = firstSequence + stored.length + 1;
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
      const id = idOf(message);
      if (dedupeId !== undefined) own.set(dedupeId, id);
      ids.push(id);
      stored.push(message);
    }
    if (this.#count + stored.length > this.#capacity) throw this.#full(queue, stored.length);
    this.#count += stored.length;
    this.#sequence += stored.length;
    for (const [dedupeId, id] of own) this.#known(queue).add(dedupeId, id, now);
    return { ids, stored };
  }

  begin(message: StoredMessage): string {
    return message.body ?? 'null';
  }

  end(message: StoredMessage, ending: Ending): void {
    if (ending.kind === 'gone') this.#forget(message);
    else if (ending.kind === 'dead') this.#shelf(message.queue).add(message, ending.reason, ending.diedAt);
  }

  setPaused(): void {}

  deadCount(queue: string): number {
    return this.#dead.get(queue)?.size ?? 0;
  }

  listDead(queue: string, options: DeadLetterListOptions & { readonly limit: number }): DeadLetterPage {
    return this.#shelf(queue).list(options);
  }

  groupDead(queue: string): readonly DeadLetterGroup[] {
    return this.#shelf(queue).groups();
  }

  revive(
    queue: string,
    selection: DeadLetterSelection,
    { now, intervalMs }: { readonly now: number; readonly intervalMs: number },
  ): readonly StoredMessage[] {
    const messages = this.#shelf(queue).takeOut(selection);
    for (const [index, message] of messages.entries()) {
      message.attempts = 0;
      message.dueAt = now + Math.floor(index * intervalMs);
    }
    return messages;
  }

  discardDead(queue: string, selection: DeadLetterSelection): number {
    const messages = this.#shelf(queue).takeOut(selection);
    for (const message of messages) this.#forget(message);
    return messages.length;
  }

  forget(queue: string): void {
    this.discardDead(queue, {});
    this.#dead.delete(queue);
    this.#dedupeIds.delete(queue);
  }

  close(): void {
    this.#dead.clear();
    this.#dedupeIds.clear();
    this.#count = 0;
  }

  #forget({ queue, dedupeId }: StoredMessage): void {
    this.#count -= 1;
    if (dedupeId !== undefined) this.#known(queue).remove(dedupeId);
  }

  #find(queue: string, dedupeId: string, now: number): string | undefined {
    return this.#dedupeIds.get(queue)?.find(dedupeId, now);
  }

  #known(queue: string): KnownDedupeIds {
    let known = this.#dedupeIds.get(queue);
    if (known === undefined) this.#dedupeIds.set(queue, (known = new KnownDedupeIds()));
    return known;
  }

  #shelf(queue: string): DeadLetterShelf {
    let shelf = this.#dead.get(queue);
    if (shelf === undefined) this.#dead.set(queue, (shelf = new DeadLetterShelf()));
    return shelf;
  }

  #full(queue: string, count: number): LoomError {
    const message =
      `Queue "${queue}" takes no more: ${this.#count} of at most ${this.#capacity} messages are stored, and ${count} came. ` +
      'Send again when some are handled, add consumers, or raise capacity.';
    return new LoomError('LOOM_QUEUE_FULL', message, {
      queue,
      capacity: this.#capacity,
      stored: this.#count,
    });
  }
}
