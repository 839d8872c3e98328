import assert from 'node:assert/strict';
import type { ExecutionStore, RetentionPolicy } from '../../ports/execution-store.js';
import type { ConformanceCase } from '../conformance-case.js';
import {
  allRecords,
  completed,
  execution,
  finish,
  loaded,
  pending,
  rejects,
  start,
  step,
  times,
} from './building.js';
import type { ExecutionStoreHarness } from './harness.js';

/** Executions e0, e1, …, each finished `n` ms after the start and holding a payload of `bytes`. */
async function fill(store: ExecutionStore, count: number, bytes = 100): Promise<void> {
  for (const n of times(count)) {
    await store.create(execution(`e${n}`, { input: '1', idempotencyKey: `key-${n}` }));
    const records = [completed(`e${n}`, 0, { body: `"${'x'.repeat(bytes - 2)}"` })];
    await store.commit(finish(`e${n}`, 1, { state: '1', records, at: start + n }));
  }
}

async function left(store: ExecutionStore): Promise<readonly string[]> {
  return (await store.list({ limit: 1_000 })).items.map(({ id }) => id).toSorted();
}

export const pruneCases: readonly ConformanceCase<ExecutionStoreHarness>[] = [
  {
    name: 'removes what finished before a time, oldest first',
    async run({ create }) {
      await using store = await create();
      await fill(store, 6);
      assert.deepEqual(await store.prune({ finishedBefore: start, limit: 10 }), { removed: [] });
      assert.deepEqual(await store.prune({ finishedBefore: start + 4, limit: 3 }), {
        removed: ['e0', 'e1', 'e2'],
      });
      assert.deepEqual(await left(store), ['e3', 'e4', 'e5']);
      assert.deepEqual(await store.prune({ finishedBefore: start + 4, limit: 3 }), { removed: ['e3'] });
      assert.deepEqual(await left(store), ['e4', 'e5']);
    },
  },
  {
    name: 'removes what finished first until the payloads fit',
    async run({ create }) {
      await using store = await create();
      await fill(store, 5, 10_000);
      assert.deepEqual(await store.prune({ maxBytes: 60_000, limit: 10 }), { removed: [] });
      assert.deepEqual(await store.prune({ maxBytes: 35_000, limit: 10 }), { removed: ['e0', 'e1'] });
      assert.deepEqual(await left(store), ['e2', 'e3', 'e4']);
      assert.deepEqual(await store.prune({ maxBytes: 35_000, limit: 10 }), { removed: [] });
      await store.create(execution('big', { input: `"${'x'.repeat(20_000)}"` }));
      assert.deepEqual(await store.prune({ maxBytes: 35_000, limit: 10 }), { removed: [] });
      await store.commit(finish('big', 1, { state: `"${'y'.repeat(9_000)}"`, at: start + 50 }));
      assert.deepEqual(await store.prune({ maxBytes: 45_000, limit: 10 }), { removed: ['e2', 'e3'] });
      assert.deepEqual(await store.prune({ maxBytes: 0, limit: 10 }), { removed: ['e4', 'big'] });
      assert.deepEqual(await left(store), []);
    },
  },
  {
    name: 'counts the bytes of the record that a task ends with, and not of those it replaced',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { input: '1' }));
      await store.record(pending('e1', 0, { body: `"${'x'.repeat(50_000)}"` }));
      await store.record(completed('e1', 0, { held: 2 }));
      await store.commit(
        finish('e1', 1, { state: '1', records: [completed('e1', 1, { body: `"${'x'.repeat(900)}"` })] }),
      );
      assert.deepEqual(await store.prune({ maxBytes: 1_000, limit: 1 }), { removed: [] });
      assert.deepEqual(await store.prune({ maxBytes: 900, limit: 1 }), { removed: ['e1'] });
    },
  },
  {
    name: 'removes by age and by bytes in one call',
    async run({ create }) {
      await using store = await create();
      await fill(store, 6, 10_000);
      const policy = { finishedBefore: start + 2, maxBytes: 35_000, limit: 10 };
      assert.deepEqual(await store.prune({ ...policy, limit: 1 }), { removed: ['e0'] });
      assert.deepEqual(await store.prune(policy), { removed: ['e1', 'e2'] });
      assert.deepEqual(await left(store), ['e3', 'e4', 'e5']);
    },
  },
  {
    name: 'removes only what ended as the policy says',
    async run({ create }) {
      await using store = await create();
      const statuses = ['failed', 'completed', 'cancelled', 'completed', 'timed-out', 'failed'] as const;
      for (const [n, status] of statuses.entries()) {
        await store.create(execution(`e${n}`, { input: `"${'x'.repeat(998)}"`, state: '1' }));
        await store.commit(finish(`e${n}`, 1, { status, state: '1', at: start + n }));
      }
      const late = start + 1_000;
      assert.deepEqual(await store.prune({ status: [], finishedBefore: late, limit: 10 }), { removed: [] });
      assert.deepEqual(
        await store.prune({ status: ['running', 'paused'], finishedBefore: late, limit: 10 }),
        { removed: [] },
      );
      assert.deepEqual(await store.prune({ status: ['completed'], finishedBefore: late, limit: 1 }), {
        removed: ['e1'],
      });
      assert.deepEqual(await left(store), ['e0', 'e2', 'e3', 'e4', 'e5']);
      assert.deepEqual(await store.prune({ status: ['failed', 'timed-out'], maxBytes: 1_500, limit: 10 }), {
        removed: ['e0', 'e4'],
      });
      assert.deepEqual(await left(store), ['e2', 'e3', 'e5']);
      assert.deepEqual(
        await store.prune({ status: ['failed', 'cancelled'], finishedBefore: start + 5, limit: 10 }),
        { removed: ['e2'] },
      );
      assert.deepEqual(await left(store), ['e3', 'e5']);
      assert.deepEqual(await store.prune({ status: undefined, maxBytes: 0, limit: 10 }), {
        removed: ['e3', 'e5'],
      });
    },
  },
  {
    name: 'removes by the time of finishing, whatever the order of creation',
    async run({ create }) {
      await using store = await create();
      for (const n of times(3)) await store.create(execution(`e${n}`, { createdAt: start + n }));
      for (const [place, n] of [2, 0, 1].entries())
        await store.commit(finish(`e${n}`, 1, { at: start + 10 + place }));
      assert.deepEqual(await store.prune({ finishedBefore: start + 11, limit: 10 }), { removed: ['e2'] });
      assert.deepEqual(await left(store), ['e0', 'e1']);
      assert.deepEqual(await store.prune({ maxBytes: 0, limit: 1 }), { removed: ['e0'] });
      assert.deepEqual(await left(store), ['e1']);
      // Two processes whose clocks differ.
      await store.create(execution('ahead'));
      await store.commit(finish('ahead', 1, { at: start + 50 }));
      await store.create(execution('behind'));
      await store.commit(finish('behind', 1, { at: start + 5 }));
      assert.deepEqual(await store.prune({ finishedBefore: start + 6, limit: 10 }), { removed: ['behind'] });
      assert.deepEqual(await left(store), ['ahead', 'e1']);
    },
  },
  {
    name: 'leaves nothing of what it removes',
    async run({ create }) {
      await using store = await create();
      await fill(store, 2, 50_000);
      await store.prune({ maxBytes: 0, limit: 10 });
      assert.equal(await store.load('e0'), undefined);
      assert.deepEqual(await allRecords(store, 'e0'), []);
      assert.deepEqual(await store.record(completed('e0', 1)), { accepted: false, reason: 'unknown' });
      assert.deepEqual(await store.create(execution('e0', { idempotencyKey: 'key-1' })), {
        created: true,
        id: 'e0',
      });
      assert.equal((await store.record(completed('e0', 0))).accepted, true);
      assert.deepEqual((await loaded(store, 'e0')).counters['work'], { done: 1, failed: 0 });
    },
  },
  {
    name: 'never removes what has not finished',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('running', { input: `"${'x'.repeat(10_000)}"` }));
      await store.create(execution('paused'));
      await store.commit(step('paused', 1, { status: 'paused' }));
      await fill(store, 1);
      assert.deepEqual(await store.prune({ finishedBefore: start + 1e9, maxBytes: 0, limit: 10 }), {
        removed: ['e0'],
      });
      assert.deepEqual(await left(store), ['paused', 'running']);
    },
  },
  {
    name: 'removes nothing when the policy asks for nothing',
    async run({ create }) {
      await using store = await create();
      await fill(store, 2);
      const nothing = { finishedBefore: undefined, maxBytes: undefined, limit: 10 };
      assert.deepEqual(await store.prune(nothing), { removed: [] });
      assert.equal((await left(store)).length, 2);
    },
  },
  {
    name: 'keeps a definition as long as an execution uses it',
    async run({ create }) {
      await using store = await create();
      const definition = { hash: 'shared', text: '{"stages":["shared"]}' };
      for (const n of times(3)) await store.create(execution(`e${n}`, { definition }));
      for (const n of times(2)) await store.commit(finish(`e${n}`, 1));
      await store.prune({ maxBytes: 0, limit: 10 });
      assert.deepEqual((await loaded(store, 'e2')).definition, definition);
      await store.commit(finish('e2', 1));
      await store.prune({ maxBytes: 0, limit: 10 });
      await store.create(execution('e3', { definition }));
      assert.deepEqual((await loaded(store, 'e3')).definition, definition);
    },
  },
  {
    name: 'removes thousands in one call when it may',
    async run({ create }) {
      await using store = await create();
      await Promise.all(
        times(1_500).map(async (n) => {
          await store.create(execution(`e${n}`));
          await store.commit(finish(`e${n}`, 1, { at: start + n, records: [completed(`e${n}`, 0)] }));
        }),
      );
      assert.deepEqual(await store.prune({ finishedBefore: start + 1_400, limit: 10_000 }), {
        removed: times(1_400).map((n) => `e${n}`),
      });
      assert.equal((await left(store)).length, 100);
    },
  },
  {
    name: 'refuses policies that make no sense',
    async run({ create }) {
      await using store = await create();
      await fill(store, 1);
      const bad: readonly Partial<RetentionPolicy>[] = [
        { limit: 0 },
        { limit: Number.NaN },
        { limit: Number.POSITIVE_INFINITY },
        { limit: undefined as never },
        { status: ['done' as never] },
        { maxBytes: -1 },
        { maxBytes: Number.NaN },
        { maxBytes: Number.POSITIVE_INFINITY },
        { finishedBefore: Number.NaN },
        { finishedBefore: Number.POSITIVE_INFINITY },
      ];
      for (const more of bad) await rejects(store.prune({ limit: 10, ...more }), 'LOOM_INVALID_OPTION');
      assert.deepEqual(await left(store), ['e0']);
    },
  },
];
