import { systemClock } from '@certoai/loom-core';

/** How a lease ended before its delivery: somebody else may have the message, or it was withdrawn. */
export type LeaseEnd = 'lost' | 'withdrawn';

/** A lock in Redis that a running delivery holds. Times are `performance.now()`, which nobody sets back. */
export interface Lease {
  readonly id: string;
  readonly token: string;
  endsAt: number;
  end: LeaseEnd | undefined;
  /** Called once, when {@link Lease.end} is known. */
  readonly onEnd: (end: LeaseEnd) => void;
}

export interface LeaseKeeperOptions {
  readonly lockMs: number;
  readonly renewEveryMs: number;
  /** @returns how those ended, by id, that are not ours any more */
  readonly renew: (leases: readonly Lease[], lockMs: number) => Promise<ReadonlyMap<string, LeaseEnd>>;
  readonly onError: (error: unknown) => void;
}

/** Renews the leases of one consumer together, and says so when one has ended. Short deliveries cost nothing. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #leases = new Set<Lease>();
  #cancelTimer: (() => void) | undefined;
  #renewing = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  add(lease: Lease): void {
    this.#leases.add(lease);
    this.#cancelTimer ??= systemClock.setTimer(this.#options.renewEveryMs, () => this.#tick());
  }

  remove(lease: Lease): void {
    this.#leases.delete(lease);
    if (this.#leases.size > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** @returns how the lease has ended, if it has */
  async extend(lease: Lease, leaseMs: number): Promise<LeaseEnd | undefined> {
    const askedAt = performance.now();
    const ended = await this.#options.renew([lease], Math.ceil(leaseMs));
    const end = ended.get(lease.id);
    if (end) this.#end(lease, end);
    else lease.endsAt = askedAt + leaseMs;
    return end;
  }

  #tick(): void {
    this.#cancelTimer = systemClock.setTimer(this.#options.renewEveryMs, () => this.#tick());
    if (this.#renewing) return this.#dropEnded();
    void this.#renew();
  }

  async #renew(): Promise<void> {
    const { lockMs, renewEveryMs, renew, onError } = this.#options;
    const now = performance.now();
    const due = [...this.#leases].filter(({ endsAt }) => endsAt - now < lockMs - renewEveryMs / 2);
    if (due.length === 0) return;
    this.#renewing = true;
    try {
      const ended = await renew(due, lockMs);
      for (const lease of due) {
        const end = ended.get(lease.id);
        if (end) this.#end(lease, end);
        else lease.endsAt = Math.max(lease.endsAt, now + lockMs);
      }
    } catch (error) {
      onError(error);
      this.#dropEnded();
    } finally {
      this.#renewing = false;
    }
  }

  /** Nobody answers, so others may be right to think that we are gone. */
  #dropEnded(): void {
    const now = performance.now();
    for (const lease of this.#leases) if (lease.endsAt <= now) this.#end(lease, 'lost');
  }

  #end(lease: Lease, end: LeaseEnd): void {
    if (!this.#leases.has(lease)) return;
    this.remove(lease);
    lease.end = end;
    lease.onEnd(end);
  }
}
