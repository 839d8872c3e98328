import type { JsonValue } from '../message/json.js';
import type { InstanceRegistry } from './instance-registry.js';

/**
 * Named queues of JSON messages. At least once while its store lives; within one priority roughly
 * oldest first. A consumer may see a message again, so handlers must be safe to run twice.
 * Queue names: 1 to 200 characters of letters, digits, `.`, `_` and `-`; anything else is refused
 * with `LOOM_INVALID_OPTION`.
 *
 * A queue whose name begins with `loom.replies.` is temporary: it belongs to one consumer, under a name that nobody
 * had before. What is left of it is removed when that consumer closes; what a process left that died, or was sent
 * when there was no consumer, at once or within a day, and so is a message that waits for a day. It cannot be
 * paused. The name says so, and no option: senders in other processes, of other versions, know it as well as the
 * consumer does.
 */
export interface MessageQueue extends AsyncDisposable {
  readonly capabilities: MessageQueueCapabilities;

  /**
   * Stores messages; resolves once consumers can get them, all or none of them.
   * @returns one id per message, in order. A message whose `dedupeId` is still known is not stored
   *   again and its first id is returned.
   * @throws LoomError `LOOM_QUEUE_FULL`, `LOOM_STORE_FULL`, `LOOM_NOT_SERIALISABLE`, `LOOM_PAYLOAD_TOO_LARGE`
   *   (a body above 64 MiB), `LOOM_INVALID_OPTION`; `LOOM_STORE_FAILED` and `LOOM_CLOSED`, as every method
   */
  send(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly string[]>;

  /**
   * Starts delivering messages of `queue` to `handler`, at most `concurrency` at a time. The lease of
   * a running delivery is extended by itself until the handler settles.
   * What the handler resolves to decides: `undefined` acknowledges; a {@link Verdict} says otherwise.
   * A rejection is a `retry` after `retryDelayMs`, and a dead letter once `maxDeliveries` is reached; after
   * `close({ abort })` it is a `release`. A message that was delivered `maxDeliveries` times without any
   * outcome, because its processes died, becomes a dead letter when it would be delivered once more.
   */
  consume(queue: string, handler: DeliveryHandler, options?: ConsumeOptions): Promise<Consumer>;

  /**
   * Takes messages back. Those that wait are removed and never delivered; one that is being handled is removed
   * too, and its delivery's signal is aborted with `LOOM_CANCELLED` at the latest after a tenth of its lease.
   * Dead letters stay, and ids that are not known are passed over.
   * @returns how many were removed
   */
  withdraw(queue: string, ids: readonly string[]): Promise<number>;

  /** What one group of {@link OutgoingMessage.group} is doing; zeros for one nobody used. */
  group(queue: string, key: string): Promise<GroupStats>;

  /** Counts and age of one queue; zeros for a queue nobody used. */
  stats(queue: string): Promise<QueueStats>;

  /**
   * Nothing of `queue` is delivered until {@link resume}; running deliveries end normally. Idempotent.
   * @throws LoomError `LOOM_INVALID_OPTION`, as `resume`, for a temporary queue
   */
  pause(queue: string): Promise<void>;
  resume(queue: string): Promise<void>;

  /** What is needed to see and to mend dead letters. */
  readonly deadLetters: DeadLetters;

  /** Where the processes that consume make themselves known; absent where the adapter has no such place. */
  readonly instances?: InstanceRegistry | undefined;

  /**
   * Stops all consumers as {@link Consumer.close} does, then releases. Handlers that still run may send.
   * Idempotent. A handler that awaits it waits for itself.
   */
  close(): Promise<void>;
}

export interface MessageQueueCapabilities {
  /** A resolved `send` survives the end of this process. */
  readonly durable: boolean;
  /** Several processes may use it at once. */
  readonly shared: boolean;
}

export interface OutgoingMessage {
  readonly body: JsonValue;
  /** Not delivered before; milliseconds from now, 0 or more. @default 0 */
  readonly delayMs?: number | undefined;
  /** Whole number 0 to 100; higher first. @default 0 */
  readonly priority?: number | undefined;
  /**
   * Sending the same again to this queue stores nothing, while the first is in the queue, dead letters
   * included, and for an hour after it was sent, discarded or not. 1 to 1000 characters.
   */
  readonly dedupeId?: string | undefined;
  /** @default none: delivered in the order of the queue, without limits */
  readonly group?: MessageGroup | undefined;
}

/**
 * Messages of one queue and one key share these limits, over all consumers in all processes. Keys take turns:
 * the next message to be delivered is the oldest of the key that has waited longest for its turn, so one key
 * with many messages does not keep the others waiting. Within a key, higher priorities go first. The limits
 * that were sent last are those in force.
 */
export interface MessageGroup {
  /** 1 to 256 characters. */
  readonly key: string;
  /** Deliveries at the same time; 1 or more. @default no limit */
  readonly concurrency?: number | undefined;
  /**
   * Deliveries begun in any window of `perMs` milliseconds, which slides; both 1 or more. A release does not give
   * its beginning back. @default no limit
   */
  readonly rate?: { readonly limit: number; readonly perMs: number } | undefined;
}

export interface GroupStats {
  /** Ready, and held back by turns or limits. */
  readonly waiting: number;
  /** Being handled. */
  readonly active: number;
  /** When the rate lets the next one begin, if it does not now; milliseconds since the epoch. */
  readonly openAt: number | null;
}

export interface Delivery {
  readonly id: string;
  readonly queue: string;
  readonly body: JsonValue;
  /** 1 on first delivery. */
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  /**
   * Aborted with `LOOM_LEASE_LOST` when another consumer may have the message, with `LOOM_CANCELLED` when it was
   * withdrawn, with `LOOM_CLOSED` on `close({ abort })`.
   */
  readonly signal: AbortSignal;
  /**
   * Sets the end of the lease to `leaseMs` from now; for a handler about to block its event loop.
   * @throws LoomError `LOOM_LEASE_LOST` when it has ended, or the delivery has
   */
  extend(leaseMs: number): Promise<void>;
}

export type Verdict =
  /** Deliver again after `delayMs`; counts as a delivery. */
  | { readonly kind: 'retry'; readonly delayMs?: number | undefined }
  /** Deliver again at once elsewhere, as if it had never been delivered (a worker that drains). Does not count. */
  | { readonly kind: 'release' }
  | { readonly kind: 'dead-letter'; readonly reason: string; readonly error?: unknown };

export type DeliveryHandler = (delivery: Delivery) => Promise<Verdict | void>;

export interface ConsumeOptions {
  /** Deliveries at the same time; 1 to 10_000. @default 1 */
  readonly concurrency?: number | undefined;
  /** A delivery whose process died returns after at most this; milliseconds, 100 to 43_200_000. @default 5_000 */
  readonly leaseMs?: number | undefined;
  /** Deliveries of one message before it becomes a dead letter; 1 or more. @default 5 */
  readonly maxDeliveries?: number | undefined;
  /** Wait before a rejected delivery returns; milliseconds, 0 or more. @default 1_000 */
  readonly retryDelayMs?: number | undefined;
}

export interface Consumer {
  /** Takes nothing new. Waits for running deliveries; with `abort`, also in a later call, it aborts their signals. Idempotent. */
  close(options?: { readonly abort?: boolean | undefined }): Promise<void>;
}

export interface QueueStats {
  /** Wait to be delivered, those that the limits of their group hold back included. */
  readonly ready: number;
  readonly delayed: number;
  /** Being handled. */
  readonly active: number;
  readonly dead: number;
  readonly paused: boolean;
  /** How long the message that waits longest has been ready, in milliseconds; `null` when none is ready. */
  readonly oldestReadyAgeMs: number | null;
}

export interface DeadLetters {
  /** Oldest first. */
  list(queue: string, options?: DeadLetterListOptions): Promise<DeadLetterPage>;
  /** How many there are of each kind of failure, most frequent first. */
  groups(queue: string): Promise<readonly DeadLetterGroup[]>;
  /**
   * Puts dead letters back with their counters reset and their id, body, priority, dedupe id and `sentAt` kept.
   * @param options.perSecond - spread over time by delays; above 0. Absent: all at once.
   * @returns how many were put back
   */
  redrive(
    queue: string,
    options?: DeadLetterSelection & { readonly perSecond?: number | undefined },
  ): Promise<number>;
  /** Removes for good; returns how many. */
  discard(queue: string, options?: DeadLetterSelection): Promise<number>;
}

/** Absent fields do not restrict. */
export interface DeadLetterSelection {
  /** One that is no dead letter is passed over; an empty list selects none. */
  readonly ids?: readonly string[] | undefined;
  readonly fingerprint?: string | undefined;
}

export interface DeadLetterListOptions extends DeadLetterSelection {
  /** 1 to 1000. @default 100 */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface DeadLetter {
  readonly id: string;
  readonly body: JsonValue;
  readonly reason: string;
  /** The same for failures of one kind: ids, numbers and quoted values in the reason do not count. */
  readonly fingerprint: string;
  readonly attempts: number;
  readonly sentAt: number;
  readonly diedAt: number;
}

export interface DeadLetterPage {
  readonly items: readonly DeadLetter[];
  readonly cursor?: string | undefined;
}

export interface DeadLetterGroup {
  readonly fingerprint: string;
  readonly count: number;
  /** Reason of the newest. */
  readonly reason: string;
  readonly oldestAt: number;
  readonly newestAt: number;
}
