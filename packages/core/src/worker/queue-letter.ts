import type { ActorRef } from '../actor/actor-ref.js';
import { describeMessage, notAnswered } from '../actor/ask-letter.js';
import type { Cell } from '../actor/cell.js';
import type { DeadLetterReason } from '../actor/dead-letters.js';
import { Letter } from '../actor/letter.js';
import { crowdOf } from '../internal/abort-crowd.js';
import type { Abortable } from '../internal/abort-crowd.js';
import type { MessageEnvelope } from '../message/envelope.js';
import type { Delivery } from '../ports/message-queue.js';

export type HandledOutcome =
  | { readonly kind: 'handled'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly error: unknown };

/** What came of a message from a queue. `refused`: no actor had a part in it. */
export type LetterOutcome =
  | HandledOutcome
  | { readonly kind: 'refused'; readonly reason: DeadLetterReason | 'aborted' };

/** A message from a queue: it is acknowledged only when its handler is done with it. */
export class QueueLetter extends Letter implements Abortable {
  readonly outcome: Promise<LetterOutcome>;
  readonly #delivery: Delivery;
  readonly #extend: () => void;
  #resolve!: (outcome: LetterOutcome) => void;
  readonly #crowd: Set<Abortable>;

  constructor(
    delivery: Delivery,
    envelope: MessageEnvelope,
    replyTo: ActorRef | undefined,
    extend: () => void,
  ) {
    super(envelope.body, envelope, replyTo);
    this.#delivery = delivery;
    this.#extend = extend;
    this.outcome = new Promise((resolve) => (this.#resolve = resolve));
    this.#crowd = crowdOf(delivery.signal).add(this);
  }

  abort(reason: unknown): void {
    this.#settle({ kind: 'refused', reason: 'aborted' });
    this.cancel(reason);
  }

  override succeed(value: unknown): void {
    this.#settle({ kind: 'handled', value });
  }
  override fail(error: unknown): void {
    this.#settle({ kind: 'failed', error });
  }
  override abandon({ path }: Cell, reason: DeadLetterReason, cause?: unknown): void {
    if (cause === undefined) this.#settle({ kind: 'refused', reason });
    // The actor cannot go on, and might not the next time: that has to count as a delivery.
    else this.fail(notAnswered(path, describeMessage(this.body), reason, cause));
  }
  override get attempt(): number {
    return this.#delivery.attempt;
  }
  override heartbeat(): void {
    this.#extend();
  }

  #settle(outcome: LetterOutcome): void {
    this.ended = true;
    this.#crowd.delete(this);
    this.#resolve(outcome);
  }
}
