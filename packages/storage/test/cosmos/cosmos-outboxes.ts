import { randomUUID } from 'node:crypto';
import { systemClock, type Clock, type OutboxStore } from '@certoai/loom-core';
import type { OutboxStoreHarness } from '@certoai/loom-core/testing';
import { CosmosOutboxStore, type CosmosOutboxStoreOptions } from '@certoai/loom-storage/cosmos';
import type { TestCosmos } from './cosmos.js';

/** Outboxes in one database, each store with a client of its own, as other processes have them. */
export class CosmosOutboxes implements OutboxStoreHarness {
  readonly #cosmos: TestCosmos;
  #passedMs = 0;
  /** Goes on by itself as well, as requests have deadlines, and who met another waits a little. */
  readonly #clock: Clock = {
    now: () => systemClock.now() + this.#passedMs,
    setTimer: (...args) => systemClock.setTimer(...args),
  };
  readonly #partitions = new Map<OutboxStore, string>();

  constructor(cosmos: TestCosmos) {
    this.#cosmos = cosmos;
  }

  readonly create = (): Promise<CosmosOutboxStore> => this.open();

  readonly another = (store: OutboxStore): Promise<CosmosOutboxStore> =>
    this.open({ partition: this.#partitions.get(store) });

  /** The old one is never heard of again. */
  readonly crash = this.another;

  readonly elapse = async (ms: number): Promise<void> => void (this.#passedMs += ms);

  /** Its layout is checked by then. */
  async opened(options?: CosmosOutboxStoreOptions): Promise<CosmosOutboxStore> {
    const store = await this.open(options);
    await store.stats();
    return store;
  }

  async open(options: CosmosOutboxStoreOptions = {}): Promise<CosmosOutboxStore> {
    const { partition = randomUUID() } = options;
    const { client, database } = await this.#cosmos.open();
    const store = new CosmosOutboxStore(client, { clock: this.#clock, database, ...options, partition });
    this.#partitions.set(store, partition);
    return store;
  }
}
