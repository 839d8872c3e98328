import {
  errorRecord,
  type ClaimReply,
  type Clock,
  type ErrorRecord,
  type ExecutionStore,
  type Logger,
} from '@certoai/loom-core';
import { Patience } from './patience.js';

export interface TenureOptions {
  readonly store: ExecutionStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A name that nobody had before. */
  readonly newName: () => string;
  readonly leaseMs: number;
  /** Whether anything is held that others must not take. */
  readonly isHolding: () => boolean;
  /** Whether something was released that others may be able to serve. They all look when it wakes, and get it first. */
  readonly isStandingBack: () => boolean;
  /** Brings claimed executions to life; does not reject. */
  readonly take: (ids: readonly string[]) => Promise<void>;
  /** The lease had ended: what was held until now may be somebody else's. */
  readonly lost: () => void;
  /** Called with the first claim and whenever the seats have changed. */
  readonly seated: (seat: number, freeSeats: readonly number[]) => Promise<void>;
}

/** Executions taken by one claim. */
const claimLimit = 100;
/** Between two looks while nothing is held. Shorter than any lease, so that an idle tenure does not end. */
const idleLookMs = 3_000;

/**
 * The right of one orchestrator to the executions it holds: kept alive by one call an interval, however
 * many they are, which also finds those that nobody holds any more.
 *
 * A lease is renewed eight times while it lasts, and given an eighth more than promised: a process that is
 * blocked for less than `leaseMs` loses nothing, and one that died is replaced within nine eighths of it.
 */
export class Tenure {
  readonly #options: TenureOptions;
  readonly #renewMs: number;
  #holder: string;
  #seat: number | undefined;
  #seats = '';
  #sitting = false;
  #cancelTimer: (() => void) | undefined;
  #nextLookAt = 0;
  #lastBeatAt = 0;
  /** Until then nothing is taken: after an outage, others are given time to renew their leases. */
  #gentleUntil = 0;
  #beating: Promise<void> | undefined;
  #taking: Promise<void> | undefined;
  readonly #patience: Patience;
  #failure: ErrorRecord | undefined;
  /** What wakes by then is claimed as well. */
  #takeBy = -Infinity;
  #closed = false;

  constructor(options: TenureOptions) {
    this.#options = options;
    this.#patience = new Patience('store', options.clock);
    this.#holder = options.newName();
    this.#renewMs = Math.max(1, Math.floor(options.leaseMs / 8));
  }

  /** Among all that share the store; `undefined` before the first claim. */
  get seat(): number | undefined {
    return this.#seat;
  }

  /**
   * What this orchestrator is called as a holder. Another one after a lease was lost: what was written in the
   * old name and is still on its way is refused.
   */
  get holder(): string {
    return this.#holder;
  }

  /** Why the store does not answer, or why the last call failed, until one succeeds. */
  get failure(): ErrorRecord | undefined {
    return this.#failure ?? this.#patience.failure;
  }

  /** Takes a seat and everything that can be taken. @throws what the store or the queue rejects with */
  async begin(): Promise<void> {
    const { seat, freeSeats } = await this.#claim(0);
    await this.#options.seated(seat, freeSeats);
    this.#seats = seatsText(seat, freeSeats);
    this.#schedule();
    for (let more = true; more && !this.#closed;) {
      const { ids } = await this.#claim(claimLimit);
      await this.#take(ids);
      more = ids.length === claimLimit;
    }
  }

  /** Something is held from now on. */
  touch(): void {
    const soon = this.#options.clock.now() + this.#renewMs;
    if (this.#cancelTimer !== undefined && soon < this.#nextLookAt) this.#schedule();
  }

  /** Takes at once what nobody holds and wakes by `at`. */
  async takeBy(at: number): Promise<void> {
    await this.#beating;
    if (this.#closed) return;
    this.#takeBy = at;
    this.#beat();
    await this.#beating;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    await this.#beating;
    await this.#options.store.leave(this.#holder).catch((error: unknown) => {
      this.#options.logger.warn('Executions could not be handed over; their lease ends by itself', { error });
    });
  }

  async #claim(limit: number): Promise<ClaimReply> {
    const { store, leaseMs, clock, isStandingBack } = this.#options;
    // A store of one process needs no lease: it forgets all holders with its process.
    const lasting = store.capabilities.shared ? leaseMs + this.#renewMs : Number.MAX_SAFE_INTEGER;
    const isFirst = this.#lastBeatAt === 0;
    // Every other one looks within the time of a lease.
    const clockNow = clock.now();
    const now = Math.max(clockNow - (isStandingBack() ? leaseMs : 0), this.#takeBy);
    this.#takeBy = -Infinity;
    const reply = await store.claim({ holder: this.#holder, now, leaseMs: lasting, limit });
    this.#lastBeatAt = performance.now();
    this.#seat = reply.seat;
    if (!reply.renewed && !isFirst) return this.#beginAnew();
    this.#nextLookAt = (reply.nextWakeAt ?? Infinity) + clockNow - now;
    return reply;
  }

  async #beginAnew(): Promise<ClaimReply> {
    this.#options.lost();
    await this.#options.store.leave(this.#holder);
    this.#holder = this.#options.newName();
    this.#lastBeatAt = 0;
    return this.#claim(0);
  }

  /** What was claimed does not wait for it; when it fails, the next beat tries again. */
  async #sit({ seat, freeSeats }: ClaimReply): Promise<void> {
    const seats = seatsText(seat, freeSeats);
    if (this.#sitting || seats === this.#seats) return;
    this.#sitting = true;
    try {
      await this.#options.seated(seat, freeSeats);
      this.#seats = seats;
    } catch (error) {
      if (!this.#closed)
        this.#options.logger.warn('Messages to a seat are not heard; trying again', { error });
    }
    this.#sitting = false;
  }

  #schedule(): void {
    this.#cancelTimer?.();
    if (this.#closed || !this.#options.store.capabilities.shared) return;
    const { clock, isHolding } = this.#options;
    const now = clock.now();
    const latest = now + (isHolding() ? this.#renewMs : Math.min(idleLookMs, this.#options.leaseMs * 0.75));
    // Not more often than renewals are: what is due twice in between is found together.
    this.#nextLookAt = Math.max(now + this.#renewMs, Math.min(this.#nextLookAt, latest));
    this.#cancelTimer = clock.setTimer(this.#nextLookAt - now, () => this.#beat(), { background: true });
  }

  #beat(): void {
    // One at a time, however long the store takes; the next one is planned when it has answered.
    this.#beating ??= this.#beatOnce()
      .catch((error: unknown) => {
        if (this.#closed) return;
        if (this.#failure === undefined)
          this.#options.logger.warn('Lease could not be renewed; trying again', { error });
        this.#failure = errorRecord(error);
        this.#nextLookAt = Infinity;
      })
      .finally(() => {
        this.#beating = undefined;
        this.#schedule();
      });
  }

  async #beatOnce(): Promise<void> {
    const { leaseMs } = this.#options;
    const now = performance.now();
    // Whatever kept this process from the store may have kept the others.
    if (now - this.#lastBeatAt > leaseMs) this.#gentleUntil = now + leaseMs;
    const mayTake = this.#taking === undefined && now >= this.#gentleUntil;
    const reply = await this.#patience.during(this.#claim(mayTake ? claimLimit : 0));
    this.#failure = undefined;
    if (reply.ids.length === claimLimit) this.#nextLookAt = 0;
    void this.#take(reply.ids);
    void this.#sit(reply);
  }

  /** Renewals go on meanwhile, and take nothing more. */
  async #take(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    this.#taking = this.#options.take(ids);
    await this.#taking;
    this.#taking = undefined;
  }
}

function seatsText(seat: number, freeSeats: readonly number[]): string {
  return `${seat}/${freeSeats.join()}`;
}
