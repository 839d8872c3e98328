import type { ExecutionStore } from '@certoai/loom-core';
import { ManualClock } from '@certoai/loom-core/testing';
import type { ExecutionStoreHarness } from '@certoai/loom-core/testing';
import { InMemoryExecutionStore } from '@certoai/loom-storage/memory';
import type { EmbeddedStore } from '@certoai/loom-storage/embedded';
import { afterEach, describe, test } from 'vitest';
import { claimCheckedExecutions } from '../../src/blobs/claim-checked-executions.js';
import { FolderBlobStore } from '../../src/blobs/folder-blob-store.js';
import { InMemoryBlobStore } from '../../src/blobs/in-memory-blob-store.js';
import { OpenedStores, drivers } from '../embedded/opened-stores.js';
import { BlobFolders } from './blob-folders.js';
import { withBlobs, withoutBlobs } from './counting-bytes.js';
import { pruneTakesBlobs } from './pruned-blobs.js';

const everything = 1;
const nothing = 100_000_000;

describe('claimCheckedExecutions in memory', () => {
  const clock = new ManualClock();

  function harness(thresholdBytes: number): ExecutionStoreHarness {
    const open = (): ExecutionStore =>
      claimCheckedExecutions(new InMemoryExecutionStore({ clock }), new InMemoryBlobStore(), {
        thresholdBytes,
      });
    return { create: async () => open(), elapse: (ms) => clock.advance(ms) };
  }
  for (const check of withBlobs) test(check.name, () => check.run(harness(everything)));
  for (const check of withoutBlobs) test(check.name, () => check.run(harness(nothing)));
  test('blobs go with what is pruned', () =>
    pruneTakesBlobs(new InMemoryExecutionStore(), new InMemoryBlobStore()));
});

describe.each(drivers)('claimCheckedExecutions on %s and a folder', (driver) => {
  const stores = new OpenedStores();
  const folders = new BlobFolders();
  const clock = new ManualClock();
  const owners = new Map<ExecutionStore, { readonly store: EmbeddedStore; readonly path: string }>();
  afterEach(async () => {
    await stores.clear();
    folders.clear();
  });

  let thresholdBytes = everything;
  function checked(store: EmbeddedStore, path: string): ExecutionStore {
    const executions = claimCheckedExecutions(store.executions, new FolderBlobStore({ path }), {
      thresholdBytes,
    });
    owners.set(executions, { store, path });
    return executions;
  }
  const harness = {
    create: async () => checked(await stores.open({ driver, clock }), folders.make()),
    elapse: (ms: number) => clock.advance(ms),
    crash: async (executions: ExecutionStore) => {
      const { store, path } = owners.get(executions) as {
        readonly store: EmbeddedStore;
        readonly path: string;
      };
      return checked(await stores.crash(store, { clock }), path);
    },
  };
  for (const check of withBlobs) {
    test(check.name, () => {
      // Ten thousand files take seconds to sync, and show nothing that ten do not.
      thresholdBytes = /thousand|hundred|1000/.test(check.name) ? nothing : everything;
      return check.run(harness);
    });
  }
  test('blobs go with what is pruned', async () => {
    const { executions } = await stores.open({ driver });
    await pruneTakesBlobs(executions, new FolderBlobStore({ path: folders.make() }));
  });
});
