import type { BlobStore, ExecutionStore } from '@certoai/loom-core';
import { CheckedPayloads } from './checked-payloads.js';
import type { ResolvedClaimCheckOptions } from './claim-check-options.js';
import { removeBlobs } from './remove-blobs.js';

/** What a caller writes, and what the store is given in its place. */
export interface PackedWrite<Write> {
  readonly write: Write;
  readonly checked: Write;
  readonly executionId: string;
  readonly payloads: CheckedPayloads;
}

/** Writes whose large payloads are stored first. Small ones pass as they are, at once. */
export class CheckedWrites {
  readonly #store: ExecutionStore;
  readonly #blobs: BlobStore;
  readonly #options: ResolvedClaimCheckOptions;
  /** The same object again, because its answer was lost, is to the store the same one again. */
  readonly #unanswered = new WeakMap<object, PackedWrite<object>>();

  constructor(store: ExecutionStore, blobs: BlobStore, options: ResolvedClaimCheckOptions) {
    this.#store = store;
    this.#blobs = blobs;
    this.#options = options;
  }

  /** @param copy - makes one that nobody else holds, with what `add` returns in the place of payloads */
  pack<Write extends object>(
    executionId: string,
    write: Write,
    copy: (add: (text: string, place?: string) => string) => Write,
  ): PackedWrite<Write> {
    const known = this.#unanswered.get(write) as PackedWrite<Write> | undefined;
    if (known) return known;
    const payloads = new CheckedPayloads(executionId, this.#options.thresholdBytes);
    const checked = copy((text, place) => payloads.add(text, place));
    if (payloads.isEmpty) return { write, checked: write, executionId, payloads };
    const packed = { write, checked, executionId, payloads };
    this.#unanswered.set(write, packed);
    return packed;
  }

  async send<Write extends object, Reply>(
    { write, checked, payloads }: PackedWrite<Write>,
    send: (write: Write) => Promise<Reply>,
  ): Promise<Reply> {
    if (payloads.isEmpty) return send(write);
    await payloads.store(this.#blobs);
    const reply = await send(checked);
    this.#unanswered.delete(write);
    return reply;
  }

  /**
   * What an execution that is there does not use goes with it, and may be what it does use, when the same was stored
   * before. One that is not there would leave it behind.
   */
  async refused({ executionId, payloads: { isEmpty, keys } }: PackedWrite<object>): Promise<void> {
    if (isEmpty) return;
    const isKnown = await this.#store.load(executionId).catch(() => true);
    if (!isKnown) for (const key of keys) await removeBlobs(key, this.#blobs, this.#options.logger);
  }
}
