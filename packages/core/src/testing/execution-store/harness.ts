import type { ExecutionStore } from '../../ports/execution-store.js';

export interface ExecutionStoreHarness {
  /** A fresh, empty store. */
  create(): Promise<ExecutionStore>;
  /** Lets `ms` milliseconds pass for the leases of every store of this harness: moves their clock, or really waits. */
  elapse(ms: number): Promise<void>;
  /**
   * Ends the process of `store` as `kill -9` would, or the nearest thing to it, and opens what it left behind.
   * Absent where nothing survives.
   */
  crash?(store: ExecutionStore): Promise<ExecutionStore>;
}
