import type { OutboxStore } from '../../ports/outbox-store.js';

export interface OutboxStoreHarness {
  /** A fresh, empty store. */
  create(): Promise<OutboxStore>;
  /** Lets `ms` milliseconds pass for the store: moves its clock, or what it compares with it. */
  elapse(ms: number): Promise<void>;
  /** Kills the process that has the store and opens what it left behind. Absent where nothing is durable. */
  crash?(store: OutboxStore): Promise<OutboxStore>;
  /** Another object on the same store, as another process has it. Absent where nothing is shared. */
  another?(store: OutboxStore): Promise<OutboxStore>;
}
