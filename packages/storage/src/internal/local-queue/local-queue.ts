import type { Clock, GroupStats, Logger, QueueStats } from '@certoai/loom-core';
import { decideOutcome, silentDeathReason } from '../delivery-outcome.js';
import type { DeliveryOutcome, HandlerResult } from '../delivery-outcome.js';
import type { StoredGroup } from '../group-limits.js';
import { RunningDelivery } from '../running-delivery.js';
import { DelayedMessages } from './delayed-messages.js';
import { Deque } from './deque.js';
import type { LocalConsumer } from './local-consumer.js';
import type { Ending, LoadedGroup, MessageKeeper } from './message-keeper.js';
import type { LocalRun } from './local-run.js';
import { ReadyGroups } from './ready-groups.js';
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
 * started when a message comes, when a slot becomes free, and by one timer for the earliest delayed message
 * or the first rate that opens.
 */
export class LocalQueue {
  readonly #name: string;
  readonly #keeper: MessageKeeper;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #ready = new ReadyGroups();
  readonly #delayed = new DelayedMessages();
  readonly #consumers = new Set<LocalConsumer>();
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

  /** Takes messages back, those that run as well. @returns how many were removed */
  async withdraw(ids: readonly string[]): Promise<number> {
    const runs = new Map<string, LocalRun>();
    for (const consumer of this.#consumers) for (const run of consumer.runs) runs.set(idOf(run.message), run);
    const removals: Promise<void>[] = [];
    const settling = new Map<string, Promise<void>>();
    for (const id of new Set(ids)) {
      const run = runs.get(id);
      const removal = run ? this.#removeRunning(run) : this.#removeWaiting(id);
      if (run?.settling) settling.set(id, run.settling);
      else if (removal) removals.push(removal);
    }
    await Promise.all(removals);
    if (settling.size === 0) return removals.length;
    // It may wait again afterwards.
    await Promise.allSettled(settling.values());
    return removals.length + (await this.withdraw([...settling.keys()]));
  }

  /** Removes all that waits, and starts nothing more. */
  async end(): Promise<void> {
    await this.withdraw([...this.#delayed, ...this.#ready].map(idOf));
    this.close();
  }

  /** Puts the limits of a group in force. */
  setLimits(group: StoredGroup): void {
    this.#ready.setLimits(group, this.#clock.now());
    this.#wake();
  }

  /** For what a process before this one knew. */
  restore(group: LoadedGroup): void {
    if (group.begunAt === undefined) this.setLimits(group);
    else this.#ready.begun(group, group.begunAt);
  }

  get isConsumed(): boolean {
    return this.#consumers.size > 0;
  }

  addConsumer(consumer: LocalConsumer): void {
    this.#consumers.add(consumer);
    this.#offer(consumer);
    this.#wake();
  }

  removeConsumer(consumer: LocalConsumer): void {
    this.#consumers.delete(consumer);
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

  group(key: string): GroupStats {
    const now = this.#clock.now();
    this.#promote(now);
    return this.#ready.stats(key, now);
  }

  /** Starts nothing more; consumers are closed by whoever made them. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #removeWaiting(id: string): Promise<void> | undefined {
    const sequence = Number(id);
    const delayed = this.#delayed.find(sequence);
    const message = delayed ?? this.#ready.find(sequence);
    if (message === undefined || idOf(message) !== id) return undefined;
    if (delayed) this.#delayed.remove(message);
    else this.#ready.remove(message, this.#clock.now());
    return this.#forget(message).catch((error: unknown) => {
      this.add([{ ...message, withdrawn: false }]);
      throw error;
    });
  }

  #removeRunning(run: LocalRun): Promise<void> | undefined {
    if (run.settling || run.removal) return undefined;
    run.delivery?.withdraw();
    const removing = this.#forget(run.message);
    run.removal = removing.then(
      () => true,
      () => false,
    );
    return removing;
  }

  async #forget(message: StoredMessage): Promise<void> {
    await this.#keeper.end(message, { kind: 'gone' });
    message.body = undefined;
  }

  #put(message: StoredMessage, now: number): void {
    if (message.dueAt > now) this.#delayed.push(message);
    else this.#ready.add(message, now);
  }

  #promote(now: number): void {
    for (let first = this.#delayed.first; first && first.dueAt <= now; first = this.#delayed.first) {
      this.#delayed.pop();
      this.#ready.add(first, now);
    }
    this.#ready.open(now);
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
    const isTimed = this.#delayed.size > 0 || this.#ready.hasGroups;
    const now = isTimed ? this.#clock.now() : 0;
    if (isTimed) this.#promote(now);
    while (!this.#paused && this.#turn > 0 && this.#ready.hasNext) {
      const consumer = this.#nextConsumer();
      if (consumer === undefined) break;
      const message = this.#ready.take(now);
      const run = message && { message, delivery: undefined, settling: undefined, removal: undefined };
      if (run) consumer.takeSlot(run);
      this.#offer(consumer);
      if (run === undefined) break;
      this.#turn -= 1;
      if (this.#turn === 0) setImmediate(() => this.#nextTurn());
      this.#active += 1;
      void this.#deliver(run, consumer);
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
    const { opensAt = Infinity } = this.#ready;
    const dueAt = this.#paused ? Infinity : Math.min(this.#delayed.first?.dueAt ?? Infinity, opensAt);
    if (dueAt === (this.#timer?.dueAt ?? Infinity)) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (dueAt === Infinity) return;
    const cancel = this.#clock.setTimer(Math.max(dueAt - this.#clock.now(), 0), () => {
      this.#timer = undefined;
      this.#dispatch();
    });
    this.#timer = { dueAt, cancel };
  }

  /** From the slot being taken to the outcome being kept. Never rejects. */
  async #deliver(run: LocalRun, consumer: LocalConsumer): Promise<void> {
    const { message } = run;
    let hasSlot = true;
    try {
      const outcome = await this.#handle(run, consumer);
      if (!(run.removal && (await run.removal))) {
        const kept = this.#keeper.end(message, this.#apply(outcome, message));
        if (kept) {
          run.settling = kept;
          // What the slot takes next begins in the same transaction.
          hasSlot = false;
          this.#freeSlot(consumer);
          await kept;
        }
        this.#return(message, outcome);
      }
    } catch (error) {
      if (!(await run.removal)) this.#putOff(message, error);
    }
    this.#active -= 1;
    this.#ready.ended(message, message.group ? this.#clock.now() : 0);
    if (hasSlot) this.#freeSlot(consumer);
    else this.#dispatch();
    consumer.settled(run);
  }

  #freeSlot(consumer: LocalConsumer): void {
    consumer.freeSlot();
    this.#offer(consumer);
    this.#dispatch();
  }

  async #handle(run: LocalRun, consumer: LocalConsumer): Promise<DeliveryOutcome> {
    const { message } = run;
    const { handler, options } = consumer;
    // Only a process that died can leave a message at its limit.
    if (message.attempts >= options.maxDeliveries) {
      return { kind: 'dead', reason: silentDeathReason(message.attempts) };
    }
    const delivery = await this.#begin(message);
    if (run.removal) return { kind: 'released' };
    run.delivery = delivery;
    consumer.started(delivery);
    let result: HandlerResult;
    try {
      result = { kind: 'resolved', verdict: await handler(delivery) };
    } catch (error) {
      result = { kind: 'rejected', error };
    }
    delivery.end();
    return decideOutcome(result, { attempt: message.attempts, aborted: delivery.aborted, options });
  }

  async #begin(message: StoredMessage): Promise<RunningDelivery> {
    message.attempts += 1;
    try {
      const now = message.group ? this.#clock.now() : 0;
      const kept = this.#keeper.begin(message, now, this.#ready.rateMs(message));
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
    this.#ready.putBack(message, this.#clock.now());
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
