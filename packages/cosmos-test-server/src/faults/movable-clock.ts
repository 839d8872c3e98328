/** The system's time, moved on at will: items expire and budgets fill up without anybody waiting. */
export class MovableClock {
  #offsetMs = 0;
  #stoppedAt: number | undefined;

  /** Milliseconds since the Unix epoch. */
  now(): number {
    return (this.#stoppedAt ?? Date.now()) + this.#offsetMs;
  }

  /**
   * @param ms - 0 or more
   * @throws RangeError
   */
  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0)
      throw new RangeError(`ms is ${ms}; give the milliseconds to move on by, 0 or more.`);
    this.#offsetMs += ms;
  }

  /** From now on time passes only by `advance`, so that a slow machine changes no outcome. */
  stop(): void {
    this.#stoppedAt ??= Date.now();
  }
}
