import { LoomError } from '@certoai/loom-core';
import type { JsonValue, MessageQueue, OutboxContent, OutboxStats, OutboxStore } from '@certoai/loom-core';
import { checkIds, invalid } from '../internal/message-queue-options.js';
import { checkCommit, checkKey } from './outbox-input.js';
import type { OutboxCommit, OutboxMessage } from './outbox-input.js';
import { checkWhole, resolveOutboxOptions } from './outbox-options.js';
import type { OutboxPatternOptions } from './outbox-options.js';
import { OutboxRelay } from './outbox-relay.js';

export interface ParkedOutboxMessage extends OutboxMessage {
  readonly id: string;
  readonly dedupeId: string;
  /** Why the queue did not take it. */
  readonly reason: string;
  readonly attempts: number;
  /** The later messages of its key wait for it. */
  readonly blocks: boolean;
  /** Milliseconds since the epoch; as `parkedAt`. */
  readonly committedAt: number;
  readonly parkedAt: number;
}

/** Messages that their queue does not take. */
export interface ParkedOutboxMessages {
  /**
   * Oldest first.
   * @param options.limit - 1 to 1000. Default 100.
   * @param options.after - id of the last one of the page before
   */
  list(options?: {
    readonly limit?: number | undefined;
    readonly after?: string | undefined;
  }): Promise<readonly ParkedOutboxMessage[]>;
  /** Sends again, all of them without `ids`; those that are not parked are passed over. @returns how many */
  retry(ids?: readonly string[]): Promise<number>;
  /** Removes for good, all of them without `ids`. @returns how many */
  discard(ids?: readonly string[]): Promise<number>;
}

/**
 * Writes of states and the messages they cause, in one atomic step; a relay moves the messages to their queues.
 * At least once, and under a dedupe id, so that a queue stores each once for as long as it knows the id (an hour).
 * Messages of one key reach their queues in the order of their commits. Any number of relays, in any number of
 * processes, may serve one store. The store and the queue stay open when it is closed.
 */
export class OutboxPattern implements AsyncDisposable {
  readonly parked: ParkedOutboxMessages;
  readonly #store: OutboxStore;
  readonly #relay: OutboxRelay;
  #isClosed = false;

  /** @throws LoomError `LOOM_INVALID_OPTION` */
  constructor(store: OutboxStore, queue: MessageQueue, options?: OutboxPatternOptions) {
    if (typeof store?.commit !== 'function') throw invalid('store', store, 'give an outbox store');
    if (typeof queue?.send !== 'function') throw invalid('queue', queue, 'give a message queue');
    this.#store = store;
    this.#relay = new OutboxRelay(store, queue, resolveOutboxOptions(options));
    this.parked = {
      list: (query) => this.#list(query),
      retry: (ids) => this.#unpark('retry', ids),
      discard: (ids) => this.#unpark('discard', ids),
    };
  }

  /**
   * Stores all of it or nothing.
   * @returns the new version of each key: 1 for its first value, then always one more
   * @throws LoomError `LOOM_CONFLICT` when a version is not the expected one; `LOOM_INVALID_OPTION`,
   *   `LOOM_NOT_SERIALISABLE`, `LOOM_PAYLOAD_TOO_LARGE`; `LOOM_STORE_FAILED`, `LOOM_STORE_FULL`, `LOOM_CLOSED`
   */
  async commit(commit: OutboxCommit): Promise<{ readonly versions: Readonly<Record<string, number>> }> {
    this.#checkOpen();
    const step = checkCommit(commit);
    const reply = await this.#store.commit(step);
    if (!reply.committed) throw conflictError(reply.key, reply.version, step.writes);
    if (step.messages.length > 0) this.#relay.wake();
    const { versions } = reply;
    return {
      versions: Object.fromEntries(step.writes.map(({ key }, place) => [key, versions[place] as number])),
    };
  }

  async read(key: string): Promise<{ readonly value: JsonValue; readonly version: number } | undefined> {
    this.#checkOpen();
    checkKey('key', key);
    const state = await this.#store.read(key);
    return state && { value: JSON.parse(state.value) as JsonValue, version: state.version };
  }

  /** Starts a relay in this process. Idempotent. @throws LoomError `LOOM_CLOSED` */
  async start(): Promise<void> {
    this.#checkOpen();
    this.#relay.start();
  }

  /** The relay of this process looks at once: there is a message that was not committed here. */
  wake(): void {
    this.#relay.wake();
  }

  async stats(): Promise<OutboxStats> {
    this.#checkOpen();
    return this.#store.stats();
  }

  /** Waits for what the relay is sending; the rest stays in the store for others, and for next time. Idempotent. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.#relay.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #list({
    limit = 100,
    after,
  }: { readonly limit?: number | undefined; readonly after?: string | undefined } = {}): Promise<
    readonly ParkedOutboxMessage[]
  > {
    this.#checkOpen();
    checkWhole('limit', limit, 1, 1_000);
    if (after !== undefined && !/^\d{1,16}$/.test(after))
      throw invalid('after', after, 'give the id of a message');
    const parked = await this.#store.parked({ limit, after });
    return parked.map(({ content, ...rest }) => ({ ...(JSON.parse(content) as OutboxContent), ...rest }));
  }

  async #unpark(action: 'retry' | 'discard', ids?: readonly string[]): Promise<number> {
    this.#checkOpen();
    if (ids !== undefined) checkIds(ids);
    const count = await this.#store.unpark(action, ids);
    if (count > 0) this.#relay.wake();
    return count;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new LoomError('LOOM_CLOSED', 'The outbox is closed. Make a new one to go on.');
  }
}

function conflictError(
  key: string,
  version: number,
  writes: readonly { readonly key: string; readonly ifVersion?: number | undefined }[],
): LoomError {
  const expected = writes.find((write) => write.key === key)?.ifVersion;
  const message =
    `"${key}" has version ${version}, and ${expected} was expected; 0 is none. ` +
    'Nothing was written. Read it again and decide anew.';
  return new LoomError('LOOM_CONFLICT', message, { key, expectedVersion: expected, version });
}
