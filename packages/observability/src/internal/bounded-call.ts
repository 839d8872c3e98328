import type { Clock } from '@certoai/loom-core';

/** How a call came out. `late`: there was no answer in time; it may still come. */
export type CallOutcome<Value> =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'late' };

interface PendingCall<Value> {
  readonly answer: Promise<CallOutcome<Value>>;
  readonly abort: AbortController;
}

/**
 * Calls somebody else's function and waits for a bounded time. While a call has no answer no second one is
 * made, so that what hangs hangs once.
 */
export class BoundedCall<Value> {
  readonly #call: (signal: AbortSignal) => Value | PromiseLike<Value>;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #pending: PendingCall<Value> | undefined;

  /** @param call - its signal is aborted when it is late */
  constructor(call: (signal: AbortSignal) => Value | PromiseLike<Value>, clock: Clock, timeoutMs: number) {
    this.#call = call;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Never rejects, and takes no longer than the time it was given. */
  run(): Promise<CallOutcome<Value>> {
    const { answer, abort } = (this.#pending ??= this.#begin());
    return new Promise((resolve) => {
      const late = (): void => {
        resolve({ kind: 'late' });
        abort.abort();
      };
      const cancel = this.#clock.setTimer(this.#timeoutMs, late, { background: true });
      void answer.then((outcome) => {
        cancel();
        resolve(outcome);
      });
    });
  }

  #begin(): PendingCall<Value> {
    const abort = new AbortController();
    const answer = Promise.resolve(abort.signal)
      .then(this.#call)
      .then(
        (value): CallOutcome<Value> => ({ kind: 'value', value }),
        (error: unknown): CallOutcome<Value> => ({ kind: 'error', error }),
      );
    void answer.then(() => (this.#pending = undefined));
    return { answer, abort };
  }
}
