import type { KeyRange } from '../partition/key-range.js';
import { ProtocolError, substatus } from '../protocol-error.js';
import { charges } from './charge.js';

const windowMs = 1000;

/** The request units a container may spend in a second, shared out equally among its ranges. */
export class RequestBudget {
  /** `undefined`: as much as it likes. */
  unitsPerSecond: number | undefined;
  readonly #clock: { now(): number };

  constructor(clock: { now(): number }) {
    this.#clock = clock;
  }

  /**
   * Runs `work` unless one of its ranges has spent its share of this second; then charges them, also when it fails.
   * @param all - number of ranges that the container has
   * @throws ProtocolError 429/3200 with the time until the next second
   */
  spend<Outcome extends { readonly charge: number }>(
    ranges: readonly KeyRange[],
    all: number,
    work: () => Outcome,
  ): Outcome {
    for (const range of ranges) this.#admit(range, all);
    let charge: number = charges.minimum;
    try {
      const outcome = work();
      ({ charge } = outcome);
      return outcome;
    } finally {
      for (const range of ranges) range.spent += charge / ranges.length;
    }
  }

  #admit(range: KeyRange, all: number): void {
    if (this.unitsPerSecond === undefined) return;
    const now = this.#clock.now();
    if (now - range.windowStart >= windowMs) {
      range.windowStart = now;
      range.spent = 0;
    }
    if (range.spent < this.unitsPerSecond / all) return;
    const retryAfterMs = Math.max(1, Math.ceil(range.windowStart + windowMs - now));
    const message =
      'Request rate is large. More Request Units may be needed, so no changes were made. Please retry this request later.';
    throw new ProtocolError(429, message, {
      substatus: substatus.throttledByRequestUnits,
      headers: { 'x-ms-retry-after-ms': String(retryAfterMs) },
    });
  }
}
