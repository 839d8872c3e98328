import { errorRecord, LoomError, type Clock, type ErrorRecord } from '@certoai/loom-core';

/** A call that takes longer is told of; milliseconds. */
const patienceMs = 2_000;

/**
 * Tells of a call that nobody answers while it is under way: drivers give up much later, and who asks why
 * nothing moves should know before. One call at a time.
 */
export class Patience {
  readonly #of: string;
  readonly #clock: Clock;
  #since: number | undefined;

  /** @param of - what is called, for people: "store" */
  constructor(of: string, clock: Clock) {
    this.#of = of;
    this.#clock = clock;
  }

  /** Waits for `call`, and is watched meanwhile. */
  async during<Reply>(call: Promise<Reply>): Promise<Reply> {
    this.#since = this.#clock.now();
    try {
      return await call;
    } finally {
      this.#since = undefined;
    }
  }

  /** `undefined` while there is nothing to tell. */
  get failure(): ErrorRecord | undefined {
    if (this.#since === undefined) return undefined;
    const forMs = Math.round(this.#clock.now() - this.#since);
    if (forMs < patienceMs) return undefined;
    const message = `The ${this.#of} has not answered for ${forMs} ms; the call goes on. Look whether its server runs and can be reached.`;
    return errorRecord(new LoomError('LOOM_STORE_FAILED', message, { forMs }));
  }
}
