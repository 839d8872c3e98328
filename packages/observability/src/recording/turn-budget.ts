/** Longest stretch of work in one turn of the event loop; milliseconds. */
const sliceMs = 4;

/** Keeps work in slices. It measures real time, because it is about the real event loop. */
export class TurnBudget {
  #end = performance.now() + sliceMs;

  get exhausted(): boolean {
    return performance.now() > this.#end;
  }

  /** Lets the event loop turn when this turn has had its slice. */
  async breathe(): Promise<void> {
    if (!this.exhausted) return;
    await new Promise<void>((resolve) => void setImmediate(resolve));
    this.#end = performance.now() + sliceMs;
  }
}
