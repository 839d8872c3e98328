import { ManualClock, executionStoreConformance } from '@certoai/loom-core/testing';
import type { ExecutionStore } from '@certoai/loom-core';
import type { EmbeddedStore } from '@certoai/loom-storage/embedded';
import { afterEach, describe, test } from 'vitest';
import { OpenedStores, drivers } from './opened-stores.js';

describe.each(drivers)('EmbeddedStore.executions on %s', (driver) => {
  const stores = new OpenedStores();
  const clock = new ManualClock();
  const owners = new Map<ExecutionStore, EmbeddedStore>();

  function executionsOf(store: EmbeddedStore): ExecutionStore {
    owners.set(store.executions, store);
    return store.executions;
  }
  const harness = {
    create: async () => executionsOf(await stores.open({ driver, clock })),
    elapse: (ms: number) => clock.advance(ms),
    crash: async (executions: ExecutionStore) =>
      executionsOf(await stores.crash(owners.get(executions) as EmbeddedStore, { clock })),
  };

  afterEach(() => stores.clear());

  for (const check of executionStoreConformance) test(check.name, () => check.run(harness));
});
