import { systemClock } from '@certoai/loom-core';

/** A lock in Redis that a running delivery holds. Times are `performance.now()`, which nobody sets back. */
export interface Lease {
  readonly id: string;
  readonly token: string;
  endsAt: number;
  /** Called once, when the lock is gone or cannot be known to be there. */
  readonly onLost: () => void;
}

export interface LeaseKeeperOptions {
  readonly lockMs: number;
  readonly renewEveryMs: number;
  /** @returns ids whose locks are gone or somebody else's */
  readonly renew: (leases: readonly Lease[], lockMs: number) => Promise<readonly string[]>;
  readonly onError: (error: unknown) => void;
}

/** Renews the leases of one consumer together, and says so when one is lost. Short deliveries cost nothing. */
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
      const refused = new Set(await renew(due, lockMs));
      for (const lease of due) {
        if (refused.has(lease.id)) this.#lose(lease);
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
    for (const lease of this.#leases) if (lease.endsAt <= now) this.#lose(lease);
  }

  #lose(lease: Lease): void {
    if (!this.#leases.has(lease)) return;
    this.remove(lease);
    lease.onLost();
  }
}
