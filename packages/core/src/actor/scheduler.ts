import { Fifo } from '../internal/fifo.js';
import type { Clock } from '../ports/clock.js';

/** Something with messages to handle. */
export interface Workable {
  /** Handles at most `quota` messages; returns how many it did. Puts itself in line again for the rest. */
  work(quota: number): number;
}

/** Messages one actor may handle before the next one's turn. */
const turn = 128;
/** The event loop gets its chance after this long, or after this many messages, whichever comes first. */
const sliceMs = 8;
const sliceMessages = 16_384;
/** Most messages between two looks at the clock. */
const longestStride = 512;

const resolved = Promise.resolve();

/**
 * Gives turns to actors that have messages: in microtasks, so that an idle system answers at once, and
 * with a pause for timers and I/O after each slice, so that a busy one never holds the event loop.
 */
export class Scheduler {
  readonly #clock: Clock;
  readonly #ready = new Fifo<Workable>();
  readonly #run = (): void => this.#slice();
  #waking = false;
  #sliceStart = 0;
  #sliceLeft = sliceMessages;
  #checkedAt = 0;
  #stride = 1;
  #strideLeft = 1;
  /** Actors that wait for a promise: a handler, a hook or a restart. */
  #pending = 0;
  #idleListeners: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(actor: Workable): void {
    this.#ready.push(actor);
    if (!this.#waking) {
      this.#waking = true;
      void resolved.then(this.#run);
    }
  }

  /** Something begins that ends by itself later; {@link settle} says so. */
  suspend(): void {
    this.#pending++;
  }

  settle(): void {
    this.#pending--;
    if (this.#idleListeners.length > 0) this.#checkIdle();
  }

  /** Resolves when no message is handled or waits to be. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idleListeners.push(resolve);
      this.#checkIdle();
    });
  }

  #slice(): void {
    for (let actor = this.#ready.shift(); actor !== undefined; actor = this.#ready.shift()) {
      this.#strideLeft -= actor.work(Math.min(turn, this.#strideLeft));
      if (this.#strideLeft <= 0 && this.#shouldPause()) {
        // Still `waking`: what is added meanwhile waits for the next slice.
        setImmediate(this.#run);
        return;
      }
    }
    this.#waking = false;
    if (this.#idleListeners.length > 0) this.#checkIdle();
  }

  /** The slower the messages, the closer the looks at the clock. */
  #shouldPause(): boolean {
    const now = this.#clock.now();
    this.#sliceLeft -= this.#stride;
    this.#stride =
      now - this.#checkedAt > 1 ? Math.max(this.#stride >> 3, 1) : Math.min(this.#stride * 2, longestStride);
    this.#checkedAt = now;
    this.#strideLeft = this.#stride;
    if (now - this.#sliceStart < sliceMs && this.#sliceLeft > 0) return false;
    this.#sliceStart = now;
    this.#sliceLeft = sliceMessages;
    return true;
  }

  #checkIdle(): void {
    if (this.#waking || this.#pending > 0) return;
    for (const listener of this.#idleListeners.splice(0)) listener();
  }
}
