import assert from 'node:assert/strict';
import type { ExecutionStore } from '../../ports/execution-store.js';
import type { ConformanceCase } from '../conformance-case.js';
import {
  allRecords,
  claim,
  completed,
  execution,
  finish,
  leaseMs,
  loaded,
  pending,
  start,
  step,
  times,
} from './building.js';
import type { ExecutionStoreHarness } from './harness.js';

/** Cases for stores that survive; a store that does not has no `crash`, which `says what it is capable of` checks. */
function afterCrash(
  name: string,
  before: (store: ExecutionStore) => Promise<unknown>,
  after: (store: ExecutionStore, elapse: ExecutionStoreHarness['elapse']) => Promise<void>,
): ConformanceCase<ExecutionStoreHarness> {
  return {
    name,
    async run({ create, crash, elapse }) {
      if (!crash) return;
      const first = await create();
      await before(first);
      await using second = await crash(first);
      await after(second, elapse);
    },
  };
}

export const crashCases: readonly ConformanceCase<ExecutionStoreHarness>[] = [
  afterCrash(
    'has every resolved step after a crash',
    async (store) => {
      await store.create(execution('e1', { idempotencyKey: 'key', wakeAt: start + 10, tags: ['eu'] }));
      await store.record(completed('e1', 0));
      await store.record(pending('e1', 1, { next: 5, dueAt: start + 5 }));
      await store.commit(step('e1', 1, { records: [completed('e1', -1)] }));
      await store.create(execution('e2'));
      await store.commit(finish('e2', 1));
    },
    async (store) => {
      const { version, state, wakeAt, tags, counters } = await loaded(store, 'e1');
      assert.deepEqual(
        { version, state, wakeAt, tags },
        { version: 2, state: '{"step":1}', wakeAt: start + 10, tags: ['eu'] },
      );
      assert.deepEqual(counters, { work: { done: 1, failed: 0 } });
      assert.deepEqual(
        (await allRecords(store, 'e1')).map(({ index, token }) => [index, token]),
        [
          [-1, 1],
          [0, 1],
          [1, 5],
        ],
      );
      assert.equal((await loaded(store, 'e2')).status, 'completed');
      assert.deepEqual(await store.create(execution('e3', { idempotencyKey: 'key' })), {
        created: false,
        id: 'e1',
      });
    },
  ),
  afterCrash(
    'holds to its rules after a crash',
    async (store) => {
      await store.create(execution('e1'));
      await Promise.all(times(100).map((index) => store.record(completed('e1', index))));
      await store.record(pending('e1', 100, { next: 3 }));
      await store.commit(step('e1', 1));
      await store.create(execution('e2'));
      await store.commit(finish('e2', 1));
    },
    async (store) => {
      assert.deepEqual(await store.commit(step('e1', 1)), { committed: false, reason: 'conflict' });
      assert.deepEqual(await store.record(completed('e1', 99)), { accepted: false, reason: 'duplicate' });
      assert.deepEqual(await store.record(completed('e1', 100)), { accepted: false, reason: 'stale' });
      assert.deepEqual(await store.record(completed('e2', 0)), { accepted: false, reason: 'finished' });
      assert.deepEqual(await store.record(completed('e3', 0)), { accepted: false, reason: 'unknown' });
      const counters = { done: 101, failed: 0 };
      assert.deepEqual(await store.record(completed('e1', 100, { held: 3 })), { accepted: true, counters });
      assert.deepEqual(await store.commit(step('e1', 2)), { committed: true, version: 3 });
    },
  ),
  afterCrash(
    'gives after a crash what was to wake, and what was held no later than its lease says',
    async (store) => {
      await store.create(execution('claimed'));
      await store.claim(claim('a', 0));
      await store.create(execution('created', { holder: 'a', wakeAt: start + 999 }));
      await store.create(execution('waiting', { wakeAt: start }));
      await store.commit(step('waiting', 1, { wakeAt: start + 1_000 }));
      await store.create(execution('finished', { wakeAt: start }));
      await store.commit(finish('finished', 1));
    },
    async (store, elapse) => {
      await elapse(leaseMs);
      const { ids, nextWakeAt, renewed } = await store.claim(claim('b', 999));
      assert.deepEqual([ids, nextWakeAt, renewed], [['claimed', 'created'], start + 1_000, false]);
      assert.deepEqual((await store.claim(claim('b', 1_000))).ids, ['waiting']);
    },
  ),
  afterCrash(
    'knows after a crash how many seats were ever given',
    async (store) => {
      for (const holder of ['a', 'b', 'c']) await store.claim(claim(holder, 0));
    },
    async (store, elapse) => {
      await elapse(leaseMs);
      const { seat, freeSeats } = await store.claim(claim('d', 0));
      assert.deepEqual([seat, freeSeats], [0, [1, 2]]);
    },
  ),
  afterCrash(
    'counts bytes and definitions after a crash as before',
    async (store) => {
      const definition = { hash: 'other', text: '[]' };
      for (const n of times(4)) {
        await store.create(execution(`e${n}`, { definition, input: `"${'x'.repeat(9_998)}"`, state: '1' }));
        await store.record(completed(`e${n}`, 0, { body: `"${'x'.repeat(9_998)}"` }));
      }
      for (const n of times(2)) await store.commit(finish(`e${n}`, 1, { state: '1', at: start + n }));
    },
    async (store) => {
      for (const n of [2, 3]) await store.commit(finish(`e${n}`, 1, { state: '1', at: start + n }));
      assert.deepEqual(await store.prune({ maxBytes: 81_000, limit: 10 }), { removed: [] });
      assert.deepEqual(await store.prune({ maxBytes: 79_000, limit: 10 }), { removed: ['e0'] });
      assert.deepEqual(
        (await store.list({})).items.map(({ id }) => id),
        ['e3', 'e2', 'e1'],
      );
      assert.equal((await loaded(store, 'e3')).definition.text, '[]');
    },
  ),
  {
    name: 'survives crash after crash',
    async run({ create, crash }) {
      if (!crash) return;
      let store = await create();
      await store.create(execution('e1'));
      for (const n of times(5)) {
        await store.commit(step('e1', n + 1, { records: [completed('e1', n)] }));
        store = await crash(store);
        assert.deepEqual((await loaded(store, 'e1')).counters['work'], { done: n + 1, failed: 0 });
      }
      await store.close();
    },
  },
];
