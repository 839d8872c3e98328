import type { Logger } from '@certoai/loom-core';

/** Tasks that wait until somebody registers their actor here. */
export class ParkedTasks {
  readonly #logger: Logger;
  readonly #byActor = new Map<string, (() => void)[]>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  park(actor: string, goOn: () => void): void {
    const waiting = this.#byActor.get(actor);
    if (waiting !== undefined) return void waiting.push(goOn);
    this.#byActor.set(actor, [goOn]);
    this.#logger.warn('Tasks wait for an actor nobody here runs', { actor });
  }

  release(actor: string): void {
    const waiting = this.#byActor.get(actor) ?? [];
    this.#byActor.delete(actor);
    for (const goOn of waiting) goOn();
  }

  clear(): void {
    this.#byActor.clear();
  }
}
