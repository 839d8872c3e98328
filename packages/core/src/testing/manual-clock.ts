import type { Clock } from '../ports/clock.js';

export interface ManualClockOptions {
  /** Milliseconds since the epoch. @default 2026-01-01T00:00:00Z */
  readonly startAt?: number | undefined;
  /** Lets the code under test do what is due, before time moves and after each timer. @default a few turns of the event loop */
  readonly settle?: (() => Promise<void>) | undefined;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  #now: number;
  readonly #settle: () => Promise<void>;
  /** By time; those of one time in the order they were set. */
  readonly #timers: Timer[] = [];

  constructor({ startAt = Date.UTC(2026, 0, 1), settle = settled }: ManualClockOptions = {}) {
    this.#now = startAt;
    this.#settle = settle;
  }

  now(): number {
    return this.#now;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    if (!(delayMs >= 0)) throw new RangeError(`setTimer was given ${delayMs} ms; give 0 or more.`);
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.splice(this.#placeAfter(timer.at), 0, timer);
    return () => {
      const place = this.#timers.indexOf(timer);
      if (place >= 0) this.#timers.splice(place, 1);
    };
  }

  /** Timers that are set. 0 after everything is closed, or something would keep a process alive. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** When the next timer is due: milliseconds since the epoch. */
  get nextTimerAt(): number | undefined {
    return this.#timers[0]?.at;
  }

  /** Moves time forward: every timer due on the way is called at its own time, and its effects settle before the next. */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`advance was given ${ms} ms; give 0 or more.`);
    const end = this.#now + ms;
    await this.#settle();
    for (let timer = this.#timers[0]; timer && timer.at <= end; timer = this.#timers[0]) {
      this.#timers.shift();
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
      await this.#settle();
    }
    this.#now = end;
  }

  /** Moves to the next timer and calls it; `false` when none is set. */
  async advanceToNextTimer(): Promise<boolean> {
    await this.#settle();
    const at = this.nextTimerAt;
    if (at === undefined) return false;
    await this.advance(Math.max(at - this.#now, 0));
    return true;
  }

  #placeAfter(at: number): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle] as Timer).at <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Resolves when promises that can settle, and immediates they set, have had `turns` turns of the event loop. */
export async function settled(turns = 3): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}
