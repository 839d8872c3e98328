import { backoffDelay } from '../lifecycle/backoff.js';
import { systemClock } from '../lifecycle/system-clock.js';
import { LoomError } from '../errors/loom-error.js';
import { Fifo } from '../internal/fifo.js';
import { wholeNumber } from '../internal/numeric-option.js';
import type { Clock } from '../ports/clock.js';
import type { Random } from '../ports/random.js';
import { cosmosError, type CosmosCallSite } from './cosmos-error.js';
import { cosmosProblem, type CosmosAnswerKind, type CosmosProblem } from './cosmos-problem.js';

/** What one request cost. */
export interface CosmosCharge {
  readonly container: string;
  /** What it was for, such as "write spans". */
  readonly doing: string;
  readonly requestUnits: number;
  /** Whether it did what it was to do. */
  readonly succeeded: boolean;
}

export interface CosmosCallOptions {
  /** How long one request may take. Milliseconds, 1 or more. @default 5_000 */
  readonly requestMs?: number | undefined;
  /** How long a call may take with its retries, and with waiting for its turn. Milliseconds, 1 or more. @default 15_000 */
  readonly callMs?: number | undefined;
  /** Calls under way at the same time; others wait for their turn. Count, 1 or more. @default 32 */
  readonly maxConcurrent?: number | undefined;
  /** Hears of the cost of every request. What it throws is dropped. */
  readonly onCharge?: ((charge: CosmosCharge) => void) | undefined;
  readonly clock?: Clock | undefined;
  /** Spreads retries. @default Math.random */
  readonly random?: Random | undefined;
}

/**
 * What became of a call. `inDoubt`: an earlier request of the same call may have been applied, so the answer
 * may be about one's own write.
 */
export type CosmosAnswer<Value> =
  | { readonly kind: 'done'; readonly value: Value; readonly inDoubt: boolean }
  | { readonly kind: CosmosAnswerKind; readonly inDoubt: boolean };

/** A value and what it cost. */
export interface Charged<Value> {
  readonly value: Value;
  readonly requestUnits: number;
}

const backoff = { backoff: 'exponential', initialDelayMs: 50, maxDelayMs: 2_000, jitter: true } as const;
const maxRequests = 10;

/**
 * Makes calls to Cosmos DB: each request with a deadline, sent again where that is safe and of use, as many at a
 * time as allowed, and every one settled in bounded time.
 */
export class CosmosCalls {
  readonly clock: Clock;
  /** As the option says. */
  readonly callMs: number;
  readonly #requestMs: number;
  readonly #onCharge: ((charge: CosmosCharge) => void) | undefined;
  readonly #random: Random;
  readonly #waiting = new Fifo<() => void>();
  #free: number;

  /** @throws LoomError `LOOM_INVALID_OPTION` */
  constructor(options: CosmosCallOptions = {}) {
    const { requestMs, callMs, maxConcurrent, onCharge, clock = systemClock, random = Math.random } = options;
    this.#requestMs = wholeNumber('requestMs', requestMs, 5_000, 1);
    this.callMs = wholeNumber('callMs', callMs, 15_000, 1);
    this.#free = wholeNumber('maxConcurrent', maxConcurrent, 32, 1);
    this.#onCharge = onCharge;
    this.clock = clock;
    this.#random = random;
  }

  /**
   * @param send - one request; what it throws is read by `cosmosProblem`. A write must bear to be sent twice: its
   *   items have ids of their own, or it says which state it changes, so that the second is refused or does no harm
   * @throws LoomError `LOOM_STORE_FAILED`, `LOOM_STORE_FULL`, `LOOM_PAYLOAD_TOO_LARGE`
   */
  async run<Value>(
    call: CosmosCallSite,
    send: (signal: AbortSignal) => Promise<Charged<Value>>,
  ): Promise<CosmosAnswer<Value>> {
    const endsAt = this.clock.now() + this.callMs;
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      if (this.clock.now() >= endsAt) throw this.#tooLate(call);
      return await this.#sendUntil(endsAt, call, send);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  async #sendUntil<Value>(
    endsAt: number,
    call: CosmosCallSite,
    send: (signal: AbortSignal) => Promise<Charged<Value>>,
  ): Promise<CosmosAnswer<Value>> {
    let inDoubt = false;
    for (let request = 1; ; request++) {
      try {
        const { value, requestUnits } = await this.#withDeadline(endsAt, send);
        this.#charge(call, requestUnits, true);
        return { kind: 'done', value, inDoubt };
      } catch (error) {
        const problem = cosmosProblem(error);
        this.#charge(call, problem.requestUnits, false);
        const { kind } = problem;
        if (kind === 'absent' || kind === 'conflict' || kind === 'precondition') return { kind, inDoubt };
        const waitMs = this.#waitBefore(request + 1, problem);
        if (waitMs === undefined || this.clock.now() + waitMs >= endsAt) throw cosmosError(error, call);
        inDoubt ||= kind === 'ambiguous' && call.isWrite;
        await new Promise<void>((resolve) => void this.clock.setTimer(waitMs, resolve));
      }
    }
  }

  /** @returns undefined when there is to be no other request */
  #waitBefore(request: number, { kind, retryAfterMs }: CosmosProblem): number | undefined {
    const isPassing = kind === 'throttled' || kind === 'transient' || kind === 'ambiguous';
    if (!isPassing || request > maxRequests) return undefined;
    if (retryAfterMs === undefined) return backoffDelay(backoff, request - 1, this.#random);
    // Those who were refused together do not come back together.
    return Math.ceil(retryAfterMs * (1 + this.#random() / 4));
  }

  /** The package may wait by itself when it is told to stop, so nobody waits for that. */
  async #withDeadline<Value>(endsAt: number, send: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const controller = new AbortController();
    const ms = Math.max(1, Math.min(this.#requestMs, endsAt - this.clock.now()));
    let cancel!: () => void;
    const tooLong = new Promise<never>((_, reject) => {
      cancel = this.clock.setTimer(ms, () => {
        controller.abort();
        reject(Object.assign(new Error(`no answer within ${ms} ms`), { code: 'ETIMEDOUT' }));
      });
    });
    try {
      return await Promise.race([send(controller.signal), tooLong]);
    } finally {
      cancel();
    }
  }

  #charge({ container, doing }: CosmosCallSite, requestUnits: number, succeeded: boolean): void {
    try {
      this.#onCharge?.({ container, doing, requestUnits, succeeded });
    } catch {
      // Who counts the cost cannot make a call fail.
    }
  }

  #tooLate({ doing, container, place }: CosmosCallSite): LoomError {
    const message =
      `Cosmos DB was not asked to ${doing} in "${place.database}/${container}": other calls took more than ` +
      `${this.callMs} ms. Check that the account can be reached, or raise maxConcurrent.`;
    return new LoomError('LOOM_STORE_FAILED', message, {
      kind: 'transient',
      database: place.database,
      container,
    });
  }
}
