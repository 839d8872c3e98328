import type { Consumer, DeliveryHandler } from '@certoai/loom-core';
import type { ResolvedConsumeOptions } from '../message-queue-options.js';
import { consumerClosing } from '../running-delivery.js';
import type { RunningDelivery } from '../running-delivery.js';

/** One `consume` call: its slots, and what runs in them. */
export class LocalConsumer implements Consumer {
  readonly handler: DeliveryHandler;
  readonly options: ResolvedConsumeOptions;
  readonly #running = new Set<RunningDelivery>();
  #slotsTaken = 0;
  /** Taken, and their outcome not kept yet. */
  #unsettled = 0;
  #state: 'open' | 'closing' | 'aborting' = 'open';
  readonly #onClosed: () => void;
  #drained: () => void = () => {};
  #closing: Promise<void> | undefined;

  constructor(handler: DeliveryHandler, options: ResolvedConsumeOptions, onClosed: () => void) {
    this.handler = handler;
    this.options = options;
    this.#onClosed = onClosed;
  }

  get hasFreeSlot(): boolean {
    return this.#state === 'open' && this.#slotsTaken < this.options.concurrency;
  }

  takeSlot(): void {
    this.#slotsTaken += 1;
    this.#unsettled += 1;
  }

  freeSlot(): void {
    this.#slotsTaken -= 1;
  }

  settled(): void {
    this.#unsettled -= 1;
    if (this.#unsettled === 0) this.#drained();
  }

  started(delivery: RunningDelivery): void {
    this.#running.add(delivery);
    if (this.#state === 'aborting') delivery.abort(consumerClosing());
  }

  ended(delivery: RunningDelivery): void {
    delivery.end();
    this.#running.delete(delivery);
  }

  close({ abort = false }: { readonly abort?: boolean | undefined } = {}): Promise<void> {
    if (abort) this.#abort();
    else if (this.#state === 'open') this.#state = 'closing';
    this.#closing ??= this.#drain().then(this.#onClosed);
    return this.#closing;
  }

  #drain(): Promise<void> {
    if (this.#unsettled === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  #abort(): void {
    this.#state = 'aborting';
    for (const delivery of this.#running) delivery.abort(consumerClosing());
  }
}
