import { systemClock } from '@certoai/loom-core';
import type { Consumer, DeliveryHandler, Logger } from '@certoai/loom-core';
import { decideOutcome, silentDeathReason } from '../internal/delivery-outcome.js';
import type { DeliveryOutcome, HandlerResult } from '../internal/delivery-outcome.js';
import type { ResolvedConsumeOptions } from '../internal/message-queue-options.js';
import { isTemporary } from '../internal/temporary-queue.js';
import { RunningDelivery, consumerClosing, leaseLost } from '../internal/running-delivery.js';
import { LeaseKeeper } from './lease-keeper.js';
import type { Lease, LeaseEnd } from './lease-keeper.js';
import { leaseTimes } from './lease-times.js';
import type { LeasedJob, LeasedJobs, Taken } from './leased-jobs.js';
import type { MarkerBoard, MarkerWait } from './marker-board.js';
import { isLeaseRefusal } from './redis-error.js';
import type { StalledWatch, WatchedQueue } from './stalled-watch.js';

/** Waits after the server refused something: the first, and the longest it doubles up to. */
const firstRetryMs = 100;
const longestRetryMs = 2_000;
/** How long closing waits for a Redis that does not answer, after all handlers have settled. */
const goodbyeMs = 5_000;

export interface BullMQConsumerOptions {
  readonly queue: string;
  readonly jobs: LeasedJobs;
  readonly handler: DeliveryHandler;
  readonly options: ResolvedConsumeOptions;
  readonly logger: Logger;
  readonly board: MarkerBoard;
  readonly watch: StalledWatch;
  readonly onClosed: () => Promise<void>;
}

/** A job and the time, on `performance.now()`, at which its lock was asked for. */
interface Turn {
  readonly job: LeasedJob;
  readonly takenAt: number;
}

/**
 * One `consume` call. A slot that settles a job takes the next one in the same step; a loop beside it fills
 * free slots, and waits for work when there is none.
 */
export class BullMQConsumer implements Consumer {
  readonly #queue: string;
  readonly #jobs: LeasedJobs;
  readonly #handler: DeliveryHandler;
  readonly #options: ResolvedConsumeOptions;
  readonly #logger: Logger;
  readonly #onClosed: () => Promise<void>;
  readonly #lockMs: number;
  readonly #leases: LeaseKeeper;
  readonly #marker: MarkerWait;
  readonly #watch: StalledWatch;
  readonly #watched: WatchedQueue;
  readonly #running = new Set<RunningDelivery>();
  #slotsTaken = 0;
  #state: 'open' | 'closing' | 'aborting' | 'abandoned' = 'open';
  /** Called when a slot becomes free or a handler settles. */
  #onProgress: () => void = () => {};
  #closing: Promise<void> | undefined;

  constructor({ queue, jobs, handler, options, logger, board, watch, onClosed }: BullMQConsumerOptions) {
    const { lockMs, renewEveryMs, lookEveryMs } = leaseTimes(options.leaseMs);
    this.#queue = queue;
    this.#jobs = jobs;
    this.#handler = handler;
    this.#options = options;
    this.#logger = logger;
    this.#onClosed = onClosed;
    this.#lockMs = lockMs;
    this.#leases = new LeaseKeeper({
      lockMs,
      renewEveryMs,
      onError: (error) => this.#report(error),
      renew: (leases, ms) => jobs.renew(leases, ms),
    });
    this.#marker = board.join(`${jobs.prefix}marker`);
    this.#watch = watch;
    this.#watched = {
      prefix: jobs.prefix,
      lookEveryMs,
      onWaiting: () => this.#marker.wake(),
      onRecovered: (count) =>
        logger.warn('Deliveries of a process that ended are ready again', { queue, count }),
    };
  }

  start(): void {
    this.#watch.add(this.#watched);
    void this.#run();
  }

  close({ abort = false }: { readonly abort?: boolean | undefined } = {}): Promise<void> {
    if (this.#isOpen) this.#stop();
    if (abort) this.#abort();
    return (this.#closing ??= this.#drain());
  }

  get #isOpen(): boolean {
    return this.#state === 'open';
  }

  get #hasFreeSlot(): boolean {
    return this.#slotsTaken < this.#options.concurrency;
  }

  async #run(): Promise<void> {
    let retryMs = firstRetryMs;
    while (this.#isOpen) {
      try {
        const nextDueAt = await this.#fill();
        retryMs = firstRetryMs;
        if (!this.#isOpen) return;
        if (this.#hasFreeSlot) await this.#marker.wait(nextDueAt);
        else await this.#rest();
      } catch (error) {
        this.#report(error);
        await pause(retryMs);
        retryMs = Math.min(retryMs * 2, longestRetryMs);
      }
    }
  }

  /** Takes jobs until there are none, or no slot for them. @returns when the next delayed one is due */
  async #fill(): Promise<number | undefined> {
    while (this.#isOpen && this.#hasFreeSlot) {
      const turn = await this.#takeOne();
      if (turn.job === undefined) return turn.nextDueAt;
    }
    return undefined;
  }

  /** Takes a job into a slot of its own, and lets it run. */
  async #takeOne(): Promise<Taken> {
    const token = this.#jobs.newToken();
    const takenAt = performance.now();
    this.#slotsTaken += 1;
    let taken: Taken | undefined;
    try {
      taken = await this.#jobs.take(token);
    } finally {
      if (taken?.job) void this.#work({ job: taken.job, takenAt }, token);
      else this.#freeSlot();
    }
    return taken;
  }

  /** One slot, from its first job to the one after which there was no other. Never rejects. */
  async #work(first: Turn, token: string): Promise<void> {
    for (let turn: Turn | undefined = first; turn;) {
      turn = this.#isOpen
        ? await this.#take(turn, token)
        : await this.#settle(turn.job, token, { kind: 'released' });
    }
    this.#freeSlot();
  }

  /** @returns what the slot has next */
  async #take({ job, takenAt }: Turn, token: string): Promise<Turn | undefined> {
    const { maxDeliveries } = this.#options;
    if (job.attempt > maxDeliveries) {
      // Only deliveries that ended without a word leave a job at its limit; this one does not count.
      const attempt = job.attempt - 1;
      return this.#settle({ ...job, attempt }, token, { kind: 'dead', reason: silentDeathReason(attempt) });
    }
    const { id, text, attempt, sentAt } = job;
    const delivery = new RunningDelivery({ id, queue: this.#queue, text, attempt, sentAt }, (leaseMs) =>
      this.#extend(lease, delivery, leaseMs),
    );
    const lease: Lease = {
      id,
      token,
      endsAt: takenAt + this.#lockMs,
      end: undefined,
      onEnd: (end) => (end === 'lost' ? delivery.abort(leaseLost(delivery)) : delivery.withdraw()),
    };
    this.#leases.add(lease);
    const result = await this.#handle(delivery);
    const outcome = decideOutcome(result, { attempt, aborted: delivery.aborted, options: this.#options });
    const next = await this.#settle(job, token, outcome, lease);
    this.#leases.remove(lease);
    return next;
  }

  async #handle(delivery: RunningDelivery): Promise<HandlerResult> {
    this.#running.add(delivery);
    if (this.#state === 'aborting') delivery.abort(consumerClosing());
    try {
      return { kind: 'resolved', verdict: await this.#handler(delivery) };
    } catch (error) {
      return { kind: 'rejected', error };
    } finally {
      delivery.end();
      this.#running.delete(delivery);
      this.#onProgress();
    }
  }

  /** Tries until Redis has taken the outcome, or says that it is not ours to give any more. */
  async #settle(
    job: LeasedJob,
    token: string,
    outcome: DeliveryOutcome,
    lease?: Lease,
  ): Promise<Turn | undefined> {
    for (let retryMs = firstRetryMs; lease?.end !== 'lost'; retryMs = Math.min(retryMs * 2, longestRetryMs)) {
      const takenAt = performance.now();
      try {
        const next = await this.#jobs.settle(job, token, outcome, this.#isOpen);
        return next && { job: next, takenAt };
      } catch (error) {
        if (isLeaseRefusal(error))
          return this.#reportEnd(job, lease?.end ?? (await this.#endOf(job.id, token)));
        this.#report(error);
        if (this.#state === 'abandoned') return undefined;
        await pause(retryMs);
      }
    }
    return this.#reportEnd(job, 'lost');
  }

  /** Why a delivery is not ours any more. */
  async #endOf(id: string, token: string): Promise<LeaseEnd> {
    const ended = await this.#jobs.renew([{ id, token }], this.#lockMs).catch(() => undefined);
    return ended?.get(id) ?? 'lost';
  }

  async #extend(lease: Lease, delivery: RunningDelivery, leaseMs: number): Promise<void> {
    if (await this.#leases.extend(lease, leaseMs)) throw leaseLost(delivery);
  }

  #freeSlot(): void {
    this.#slotsTaken -= 1;
    this.#onProgress();
  }

  /** Without a free slot, work is for others. */
  async #rest(): Promise<void> {
    this.#marker.rest();
    await this.#progress();
  }

  /** Resolves when a slot was freed or a handler has settled, or when closing begins. */
  #progress(): Promise<void> {
    return new Promise((resolve) => {
      this.#onProgress = resolve;
    });
  }

  #stop(): void {
    this.#state = 'closing';
    this.#watch.remove(this.#watched);
    this.#marker.close();
    this.#onProgress();
  }

  #abort(): void {
    this.#state = 'aborting';
    for (const delivery of this.#running) delivery.abort(consumerClosing());
  }

  async #drain(): Promise<void> {
    while (this.#running.size > 0) await this.#progress();
    const cancelTimer = systemClock.setTimer(goodbyeMs, () => {
      this.#state = 'abandoned';
      this.#onProgress();
    });
    while (this.#slotsTaken > 0 && !this.#isAbandoned) await this.#progress();
    // What is not removed now ends by itself within a day.
    if (isTemporary(this.#queue) && !this.#isAbandoned)
      await Promise.race([this.#jobs.end().catch(() => {}), this.#progress()]);
    cancelTimer();
    await this.#onClosed();
  }

  get #isAbandoned(): boolean {
    return this.#state === 'abandoned';
  }

  /** What was withdrawn needs no outcome. */
  #reportEnd({ id, attempt }: LeasedJob, end: LeaseEnd): undefined {
    if (end === 'withdrawn') return;
    this.#logger.warn('Lease ended before its delivery did; the message is delivered again', {
      queue: this.#queue,
      messageId: id,
      attempt,
    });
  }

  #report(error: unknown): void {
    // A look that was under way when everything closed.
    if (!this.#isOpen && this.#slotsTaken === 0) return;
    this.#logger.warn('Redis refused a consumer; it tries again', { queue: this.#queue, error });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void systemClock.setTimer(ms, resolve));
}
