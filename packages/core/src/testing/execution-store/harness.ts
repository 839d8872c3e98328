import type { ExecutionStore } from '../../ports/execution-store.js';

export interface ExecutionStoreHarness {
  /** A fresh, empty store. */
  create(): Promise<ExecutionStore>;
  /**
   * Ends the process of `store` as `kill -9` would, or the nearest thing to it, and opens what it left behind.
   * Absent where nothing survives.
   */
  crash?(store: ExecutionStore): Promise<ExecutionStore>;
}
