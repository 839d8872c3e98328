import type { Clock } from '@certoai/loom-core';
import { ManualClock, settled } from '@certoai/loom-core/testing';

/**
 * A clock that is moved by hand, for what talks to a server: it knows how many requests are under way, because each
 * has a deadline. No two looks at it see the same time, as in a process that is really at work.
 */
export class BusyClock implements Clock {
  readonly #clock = new ManualClock();
  #looks = 0;
  #deadlines = 0;

  now(): number {
    this.#looks += 1;
    return this.#clock.now() + this.#looks / 1_024;
  }

  setTimer(delayMs: number, callback: () => void, options?: { readonly background?: boolean }): () => void {
    if (options?.background === true) return this.#clock.setTimer(delayMs, callback);
    this.#deadlines += 1;
    let isSet = true;
    const end = (): void => {
      if (isSet) this.#deadlines -= 1;
      isSet = false;
    };
    const cancel = this.#clock.setTimer(delayMs, () => {
      end();
      callback();
    });
    return () => {
      end();
      cancel();
    };
  }

  /** Timers of housekeeping that are set. */
  get pendingTimers(): number {
    return this.#clock.pendingTimers - this.#deadlines;
  }

  /** Moves on, and waits for the answers to what was asked on the way. */
  async advance(ms: number): Promise<void> {
    await this.idle();
    await this.#clock.advance(ms);
    await this.idle();
  }

  async idle(): Promise<void> {
    do await settled();
    while (this.#deadlines > 0);
  }
}
