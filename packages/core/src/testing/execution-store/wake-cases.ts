import assert from 'node:assert/strict';
import type { ClaimRequest } from '../../ports/execution-store.js';
import type { ConformanceCase } from '../conformance-case.js';
import { completed, execution, finish, loaded, pending, rejects, start, step, times } from './building.js';
import type { ExecutionStoreHarness } from './harness.js';

const leaseMs = 1_000;

/** A claim `ms` after the start. */
function at(ms: number, limit = 100): ClaimRequest {
  return { now: start + ms, leaseMs, limit };
}

export const wakeCases: readonly ConformanceCase<ExecutionStoreHarness>[] = [
  {
    name: 'hands out executions whose time has come, the longest waiting first',
    async run({ create }) {
      await using store = await create();
      for (const ms of [30, 10, 40, 20]) await store.create(execution(`e${ms}`, { wakeAt: start + ms }));
      assert.deepEqual(await store.claim(at(9)), { ids: [], nextWakeAt: start + 10 });
      assert.deepEqual(await store.claim(at(30)), { ids: ['e10', 'e20', 'e30'], nextWakeAt: start + 40 });
    },
  },
  {
    name: 'does not hand out what is claimed until its lease ends',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { wakeAt: start }));
      assert.deepEqual(await store.claim(at(0)), { ids: ['e1'], nextWakeAt: null });
      assert.equal((await loaded(store, 'e1')).wakeAt, start + leaseMs);
      assert.deepEqual(await store.claim(at(leaseMs - 1)), { ids: [], nextWakeAt: start + leaseMs });
      assert.deepEqual(await store.claim(at(leaseMs)), { ids: ['e1'], nextWakeAt: null });
    },
  },
  {
    name: 'gives each execution to one of many that claim at the same time',
    async run({ create }) {
      await using store = await create();
      await Promise.all(times(100).map((n) => store.create(execution(`e${n}`, { wakeAt: start + n }))));
      const claims = await Promise.all(times(30).map(() => store.claim(at(1_000, 5))));
      const ids = claims.flatMap((claim) => claim.ids);
      assert.equal(ids.length, 100);
      assert.equal(new Set(ids).size, 100);
      assert.ok(claims.every((claim) => claim.ids.length <= 5));
    },
  },
  {
    name: 'takes no more than the limit and says that more is due',
    async run({ create }) {
      await using store = await create();
      for (const n of times(5)) await store.create(execution(`e${n}`, { wakeAt: start + n }));
      assert.deepEqual(await store.claim(at(10, 2)), { ids: ['e0', 'e1'], nextWakeAt: start + 2 });
      assert.deepEqual((await store.claim(at(10, 2))).ids, ['e2', 'e3']);
      assert.deepEqual(await store.claim(at(10, 2)), { ids: ['e4'], nextWakeAt: start + 10 + leaseMs });
    },
  },
  {
    name: 'never hands out what sleeps for good or has finished, and hands out what is paused',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('asleep'));
      await store.create(execution('finished', { wakeAt: start }));
      await store.commit(finish('finished', 1));
      assert.deepEqual(await store.claim(at(1e12)), { ids: [], nextWakeAt: null });
      await store.create(execution('paused', { wakeAt: start + 5 }));
      await store.commit(step('paused', 1, { status: 'paused' }));
      assert.deepEqual((await store.claim(at(5))).ids, ['paused']);
    },
  },
  {
    name: 'wakes an execution when its head says so, claimed or not',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { wakeAt: start }));
      await store.claim(at(0));
      await store.commit(step('e1', 1, { wakeAt: start + 20 }));
      assert.deepEqual(await store.claim(at(19)), { ids: [], nextWakeAt: start + 20 });
      assert.deepEqual((await store.claim(at(20))).ids, ['e1']);
      await store.commit(step('e1', 2, { wakeAt: null }));
      assert.deepEqual(await store.claim(at(1e9)), { ids: [], nextWakeAt: null });
      await store.commit(step('e1', 3, { wakeAt: start + 7 }));
      assert.deepEqual((await store.claim(at(7))).ids, ['e1']);
    },
  },
  {
    name: 'keeps a claim through a step that does not say when to wake',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { wakeAt: start }));
      await store.claim(at(0));
      await store.commit(step('e1', 1));
      await store.record(completed('e1', 0));
      assert.deepEqual(await store.claim(at(leaseMs - 1)), { ids: [], nextWakeAt: start + leaseMs });
    },
  },
  {
    name: 'wakes an execution by the time that a pending task is due, and never later than it would have',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      await store.record(pending('e1', 0));
      assert.equal((await loaded(store, 'e1')).wakeAt, null);
      await store.record(pending('e1', 1, { dueAt: start + 50 }));
      assert.equal((await loaded(store, 'e1')).wakeAt, start + 50);
      await store.record(pending('e1', 2, { dueAt: start + 90 }));
      assert.equal((await loaded(store, 'e1')).wakeAt, start + 50);
      await store.record(pending('e1', 3, { dueAt: start + 20 }));
      assert.deepEqual(await store.claim(at(19)), { ids: [], nextWakeAt: start + 20 });
      assert.deepEqual((await store.claim(at(20))).ids, ['e1']);
      await store.record(pending('e1', 4, { dueAt: start + 60 }));
      assert.deepEqual((await store.claim(at(60))).ids, ['e1']);
    },
  },
  {
    name: 'wakes by the earlier of what a step says and what its pending records are due',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      const wakeAtAfter = async (
        version: number,
        dueAt: number,
        wakeAt?: number | null,
      ): Promise<number | null> => {
        const records = [pending('e1', version, { dueAt: start + dueAt }), completed('e1', version + 100)];
        await store.commit(step('e1', version, { records, wakeAt }));
        return (await loaded(store, 'e1')).wakeAt;
      };
      assert.equal(await wakeAtAfter(1, 30), start + 30);
      assert.equal(await wakeAtAfter(2, 40), start + 30);
      assert.equal(await wakeAtAfter(3, 60, start + 50), start + 50);
      assert.equal(await wakeAtAfter(4, 60, start + 70), start + 60);
      assert.equal(await wakeAtAfter(5, 60, null), start + 60);
    },
  },
  {
    name: 'ignores when a refused record would be due',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { wakeAt: start + 100 }));
      await store.record(pending('e1', 0, { held: 7, next: 8, dueAt: start + 1 }));
      await store.record(completed('e1', 1));
      await store.record(pending('e1', 1, { dueAt: start + 1 }));
      assert.equal((await loaded(store, 'e1')).wakeAt, start + 100);
    },
  },
  {
    name: 'finds the next to wake among thousands that moved many times',
    async run({ create }) {
      await using store = await create();
      await Promise.all(times(500).map((n) => store.create(execution(`e${n}`, { wakeAt: start + n }))));
      for (const round of times(6)) {
        const moved = times(500).map((n) => {
          const wakeAt = start + ((n * 7 + round * 131) % 500) + 1_000;
          return store.commit(step(`e${n}`, round + 1, { wakeAt }));
        });
        await Promise.all(moved);
      }
      const order = times(500).toSorted((a, b) => ((a * 7 + 655) % 500) - ((b * 7 + 655) % 500));
      const claim = await store.claim(at(1_249, 1_000));
      assert.deepEqual(
        claim.ids,
        order.slice(0, 250).map((n) => `e${n}`),
      );
      assert.equal(claim.nextWakeAt, start + 1_250);
    },
  },
  {
    name: 'refuses claims that make no sense',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { wakeAt: start }));
      const bad: readonly Partial<ClaimRequest>[] = [
        { now: Number.NaN },
        { now: Number.POSITIVE_INFINITY },
        { leaseMs: 0 },
        { leaseMs: -1 },
        { leaseMs: Number.NaN },
        { leaseMs: Number.POSITIVE_INFINITY },
        { limit: 0 },
        { limit: 1.5 },
        { limit: Number.POSITIVE_INFINITY },
        { limit: undefined as never },
      ];
      for (const more of bad) await rejects(store.claim({ ...at(0), ...more }), 'LOOM_INVALID_OPTION');
      assert.deepEqual((await store.claim(at(0))).ids, ['e1']);
    },
  },
];
