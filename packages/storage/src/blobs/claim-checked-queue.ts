import { posix } from 'node:path';
import { createIdSource, isLoomError } from '@certoai/loom-core';
import type {
  BlobStore,
  ConsumeOptions,
  Consumer,
  DeadLetters,
  DeliveryHandler,
  GroupStats,
  IdSource,
  InstanceRegistry,
  JsonValue,
  MessageQueue,
  MessageQueueCapabilities,
  OutgoingMessage,
  QueueStats,
} from '@certoai/loom-core';
import { checkOption } from '../internal/execution-input.js';
import { checkMessages, checkQueueName } from '../internal/message-queue-options.js';
import { digestOf, needsBlob, referenceTo } from './blob-reference.js';
import { CheckedDeliveries } from './checked-deliveries.js';
import { ClaimCheckedDeadLetters } from './claim-checked-dead-letters.js';
import { resolveClaimCheckOptions, weaker } from './claim-check-options.js';
import type { ClaimCheckOptions, ResolvedClaimCheckOptions } from './claim-check-options.js';
import { inLanes } from './in-lanes.js';
import { LeavingBlobs } from './leaving-blobs.js';

export interface ClaimCheckedMessageQueue extends MessageQueue {
  /**
   * Removes blobs of messages that were sent before, hour by hour: what is left when a process dies between storing
   * a blob and its message, or before it has removed one. Messages that old and still there lose their bodies:
   * give more than delays last and dead letters are kept. For now and then, by anyone.
   * @param options.olderThanMs - milliseconds, 1 or more
   * @returns how many blobs
   */
  sweep(options: { readonly olderThanMs: number }): Promise<number>;
}

/**
 * `queue`, with bodies above a threshold in `blobs` and a reference in their place. A body is stored before its
 * message, and read before the handler runs; a message whose blob is gone becomes a dead letter that says so. While
 * the blob store fails, messages go back as if they had not been delivered.
 *
 * A blob goes when its message was discarded or withdrawn, and a minute after it was acknowledged or when the queue
 * is closed: an acknowledgement may be lost, and the message come again. What a process leaves behind that dies is
 * for {@link ClaimCheckedMessageQueue.sweep}, and so is what is sent again under a known dedupe id after its
 * message was acknowledged, or withdrawn by another process than the sender while it waits.
 *
 * `deadLetters.list` reads the bodies of its page, so ask for small pages where bodies are large; where a blob is
 * gone, the body is the reference. `close` closes `queue` and leaves `blobs` open.
 * @throws LoomError `LOOM_INVALID_OPTION`
 */
export function claimCheckedQueue(
  queue: MessageQueue,
  blobs: BlobStore,
  options?: ClaimCheckOptions,
): ClaimCheckedMessageQueue {
  return new ClaimCheckedQueue(queue, blobs, resolveClaimCheckOptions(options));
}

const home = 'messages';
/** Messages whose blob a sender can still remove when it withdraws them. Count. */
const rememberedMessages = 10_000;

/** A message as it is sent, and the blob that it refers to, where it does. */
interface Packed {
  readonly message: OutgoingMessage;
  readonly blob?: { readonly key: string; readonly text: string };
}

class ClaimCheckedQueue implements ClaimCheckedMessageQueue {
  readonly deadLetters: DeadLetters;
  readonly #queue: MessageQueue;
  readonly #blobs: BlobStore;
  readonly #options: ResolvedClaimCheckOptions;
  readonly #ids: IdSource;
  readonly #leaving: LeavingBlobs;
  readonly #deliveries: CheckedDeliveries;
  /** Keys by `queue/id`, of what this process sent last. */
  readonly #sent = new Map<string, string>();
  #closing: Promise<void> | undefined;
  #closed = false;

  constructor(queue: MessageQueue, blobs: BlobStore, options: ResolvedClaimCheckOptions) {
    this.#queue = queue;
    this.#blobs = blobs;
    this.#options = options;
    this.#ids = createIdSource({ clock: options.clock });
    this.#leaving = new LeavingBlobs(blobs, options);
    this.#deliveries = new CheckedDeliveries(blobs, this.#leaving, options);
    this.deadLetters = new ClaimCheckedDeadLetters(queue.deadLetters, blobs, this.#leaving);
  }

  get capabilities(): MessageQueueCapabilities {
    return weaker(this.#queue.capabilities, this.#blobs.capabilities);
  }

  get instances(): InstanceRegistry | undefined {
    return this.#queue.instances;
  }

  async send(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly string[]> {
    checkQueueName(queue);
    const texts = checkMessages(messages).map(({ body }) => body);
    if (this.#closed || !texts.some((text) => needsBlob(text, this.#options.thresholdBytes)))
      return this.#queue.send(queue, messages);
    // What is sent is what it is now, whatever becomes of it while blobs are stored.
    const packed = messages.map((message, index) => this.#pack(queue, message, texts[index] as string));
    const ids = await this.#sendPacked(queue, packed);
    await inLanes(
      packed,
      async ({ blob }, index) => blob && this.#remember(queue, ids[index] as string, blob.key),
    );
    return ids;
  }

  consume(queue: string, handler: DeliveryHandler, options?: ConsumeOptions): Promise<Consumer> {
    const withBodies: DeliveryHandler = (delivery) => this.#deliveries.handle(delivery, handler);
    return this.#queue.consume(queue, typeof handler === 'function' ? withBodies : handler, options);
  }

  async withdraw(queue: string, ids: readonly string[]): Promise<number> {
    const keys = new Map<string, string>();
    for (const id of Array.isArray(ids) ? (ids as readonly string[]) : []) {
      const key = this.#sent.get(`${queue}/${id}`);
      if (key !== undefined) keys.set(id, key);
    }
    if (keys.size === 0) return this.#queue.withdraw(queue, ids);
    const withoutBlobs = await this.#queue.withdraw(
      queue,
      ids.filter((id) => !keys.has(id)),
    );
    // One by one: what became a dead letter stays, and needs its body.
    const counts = await inLanes([...keys], async ([id, key]) => {
      const count = await this.#queue.withdraw(queue, [id]);
      if (count > 0) await this.#leaving.remove(key);
      return count;
    });
    return counts.reduce((sum, count) => sum + count, withoutBlobs);
  }

  group(queue: string, key: string): Promise<GroupStats> {
    return this.#queue.group(queue, key);
  }

  stats(queue: string): Promise<QueueStats> {
    return this.#queue.stats(queue);
  }

  pause(queue: string): Promise<void> {
    return this.#queue.pause(queue);
  }

  resume(queue: string): Promise<void> {
    return this.#queue.resume(queue);
  }

  async sweep({ olderThanMs }: { readonly olderThanMs: number }): Promise<number> {
    checkOption('olderThanMs', olderThanMs, 1);
    const oldestKept = hourOf(this.#options.clock.now() - olderThanMs);
    let removed = 0;
    for await (const hour of this.#blobs.list(home)) {
      if (hour < oldestKept) removed += await this.#blobs.remove(`${home}/${hour}`);
    }
    return removed;
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    try {
      await this.#queue.close();
    } finally {
      this.#closed = true;
      await this.#leaving.close();
    }
  }

  /**
   * The key of a message with a dedupe id says what it is, so that one that is sent again is no second blob; and the
   * hour, because an hour later it is another message, whose body must not go with the first.
   */
  #pack(queue: string, message: OutgoingMessage, text: string): Packed {
    const { clock, thresholdBytes } = this.#options;
    if (!needsBlob(text, thresholdBytes))
      return { message: { ...message, body: JSON.parse(text) as JsonValue } };
    const { dedupeId } = message;
    const name = dedupeId === undefined ? this.#ids.next() : digestOf(queue, dedupeId, text);
    const key = `${home}/${hourOf(clock.now())}/${name}`;
    return { message: { ...message, body: referenceTo(key, text) }, blob: { key, text } };
  }

  async #sendPacked(queue: string, packed: readonly Packed[]): Promise<readonly string[]> {
    try {
      await inLanes(packed, async ({ blob }) => blob && this.#blobs.put(blob.key, blob.text));
      return await this.#queue.send(
        queue,
        packed.map(({ message }) => message),
      );
    } catch (error) {
      // A store that failed may have the messages all the same; and a dedupe id may be that of one that is there.
      if (!isLoomError(error, 'LOOM_STORE_FAILED')) {
        const own = packed.filter(({ message }) => message.dedupeId === undefined);
        await inLanes(own, async ({ blob }) => blob && this.#leaving.remove(blob.key));
      }
      throw error;
    }
  }

  /** What came back under an id of the same hour was not stored again, and its blob is not needed. */
  async #remember(queue: string, id: string, key: string): Promise<void> {
    const place = `${queue}/${id}`;
    const known = this.#sent.get(place);
    if (known !== undefined && known !== key && posix.dirname(known) === posix.dirname(key))
      return this.#leaving.remove(key);
    this.#sent.set(place, key);
    if (this.#sent.size > rememberedMessages) this.#sent.delete(this.#sent.keys().next().value as string);
  }
}

/** Hours of UTC, in the order of their names. */
function hourOf(time: number): string {
  return new Date(time).toISOString().slice(0, 13);
}
