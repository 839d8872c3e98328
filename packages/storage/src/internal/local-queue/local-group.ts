import { parseLimits } from '../group-limits.js';
import { Deque } from './deque.js';
import { ReadyMessages } from './ready-messages.js';

/** The messages of one key that are ready, and what the limits of the key let through. */
export class LocalGroup {
  readonly ready = new ReadyMessages();
  /** Being handled. */
  active = 0;
  /** It has a place in the line of those that may go next. */
  inLine = false;
  /** When its rate is looked at again; `Infinity` when nobody waits for that. */
  looksAt = Infinity;
  /** When it was last sent to or taken from. */
  usedAt = 0;
  #text = '';
  #limits = parseLimits('');
  /** When its last deliveries began, as many as the rate allows; most keys have no rate. */
  #begun: Deque<number> | undefined;

  get isFull(): boolean {
    return this.active >= this.#limits.concurrency;
  }

  /** Nothing of it is ready or being handled, nor was at `time` or since, and no rate remembers it. */
  isIdleSince(time: number): boolean {
    return this.ready.size === 0 && this.active === 0 && this.usedAt + this.rateMs <= time;
  }

  setLimits(text: string): void {
    if (text === this.#text) return;
    this.#text = text;
    this.#limits = parseLimits(text);
  }

  /** When the rate lets the next delivery begin; `undefined` when it does now. */
  opensAt(now: number): number | undefined {
    const { limit, perMs } = this.#limits;
    // The one `limit` before the next: while it is in the window there is no room for another.
    const begun = this.#begun?.at(this.#begun.size - limit);
    return begun === undefined || begun + perMs <= now ? undefined : begun + perMs;
  }

  /** For how long the rate remembers a delivery; 0 without one. */
  get rateMs(): number {
    return this.#limits.limit === Infinity ? 0 : this.#limits.perMs;
  }

  begin(now: number): void {
    this.active += 1;
    this.usedAt = now;
    this.remember(now);
  }

  /** Counts a delivery that began at `at`; the earliest first. */
  remember(at: number): void {
    const { limit } = this.#limits;
    if (limit === Infinity) return;
    this.#begun ??= new Deque();
    this.#begun.pushBack(at);
    while (this.#begun.size > limit) this.#begun.popFront();
  }
}
