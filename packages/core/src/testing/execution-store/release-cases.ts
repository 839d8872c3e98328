import assert from 'node:assert/strict';
import type { ReleaseRequest } from '../../ports/execution-store.js';
import type { ConformanceCase } from '../conformance-case.js';
import {
  claim,
  completed,
  execution,
  finish,
  leaseMs,
  loaded,
  rejects,
  start,
  step,
  times,
} from './building.js';
import type { ExecutionStoreHarness } from './harness.js';

function released(executionId: string, holder: string, wakeAt: number | null): ReleaseRequest {
  return { executionId, holder, wakeAt };
}

export const releaseCases: readonly ConformanceCase<ExecutionStoreHarness>[] = [
  {
    name: 'lets anybody claim what its holder released, from the time it named, and nothing else',
    async run({ create }) {
      await using store = await create();
      await store.claim(claim('a', 0));
      for (const n of times(3)) await store.create(execution(`e${n}`, { holder: 'a' }));
      await store.release(released('e1', 'a', start + 30));
      const { seat, wakeAt, version, updatedAt } = await loaded(store, 'e1');
      assert.deepEqual(
        { seat, wakeAt, version, updatedAt },
        { seat: undefined, wakeAt: start + 30, version: 1, updatedAt: start },
      );
      const early = await store.claim(claim('b', 29));
      assert.deepEqual([early.ids, early.nextWakeAt], [[], start + 30]);
      assert.deepEqual((await store.claim(claim('b', 30))).ids, ['e1']);
      await store.release(released('e2', 'a', null));
      assert.deepEqual((await store.claim(claim('a', 0))).ids, ['e2']);
    },
  },
  {
    name: 'releases what was claimed, and takes the word of its holder only',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      await store.claim(claim('a', 0));
      await store.claim(claim('b', 0));
      const before = await loaded(store, 'e1');
      for (const holder of ['b', 'nobody']) await store.release(released('e1', holder, start + 5));
      await store.release(released('unknown', 'a', start + 5));
      assert.deepEqual(await loaded(store, 'e1'), before);
      await store.release(released('e1', 'a', start + 5));
      assert.deepEqual((await store.claim(claim('b', 5))).ids, ['e1']);
      // It is with another by now.
      await store.release(released('e1', 'a', null));
      assert.equal((await loaded(store, 'e1')).wakeAt, start + 5);
      assert.deepEqual(await store.commit(step('e1', 1, { holder: 'a' })), {
        committed: false,
        reason: 'conflict',
      });
      assert.deepEqual(await store.commit(step('e1', 1, { holder: 'b' })), { committed: true, version: 2 });
    },
  },
  {
    name: 'takes writes of anybody about what was released, as about all that nobody holds',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      await store.claim(claim('a', 0));
      await store.release(released('e1', 'a', start + 50));
      assert.equal((await store.record(completed('e1', 0, { holder: 'a' }))).accepted, true);
      assert.deepEqual(await store.commit(step('e1', 1, { holder: 'b' })), { committed: true, version: 2 });
      assert.equal((await loaded(store, 'e1')).wakeAt, start + 50);
      await store.commit(step('e1', 2, { wakeAt: start + 60 }));
      assert.equal((await store.claim(claim('c', 50))).nextWakeAt, start + 60);
      await store.commit(finish('e1', 3));
      assert.deepEqual((await store.claim(claim('c', 60))).ids, []);
    },
  },
  {
    name: 'leaves alone what nobody holds, and what has finished',
    async run({ create, elapse }) {
      await using store = await create();
      await store.create(execution('free', { wakeAt: start + 10 }));
      await store.create(execution('done'));
      await store.commit(finish('done', 1));
      await store.create(execution('lost', { wakeAt: start }));
      await store.claim(claim('a', 0));
      await elapse(leaseMs);
      assert.deepEqual((await store.claim(claim('b', 0))).ids, ['lost']);
      for (const id of ['free', 'done', 'lost']) await store.release(released(id, 'a', start + 90));
      assert.equal((await loaded(store, 'free')).wakeAt, start + 10);
      assert.equal((await loaded(store, 'done')).wakeAt, null);
      assert.equal((await loaded(store, 'lost')).wakeAt, start);
      await store.leave('b');
      assert.deepEqual((await store.claim(claim('c', 10))).ids, ['lost', 'free']);
    },
  },
  {
    name: 'keeps a release after a crash',
    async run({ create, crash, elapse }) {
      if (!crash) return;
      const first = await create();
      await first.claim(claim('a', 0));
      await first.create(execution('e1', { holder: 'a' }));
      await first.release(released('e1', 'a', start + 70));
      await using second = await crash(first);
      await elapse(leaseMs);
      const { ids, nextWakeAt } = await second.claim(claim('b', 69));
      assert.deepEqual([ids, nextWakeAt], [[], start + 70]);
      assert.deepEqual((await second.claim(claim('b', 70))).ids, ['e1']);
    },
  },
  {
    name: 'refuses releases that make no sense',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { wakeAt: start }));
      await store.claim(claim('a', 0));
      const bad: readonly Partial<ReleaseRequest>[] = [
        { holder: '' },
        { holder: undefined as never },
        { holder: 'nul\0' },
        { wakeAt: Number.NaN },
        { wakeAt: Number.POSITIVE_INFINITY },
        { wakeAt: undefined as never },
      ];
      for (const more of bad)
        await rejects(store.release({ ...released('e1', 'a', start), ...more }), 'LOOM_INVALID_OPTION');
      assert.deepEqual((await store.claim(claim('b', 0))).ids, []);
    },
  },
];
