import { LoomError } from '@certoai/loom-core';
import type { Delivery, JsonValue } from '@certoai/loom-core';
import { checkLease } from './message-queue-options.js';

/** What is delivered, as its adapter knows it. */
export interface DeliveredMessage {
  readonly id: string;
  readonly queue: string;
  /** JSON text. */
  readonly text: string;
  readonly attempt: number;
  readonly sentAt: number;
}

/** Sets the end of the lease. @throws LoomError `LOOM_LEASE_LOST` */
export type ExtendLease = (leaseMs: number) => Promise<void>;

/** What a handler holds. The body is parsed, and the signal made, when it is asked for: many never ask. */
export class RunningDelivery implements Delivery {
  readonly id: string;
  readonly queue: string;
  readonly attempt: number;
  readonly sentAt: number;
  readonly #text: string;
  readonly #extend: ExtendLease | undefined;
  #body: { readonly value: JsonValue } | undefined;
  #controller: AbortController | undefined;
  #abortReason: LoomError | undefined;
  #ended = false;

  /** @param extend - absent where a lease ends only with its delivery */
  constructor({ id, queue, text, attempt, sentAt }: DeliveredMessage, extend?: ExtendLease) {
    this.id = id;
    this.queue = queue;
    this.attempt = attempt;
    this.sentAt = sentAt;
    this.#text = text;
    this.#extend = extend;
  }

  get body(): JsonValue {
    this.#body ??= { value: JSON.parse(this.#text) as JsonValue };
    return this.#body.value;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  get aborted(): boolean {
    return this.#abortReason !== undefined;
  }

  async extend(leaseMs: number): Promise<void> {
    checkLease(leaseMs);
    if (this.#ended) throw leaseLost(this);
    await this.#extend?.(leaseMs);
  }

  /** The first reason stays. */
  abort(reason: LoomError): void {
    if (this.#ended || this.#abortReason) return;
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }

  /** Its message was taken back, so nothing of it counts any more. */
  withdraw(): void {
    this.abort(messageWithdrawn(this));
    this.end();
  }

  end(): void {
    this.#ended = true;
  }
}

export function leaseLost({ id, queue }: Pick<Delivery, 'id' | 'queue'>): LoomError {
  const message =
    `The delivery of message "${id}" on queue "${queue}" has ended, so the message may be running elsewhere. ` +
    'Stop side effects; before blocking the event loop, extend the lease for long enough.';
  return new LoomError('LOOM_LEASE_LOST', message, { messageId: id, queue });
}

function messageWithdrawn({ id, queue }: Pick<Delivery, 'id' | 'queue'>): LoomError {
  const message = `Message "${id}" of queue "${queue}" was withdrawn. Stop now; nobody needs its outcome.`;
  return new LoomError('LOOM_CANCELLED', message, { messageId: id, queue });
}

/** For `close({ abort: true })`. */
export function consumerClosing(): LoomError {
  return new LoomError(
    'LOOM_CLOSED',
    'The consumer is closing. Stop now; the message can go to another one.',
  );
}
