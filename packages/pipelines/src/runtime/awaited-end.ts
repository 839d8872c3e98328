import type { Json } from '../engine/json.js';
import type { ExecutionState } from '../engine/state.js';

/** How an execution ended. */
export interface Ending {
  readonly state: ExecutionState;
  readonly output: Json | undefined;
}

/** The end of an execution, for all who wait for it: here, or wherever the execution goes on. */
export class AwaitedEnd {
  readonly #promise: Promise<Ending>;
  #isAwaited = false;
  /** Once somebody else serves the execution: asks how it ends. */
  #ask: (() => Promise<Ending>) | undefined;
  /** It ended here. */
  readonly come: (ending: Ending) => void;
  /** This process will not hear of it. */
  readonly missed: (reason: unknown) => void;

  constructor() {
    let resolve!: (ending: Ending) => void;
    let reject!: (reason: unknown) => void;
    this.#promise = new Promise((come, missed) => {
      resolve = come;
      reject = missed;
    });
    this.come = resolve;
    this.missed = reject;
    // Nobody has to wait for it.
    this.#promise.catch(() => undefined);
  }

  get promise(): Promise<Ending> {
    this.#isAwaited = true;
    this.#follow();
    return this.#promise;
  }

  /** The execution goes on elsewhere. @param ask - called once, when somebody waits */
  follow(ask: () => Promise<Ending>): void {
    this.#ask = ask;
    if (this.#isAwaited) this.#follow();
  }

  #follow(): void {
    const ask = this.#ask;
    this.#ask = undefined;
    ask?.().then(this.come, this.missed);
  }
}
