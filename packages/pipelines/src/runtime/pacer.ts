/**
 * Lets the event loop breathe: work that never waits (memory store, synchronous actors) would otherwise
 * run in one endless chain of microtasks. It measures real time, because it is about the real event
 * loop; nothing durable depends on it.
 */
export class Pacer {
  readonly #sliceMs: number;
  readonly #deferred: (() => void)[] = [];
  #sliceEnd = 0;
  #armed = false;

  constructor(sliceMs = 8) {
    this.#sliceMs = sliceMs;
  }

  /** True once this turn of the event loop has taken a slice; then {@link defer} the rest. */
  get exhausted(): boolean {
    if (!this.#armed) this.#arm();
    return performance.now() > this.#sliceEnd;
  }

  /** Calls `work` in a later turn, in order. */
  defer(work: () => void): void {
    this.#deferred.push(work);
    if (!this.#armed) this.#arm();
  }

  #arm(): void {
    this.#armed = true;
    this.#sliceEnd = performance.now() + this.#sliceMs;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#armed = false;
    const work = this.#deferred.splice(0);
    if (work.length > 0) this.#arm();
    for (let index = 0; index < work.length; index += 1) {
      if (index > 0 && performance.now() > this.#sliceEnd) {
        this.#deferred.unshift(...work.slice(index));
        return;
      }
      work[index]?.();
    }
  }
}
