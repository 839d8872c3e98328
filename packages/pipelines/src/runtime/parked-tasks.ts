import type { Logger } from '@certoai/loom-core';
import type { ActorQuery } from '@certoai/loom-discovery';
import { needText } from './worker-need.js';

type Waiting = Map<string, (() => void)[]>;

/** Tasks that nobody runs now. */
export class ParkedTasks {
  readonly #logger: Logger;
  /** Until somebody registers their actor here. */
  readonly #byActor: Waiting = new Map();
  /** Until other workers are there. */
  readonly #byNeed: Waiting = new Map();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  park(who: string | ActorQuery, goOn: () => void): void {
    const [parked, text] = typeof who === 'string' ? [this.#byActor, who] : [this.#byNeed, needText(who)];
    const waiting = parked.get(text);
    if (waiting !== undefined) return void waiting.push(goOn);
    parked.set(text, [goOn]);
    this.#logger.warn('Tasks wait for an actor that nobody runs', { actor: text });
  }

  release(actor: string): void {
    const waiting = this.#byActor.get(actor) ?? [];
    this.#byActor.delete(actor);
    for (const goOn of waiting) goOn();
  }

  /** Each is placed anew, and may come back. */
  releaseNeeds(): void {
    const waiting = [...this.#byNeed.values()].flat();
    this.#byNeed.clear();
    for (const goOn of waiting) goOn();
  }

  clear(): void {
    this.#byActor.clear();
    this.#byNeed.clear();
  }
}
