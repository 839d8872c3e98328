import type { Consumer, DeliveryHandler } from '@certoai/loom-core';
import type { ResolvedConsumeOptions } from '../message-queue-options.js';
import { consumerClosing } from '../running-delivery.js';
import type { RunningDelivery } from '../running-delivery.js';
import type { LocalRun } from './local-run.js';

/** One `consume` call: its slots, and what runs in them. */
export class LocalConsumer implements Consumer {
  readonly handler: DeliveryHandler;
  readonly options: ResolvedConsumeOptions;
  readonly #runs = new Set<LocalRun>();
  #slotsTaken = 0;
  #state: 'open' | 'closing' | 'aborting' = 'open';
  readonly #onClosed: () => Promise<void> | void;
  #drained: () => void = () => {};
  #closing: Promise<void> | undefined;

  constructor(
    handler: DeliveryHandler,
    options: ResolvedConsumeOptions,
    onClosed: () => Promise<void> | void,
  ) {
    this.handler = handler;
    this.options = options;
    this.#onClosed = onClosed;
  }

  get hasFreeSlot(): boolean {
    return this.#state === 'open' && this.#slotsTaken < this.options.concurrency;
  }

  get runs(): ReadonlySet<LocalRun> {
    return this.#runs;
  }

  takeSlot(run: LocalRun): void {
    this.#slotsTaken += 1;
    this.#runs.add(run);
  }

  freeSlot(): void {
    this.#slotsTaken -= 1;
  }

  settled(run: LocalRun): void {
    this.#runs.delete(run);
    if (this.#runs.size === 0) this.#drained();
  }

  started(delivery: RunningDelivery): void {
    if (this.#state === 'aborting') delivery.abort(consumerClosing());
  }

  close({ abort = false }: { readonly abort?: boolean | undefined } = {}): Promise<void> {
    if (abort) this.#abort();
    else if (this.#state === 'open') this.#state = 'closing';
    this.#closing ??= this.#drain().then(this.#onClosed);
    return this.#closing;
  }

  #drain(): Promise<void> {
    if (this.#runs.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  #abort(): void {
    this.#state = 'aborting';
    for (const { delivery } of this.#runs) delivery?.abort(consumerClosing());
  }
}
