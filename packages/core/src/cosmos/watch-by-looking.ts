import type { Clock } from '../ports/clock.js';

/** What a look found. */
export interface Look<Change> {
  /** Since the last look, in order. */
  readonly changes: readonly Change[];
  /** When something may change that nobody writes, such as the end of a lease: milliseconds from now. */
  readonly nextMs: number;
}

export interface WatchByLookingOptions<Change> {
  readonly clock: Clock;
  /** Longest time between two looks; milliseconds. */
  readonly everyMs: number;
  readonly look: () => Promise<Look<Change>>;
  /** Nobody watches any more: what was seen can be forgotten, and the next look finds everything anew. */
  readonly forget: () => void;
}

type Listener<Change> = (change: Change) => void;

/**
 * A watch over a store that tells nobody by itself: one look after the other, for all listeners together, and none
 * while there is no listener.
 */
export class WatchByLooking<Change> {
  readonly #options: WatchByLookingOptions<Change>;
  readonly #listeners = new Map<object, Listener<Change>>();
  readonly #endings = new Set<() => void>();
  #lastLook: Promise<void> = Promise.resolve();
  #cancelTimer: (() => void) | undefined;

  constructor(options: WatchByLookingOptions<Change>) {
    this.#options = options;
  }

  /**
   * Listens to what changes from when this resolves.
   * @param checkOpen - throws when it is too late
   * @returns the function that ends it
   * @throws the signal's reason; what the look throws
   */
  async add(
    listener: Listener<Change>,
    signal: AbortSignal | undefined,
    checkOpen: () => void,
  ): Promise<() => void> {
    const watch = {};
    const end = (): void => {
      this.#listeners.delete(watch);
      this.#endings.delete(end);
      signal?.removeEventListener('abort', end);
      if (this.#listeners.size === 0) this.#rest();
    };
    // What is there by now is no news to this one.
    await this.#look(() => {
      checkOpen();
      signal?.throwIfAborted();
      this.#listeners.set(watch, listener);
      this.#endings.add(end);
      signal?.addEventListener('abort', end, { once: true });
    });
    return end;
  }

  /** Something changed here: nobody has to wait for the timer. */
  poke(): void {
    // Who watches does not hear of a look that failed: the next one sees it all.
    if (this.#listeners.size > 0) this.#look().catch(() => undefined);
  }

  close(): void {
    for (const end of [...this.#endings]) end();
  }

  /** @param then - runs when it is done, before the next one */
  #look(then = (): void => undefined): Promise<void> {
    const looked = this.#lastLook.then(async () => {
      const { changes, nextMs } = await this.#options.look();
      for (const change of changes) this.#tell(change);
      then();
      return nextMs;
    });
    this.#lastLook = looked.then(
      (nextMs) => this.#setTimer(nextMs),
      () => this.#setTimer(Infinity),
    );
    return looked.then(() => undefined);
  }

  #tell(change: Change): void {
    for (const [watch, listener] of [...this.#listeners]) {
      // One listener may have ended another's watch.
      if (!this.#listeners.has(watch)) continue;
      try {
        listener(change);
      } catch {
        // A listener cannot keep the others from hearing of it.
      }
    }
  }

  #setTimer(nextMs: number): void {
    this.#cancelTimer?.();
    if (this.#listeners.size === 0) return this.#rest();
    const { clock, everyMs } = this.#options;
    const waitMs = Math.max(1, Math.min(everyMs, nextMs));
    this.#cancelTimer = clock.setTimer(waitMs, () => this.poke(), { background: true });
  }

  #rest(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#options.forget();
  }
}
