import type { OutboxStore } from '@certoai/loom-core';
import { ManualClock, outboxStoreConformance } from '@certoai/loom-core/testing';
import type { EmbeddedStore } from '@certoai/loom-storage/embedded';
import { InMemoryOutboxStore } from '@certoai/loom-storage/memory';
import { afterEach, describe, test } from 'vitest';
import { OpenedStores, drivers } from '../embedded/opened-stores.js';

describe('InMemoryOutboxStore', () => {
  for (const check of outboxStoreConformance) {
    test(check.name, async () => {
      const clock = new ManualClock();
      await check.run({
        create: async () => new InMemoryOutboxStore({ clock }),
        elapse: (ms) => clock.advance(ms),
      });
    });
  }
});

describe.each(drivers)('EmbeddedStore.outbox on %s', (driver) => {
  const stores = new OpenedStores();
  const clock = new ManualClock();
  const owners = new Map<OutboxStore, EmbeddedStore>();

  function outboxOf(store: EmbeddedStore): OutboxStore {
    owners.set(store.outbox, store);
    return store.outbox;
  }
  const harness = {
    create: async () => outboxOf(await stores.open({ driver, clock })),
    elapse: (ms: number) => clock.advance(ms),
    crash: async (outbox: OutboxStore) =>
      outboxOf(await stores.crash(owners.get(outbox) as EmbeddedStore, { clock })),
  };

  afterEach(() => stores.clear());

  for (const check of outboxStoreConformance) test(check.name, () => check.run(harness));
});
