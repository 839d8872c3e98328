import { isLoomError } from '@certoai/loom-core';
import type { BlobStore, Delivery, DeliveryHandler, JsonValue, Verdict } from '@certoai/loom-core';
import { keyIn } from './blob-reference.js';
import type { ResolvedClaimCheckOptions } from './claim-check-options.js';
import type { LeavingBlobs } from './leaving-blobs.js';

/** Before a message is given back whose blob could not be read. */
const releaseAfterMs = 1_000;

/** Deliveries whose bodies may be blobs. */
export class CheckedDeliveries {
  readonly #blobs: BlobStore;
  readonly #leaving: LeavingBlobs;
  readonly #options: ResolvedClaimCheckOptions;

  constructor(blobs: BlobStore, leaving: LeavingBlobs, options: ResolvedClaimCheckOptions) {
    this.#blobs = blobs;
    this.#leaving = leaving;
    this.#options = options;
  }

  /** Reads the body, and lets the blob go when the message does. */
  async handle(delivery: Delivery, handler: DeliveryHandler): Promise<Verdict | void> {
    const key = keyIn(delivery.body);
    if (key === undefined) return handler(delivery);
    this.#leaving.stay(key);
    let text: string | undefined;
    try {
      text = await this.#blobs.get(key);
    } catch (error) {
      if (!isLoomError(error, 'LOOM_STORE_FAILED')) throw error;
      this.#options.logger.warn('Body of a message could not be read; it goes back', { key, error });
      await new Promise<void>((over) => this.#options.clock.setTimer(releaseAfterMs, over));
      return { kind: 'release' };
    }
    if (text === undefined) {
      const reason = `The body of the message, blob "${key}", is not in the blob store: it was acknowledged or swept before, or another store is used.`;
      return { kind: 'dead-letter', reason };
    }
    const { id, queue, attempt, sentAt, signal } = delivery;
    const body = JSON.parse(text) as JsonValue;
    const extend = (leaseMs: number): Promise<void> => delivery.extend(leaseMs);
    try {
      // It was withdrawn, or went to another consumer, or this one closes, while its body was read.
      if (signal.aborted) return { kind: 'release' };
      const verdict = await handler({ id, queue, attempt, sentAt, signal, extend, body });
      // Whoever has it now needs its body.
      if (verdict === undefined && !isLoomError(signal.reason, 'LOOM_LEASE_LOST'))
        this.#leaving.removeLater(key);
      return verdict;
    } finally {
      if (isLoomError(signal.reason, 'LOOM_CANCELLED')) this.#leaving.removeLater(key);
    }
  }
}
