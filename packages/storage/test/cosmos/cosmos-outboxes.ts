import { randomUUID } from 'node:crypto';
import type { OutboxStore } from '@certoai/loom-core';
import type { OutboxStoreHarness } from '@certoai/loom-core/testing';
import { CosmosOutboxStore, type CosmosOutboxStoreOptions } from '@certoai/loom-storage/cosmos';
import type { TestCosmos } from './cosmos.js';
import { BusyClock } from './busy-clock.js';

/** Outboxes in one database, each store with a client of its own, as other processes have them. */
export class CosmosOutboxes implements OutboxStoreHarness {
  readonly clock = new BusyClock();
  readonly #cosmos: TestCosmos;
  readonly #partitions = new Map<OutboxStore, string>();

  constructor(cosmos: TestCosmos) {
    this.#cosmos = cosmos;
  }

  readonly create = (): Promise<CosmosOutboxStore> => this.open();

  readonly another = (store: OutboxStore): Promise<CosmosOutboxStore> =>
    this.open({ partition: this.#partitions.get(store) });

  /** The old one is never heard of again. */
  readonly crash = this.another;

  readonly elapse = (ms: number): Promise<void> => this.clock.advance(ms);

  async open(options: CosmosOutboxStoreOptions = {}): Promise<CosmosOutboxStore> {
    const { partition = randomUUID() } = options;
    const { client, database } = await this.#cosmos.open();
    const store = new CosmosOutboxStore(client, { clock: this.clock, database, ...options, partition });
    this.#partitions.set(store, partition);
    return store;
  }
}
