import { Fifo } from '../internal/fifo.js';
import { Listeners } from '../internal/listeners.js';
import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';

export type DeadLetterReason =
  | 'stopped'
  | 'mailbox-full'
  | 'dropped-newest'
  | 'dropped-oldest'
  | 'expired'
  | 'send-failed';

/** A told message that no actor handled. Asks are not here: they reject. */
export interface ActorDeadLetter {
  readonly message: unknown;
  /** Path of the actor it was for. */
  readonly to: string;
  readonly reason: DeadLetterReason;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Messages that could not be delivered: counted all, kept the latest. */
export class ActorDeadLetters {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #capacity: number;
  readonly #kept = new Fifo<ActorDeadLetter>();
  readonly #listeners = new Listeners<ActorDeadLetter>();
  #count = 0;

  constructor(clock: Clock, logger: Logger, capacity: number) {
    this.#clock = clock;
    this.#logger = logger;
    this.#capacity = capacity;
  }

  /** How many there have been. */
  get count(): number {
    return this.#count;
  }

  /** The latest ones, oldest first, as many as the worker's `deadLetterCapacity` keeps. */
  get recent(): readonly ActorDeadLetter[] {
    return [...this.#kept];
  }

  /**
   * Calls `listener` for each dead letter from now on. What it throws is logged.
   * @returns the function that ends it
   */
  subscribe(listener: (letter: ActorDeadLetter) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** @internal */
  add(message: unknown, to: string, reason: DeadLetterReason): void {
    const letter = { message, to, reason, at: this.#clock.now() };
    this.#count++;
    this.#kept.push(letter);
    if (this.#kept.size > this.#capacity) this.#kept.shift();
    this.#listeners.tell(letter, (error) => this.#logger.warn('Listener of dead letters failed', { error }));
  }
}
