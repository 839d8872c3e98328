import type { BlobStore } from '../../ports/blob-store.js';

export interface BlobStoreHarness {
  /** A fresh, empty store. */
  create(): Promise<BlobStore>;
  /** Another object on the same store, as another process has it. Absent where nothing is shared. */
  another?(store: BlobStore): Promise<BlobStore>;
  /**
   * Ends the process of `store` as `kill -9` would, or the nearest thing to it, and opens what it left behind.
   * Absent where nothing survives.
   */
  crash?(store: BlobStore): Promise<BlobStore>;
}
