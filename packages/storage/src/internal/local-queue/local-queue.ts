import type { Clock, Logger, QueueStats } from '@certoai/loom-core';
import { decideOutcome, silentDeathReason } from '../delivery-outcome.js';
import type { DeliveryOutcome, HandlerResult } from '../delivery-outcome.js';
import { RunningDelivery } from '../running-delivery.js';
import { BinaryHeap } from './binary-heap.js';
import { Deque } from './deque.js';
import type { LocalConsumer } from './local-consumer.js';
import type { Ending, MessageKeeper } from './message-keeper.js';
import { ReadyMessages } from './ready-messages.js';
import { idOf } from './stored-message.js';
import type { StoredMessage } from './stored-message.js';

/** Deliveries started before the event loop gets a turn for everything else. */
const deliveriesPerTurn = 256;
/** Wait before a message is tried again whose keeper failed. */
const keeperRetryMs = 1_000;

export interface LocalQueueOptions {
  readonly name: string;
  readonly keeper: MessageKeeper;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * One named queue in one process: which message goes to which consumer, and when. Nothing polls: work is
 * started when a message comes, when a slot becomes free, and by one timer for the earliest delayed message.
 */
export class LocalQueue {
  readonly #name: string;
  readonly #keeper: MessageKeeper;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #ready = new ReadyMessages();
  readonly #delayed = new BinaryHeap<StoredMessage>(isDueBefore);
  /** Consumers with a free slot; one that closed is dropped when its turn comes. */
  readonly #free = new Deque<LocalConsumer>();
  readonly #waitingTurn = new Set<LocalConsumer>();
  #active = 0;
  #paused = false;
  #closed = false;
  #awake = false;
  #turn = deliveriesPerTurn;
  #timer: { readonly dueAt: number; readonly cancel: () => void } | undefined;

  constructor({ name, keeper, clock, logger }: LocalQueueOptions) {
    this.#name = name;
    this.#keeper = keeper;
    this.#clock = clock;
    this.#logger = logger;
  }

  add(messages: readonly StoredMessage[]): void {
    const now = this.#clock.now();
    for (const message of messages) this.#put(message, now);
    this.#wake();
  }

  addConsumer(consumer: LocalConsumer): void {
    this.#offer(consumer);
    this.#wake();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#wake();
  }

  stats(): QueueStats {
    const now = this.#clock.now();
    this.#promote(now);
    const { oldestReadySince } = this.#ready;
    return {
      ready: this.#ready.size,
      delayed: this.#delayed.size,
      active: this.#active,
      dead: this.#keeper.deadCount(this.#name),
      paused: this.#paused,
      oldestReadyAgeMs: oldestReadySince === undefined ? null : Math.max(0, now - oldestReadySince),
    };
  }

  /** Starts nothing more; consumers are closed by whoever made them. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #put(message: StoredMessage, now: number): void {
    if (message.dueAt > now) this.#delayed.push(message);
    else this.#ready.add(message);
  }

  #promote(now: number): void {
    for (let first = this.#delayed.first; first && first.dueAt <= now; first = this.#delayed.first) {
      this.#delayed.pop();
      this.#ready.add(first);
    }
  }

  /** No handler runs inside the call that made its message available. */
  #wake(): void {
    if (this.#awake) return;
    this.#awake = true;
    queueMicrotask(() => {
      this.#awake = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    if (this.#closed) return;
    if (this.#delayed.size > 0) this.#promote(this.#clock.now());
    while (!this.#paused && this.#turn > 0 && this.#ready.size > 0) {
      const consumer = this.#nextConsumer();
      if (consumer === undefined) break;
      const message = this.#ready.take() as StoredMessage;
      consumer.takeSlot();
      this.#offer(consumer);
      this.#turn -= 1;
      if (this.#turn === 0) setImmediate(() => this.#nextTurn());
      this.#active += 1;
      void this.#deliver(message, consumer);
    }
    this.#setTimer();
  }

  #nextTurn(): void {
    this.#turn = deliveriesPerTurn;
    this.#dispatch();
  }

  #offer(consumer: LocalConsumer): void {
    if (!consumer.hasFreeSlot || this.#waitingTurn.has(consumer)) return;
    this.#waitingTurn.add(consumer);
    this.#free.pushBack(consumer);
  }

  #nextConsumer(): LocalConsumer | undefined {
    for (let consumer = this.#free.popFront(); consumer; consumer = this.#free.popFront()) {
      this.#waitingTurn.delete(consumer);
      if (consumer.hasFreeSlot) return consumer;
    }
    return undefined;
  }

  #setTimer(): void {
    const dueAt = this.#paused ? undefined : this.#delayed.first?.dueAt;
    if (dueAt === this.#timer?.dueAt) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (dueAt === undefined) return;
    const cancel = this.#clock.setTimer(dueAt - this.#clock.now(), () => {
      this.#timer = undefined;
      this.#dispatch();
    });
    this.#timer = { dueAt, cancel };
  }

  /** From the slot being taken to the outcome being kept. Never rejects. */
  async #deliver(message: StoredMessage, consumer: LocalConsumer): Promise<void> {
    let hasSlot = true;
    try {
      const outcome = await this.#handle(message, consumer);
      const kept = this.#keeper.end(message, this.#apply(outcome, message));
      if (kept) {
        // What the slot takes next begins in the same transaction.
        hasSlot = false;
        this.#freeSlot(consumer);
        await kept;
      }
      this.#return(message, outcome);
    } catch (error) {
      this.#putOff(message, error);
    }
    this.#active -= 1;
    if (hasSlot) this.#freeSlot(consumer);
    else this.#dispatch();
    consumer.settled();
  }

  #freeSlot(consumer: LocalConsumer): void {
    consumer.freeSlot();
    this.#offer(consumer);
    this.#dispatch();
  }

  async #handle(message: StoredMessage, consumer: LocalConsumer): Promise<DeliveryOutcome> {
    const { handler, options } = consumer;
    // Only a process that died can leave a message at its limit.
    if (message.attempts >= options.maxDeliveries) {
      return { kind: 'dead', reason: silentDeathReason(message.attempts) };
    }
    const delivery = await this.#begin(message);
    consumer.started(delivery);
    let result: HandlerResult;
    try {
      result = { kind: 'resolved', verdict: await handler(delivery) };
    } catch (error) {
      result = { kind: 'rejected', error };
    }
    consumer.ended(delivery);
    return decideOutcome(result, { attempt: message.attempts, aborted: delivery.aborted, options });
  }

  async #begin(message: StoredMessage): Promise<RunningDelivery> {
    message.attempts += 1;
    try {
      const kept = this.#keeper.begin(message);
      const text = typeof kept === 'string' ? kept : await kept;
      const { queue, attempts, sentAt } = message;
      return new RunningDelivery({ id: idOf(message), queue, text, attempt: attempts, sentAt });
    } catch (error) {
      message.attempts -= 1;
      throw error;
    }
  }

  #apply(outcome: DeliveryOutcome, message: StoredMessage): Ending {
    switch (outcome.kind) {
      case 'acknowledged':
        return { kind: 'gone' };
      case 'waiting':
        message.dueAt = this.#clock.now() + outcome.delayMs;
        return { kind: 'waiting' };
      case 'released':
        message.attempts -= 1;
        return { kind: 'waiting' };
      case 'dead':
        return { kind: 'dead', reason: outcome.reason, diedAt: this.#clock.now() };
    }
  }

  #return(message: StoredMessage, outcome: DeliveryOutcome): void {
    if (outcome.kind === 'waiting') this.#put(message, this.#clock.now());
    if (outcome.kind !== 'released') return;
    this.#ready.putBack(message);
    // A handler that gives everything back must not keep the event loop to itself.
    this.#turn = 0;
    setImmediate(() => this.#nextTurn());
  }

  /** What happened is not on record, so the message is delivered again. */
  #putOff(message: StoredMessage, error: unknown): void {
    this.#logger.error('Message could not be settled; it will be delivered again', {
      queue: this.#name,
      messageId: idOf(message),
      error,
    });
    message.dueAt = this.#clock.now() + keeperRetryMs;
    this.#delayed.push(message);
  }
}

function isDueBefore(a: StoredMessage, b: StoredMessage): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.sequence < b.sequence);
}
