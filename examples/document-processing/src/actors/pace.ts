import { setTimeout as wait } from 'node:timers/promises';

/** Lets one caller through every so often, whoever asks: makes a quick audit slow enough to be watched. */
export class Pace {
  readonly #everyMs: number;
  #nextAt = 0;

  /** @param everyMs - milliseconds, 0 or more; 0 never waits */
  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  async next(signal: AbortSignal): Promise<void> {
    if (this.#everyMs === 0) return;
    const now = performance.now();
    this.#nextAt = Math.max(now, this.#nextAt) + this.#everyMs;
    await wait(this.#nextAt - now, undefined, { signal });
  }
}
