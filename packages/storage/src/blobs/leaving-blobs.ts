import type { BlobStore } from '@certoai/loom-core';
import type { ResolvedClaimCheckOptions } from './claim-check-options.js';
import { inLanes } from './in-lanes.js';
import { removeBlobs } from './remove-blobs.js';

/** An acknowledgement that is lost brings its message back within its lease, which is rarely longer. */
const removeAfterMs = 60_000;

/** Blobs of messages that nobody needs any more. */
export class LeavingBlobs {
  readonly #blobs: BlobStore;
  readonly #options: ResolvedClaimCheckOptions;
  /** What stops each removal that is due, by key. */
  readonly #due = new Map<string, () => void>();

  constructor(blobs: BlobStore, options: ResolvedClaimCheckOptions) {
    this.#blobs = blobs;
    this.#options = options;
  }

  remove(key: string): Promise<void> {
    this.stay(key);
    return removeBlobs(key, this.#blobs, this.#options.logger);
  }

  /** Removes it in a minute, or when this is closed. */
  removeLater(key: string): void {
    this.stay(key);
    const remove = (): void => void this.remove(key);
    this.#due.set(key, this.#options.clock.setTimer(removeAfterMs, remove, { background: true }));
  }

  /** It is needed again. */
  stay(key: string): void {
    this.#due.get(key)?.();
    this.#due.delete(key);
  }

  async close(): Promise<void> {
    await inLanes([...this.#due.keys()], (key) => this.remove(key));
  }
}
