import assert from 'node:assert/strict';
import type { ClaimReply, ClaimRequest, ExecutionStore } from '../../ports/execution-store.js';
import type { ConformanceCase } from '../conformance-case.js';
import {
  claim,
  completed,
  execution,
  finish,
  leaseMs,
  loaded,
  pending,
  rejects,
  start,
  step,
  times,
} from './building.js';
import type { ExecutionStoreHarness } from './harness.js';

/** What `holder` gets `ms` after the start. */
async function idsFor(store: ExecutionStore, holder: string, ms = 0): Promise<readonly string[]> {
  return (await store.claim(claim(holder, ms))).ids;
}

/** A place in time that follows from a lease: the adapter's clock may have gone on a little meanwhile. */
function assertEndsAt(actual: number | null, expected: number): void {
  const isNear = actual !== null && actual <= expected && actual > expected - leaseMs / 2;
  assert.ok(isNear, `${actual} is near ${expected}`);
}

function seats({ seat, freeSeats, renewed }: ClaimReply): unknown {
  return { seat, freeSeats, renewed };
}

export const holdingCases: readonly ConformanceCase<ExecutionStoreHarness>[] = [
  {
    name: 'gives executions whose time has come, those that wait for none first, then the longest waiting',
    async run({ create }) {
      await using store = await create();
      for (const ms of [30, 10, 40, 20]) await store.create(execution(`e${ms}`, { wakeAt: start + ms }));
      await store.create(execution('at once', { wakeAt: null }));
      const first = await store.claim(claim('a', 9));
      assert.deepEqual([first.ids, first.nextWakeAt], [['at once'], start + 10]);
      const second = await store.claim(claim('a', 30));
      assert.deepEqual([second.ids, second.nextWakeAt], [['e10', 'e20', 'e30'], start + 40]);
    },
  },
  {
    name: 'gives to nobody else what is held, whenever it wakes, and leaves its time to wake as it was',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { wakeAt: start + 5 }));
      await store.create(execution('e2'));
      assert.deepEqual(await idsFor(store, 'a', 5), ['e2', 'e1']);
      assert.deepEqual(
        [(await loaded(store, 'e1')).wakeAt, (await loaded(store, 'e2')).wakeAt],
        [start + 5, null],
      );
      for (const holder of ['a', 'b']) assert.deepEqual(await idsFor(store, holder, 1e12), []);
    },
  },
  {
    name: 'gives each execution to one of many that claim at the same time',
    async run({ create }) {
      await using store = await create();
      const wakeAt = (n: number): number | null => (n % 2 === 0 ? start + n : null);
      await Promise.all(times(100).map((n) => store.create(execution(`e${n}`, { wakeAt: wakeAt(n) }))));
      const claims = await Promise.all(
        times(40).map((n) => store.claim(claim(`holder ${n % 10}`, 1_000, { limit: 5 }))),
      );
      const ids = claims.flatMap((reply) => reply.ids);
      assert.equal(ids.length, 100);
      assert.equal(new Set(ids).size, 100);
      assert.ok(claims.every((reply) => reply.ids.length <= 5));
      assert.deepEqual([...new Set(claims.map(({ seat }) => seat))].toSorted(), times(10));
    },
  },
  {
    name: 'gives no more than the limit and says that more can be claimed now',
    async run({ create }) {
      await using store = await create();
      for (const n of times(5)) await store.create(execution(`e${n}`, { wakeAt: start + n }));
      const two = claim('a', 10, { limit: 2 });
      const first = await store.claim(two);
      assert.deepEqual([first.ids, first.nextWakeAt], [['e0', 'e1'], start + 10]);
      assert.deepEqual((await store.claim(two)).ids, ['e2', 'e3']);
      const last = await store.claim(two);
      assert.deepEqual([last.ids, last.nextWakeAt], [['e4'], null]);
      await store.create(execution('at once'));
      const none = await store.claim(claim('a', 20, { limit: 0 }));
      assert.deepEqual([none.ids, none.nextWakeAt, none.renewed], [[], start + 20, true]);
    },
  },
  {
    name: 'renews the lease on everything that is held with each claim, one that asks for nothing included',
    async run({ create, elapse }) {
      await using store = await create();
      for (const id of ['e1', 'e2']) await store.create(execution(id));
      assert.equal((await store.claim(claim('a', 0))).renewed, false);
      await store.create(execution('e3', { holder: 'a' }));
      for (const n of times(3)) {
        await elapse(0.75 * leaseMs);
        assert.equal((await store.claim(claim('a', n, { limit: 0 }))).renewed, true);
      }
      assert.deepEqual(await idsFor(store, 'b'), []);
      for (const id of ['e1', 'e2', 'e3']) assert.equal((await loaded(store, id)).seat, 0);
    },
  },
  {
    name: 'takes the length of the last claim for the length of the lease',
    async run({ create, elapse }) {
      await using store = await create();
      await store.create(execution('e1', { wakeAt: start }));
      await store.claim(claim('a', 0, { leaseMs: 10 * leaseMs }));
      await store.claim(claim('a', 0, { leaseMs }));
      await elapse(leaseMs);
      assert.deepEqual(await idsFor(store, 'b'), ['e1']);
    },
  },
  {
    name: 'frees everything that is held when the lease ends',
    async run({ create, elapse }) {
      await using store = await create();
      await store.create(execution('later', { wakeAt: start + 50 }));
      await store.create(execution('at once'));
      await store.claim(claim('a', 50));
      await store.create(execution('created', { holder: 'a', wakeAt: start + 20 }));
      await elapse(leaseMs);
      assert.equal((await loaded(store, 'created')).seat, undefined);
      const first = await store.claim(claim('b', 20));
      assert.deepEqual([first.ids, first.nextWakeAt], [['at once', 'created'], start + 50]);
      assert.deepEqual(await idsFor(store, 'b', 50), ['later']);
    },
  },
  {
    name: 'tells a holder whose lease ended that it is not known any more, and gives it what is free by then',
    async run({ create, elapse }) {
      await using store = await create();
      for (const id of ['e1', 'e2']) await store.create(execution(id));
      await store.claim(claim('a', 0));
      await elapse(leaseMs);
      assert.deepEqual((await store.claim(claim('b', 0, { limit: 1 }))).ids.length, 1);
      const back = await store.claim(claim('a', 0));
      assert.deepEqual([back.ids.length, back.renewed, back.seat], [1, false, 1]);
      assert.equal((await store.claim(claim('a', 0))).renewed, true);
    },
  },
  {
    name: 'takes no writes in the name of another than the holder, and those of anybody when nobody holds it',
    async run({ create }) {
      await using store = await create();
      await store.claim(claim('a', 0));
      await store.create(execution('e1', { holder: 'a' }));
      assert.deepEqual(await store.record({ ...completed('e1', 0), holder: 'b' }), {
        accepted: false,
        reason: 'stale',
      });
      assert.equal((await store.record({ ...completed('e1', 0), holder: 'a' })).accepted, true);
      assert.deepEqual(await store.commit({ ...step('e1', 1), holder: 'b' }), {
        committed: false,
        reason: 'conflict',
      });
      assert.equal((await store.commit({ ...step('e1', 1), holder: 'a' })).committed, true);
      await store.leave('a');
      assert.equal((await store.commit({ ...step('e1', 2), holder: 'b' })).committed, true);
      assert.equal((await store.claim(claim('b', 0))).ids.length, 1);
      assert.equal((await store.commit({ ...step('e1', 3), holder: 'a' })).committed, false);
      assert.equal((await store.commit(step('e1', 3))).committed, true);
    },
  },
  {
    name: 'keeps a lease that has ended as long as nobody else takes what it held',
    async run({ create, elapse }) {
      await using store = await create();
      await store.claim(claim('a', 0));
      await store.create(execution('e1', { holder: 'a' }));
      await elapse(leaseMs);
      assert.deepEqual((await store.claim(claim('b', 0, { limit: 0 }))).ids, []);
      const back = await store.claim(claim('a', 0, { limit: 0 }));
      assert.deepEqual([back.renewed, back.seat], [true, 0]);
      assert.deepEqual((await store.claim(claim('b', 0))).ids, []);
    },
  },
  {
    name: 'frees thousands when their lease ends',
    async run({ create, elapse }) {
      await using store = await create();
      await store.claim(claim('a', 0));
      await Promise.all(
        times(6_000).map((n) => store.create(execution(`e${n}`, { holder: 'a', wakeAt: start + n }))),
      );
      await elapse(leaseMs);
      const ids: string[] = [];
      // Bounded, as an adapter may free them little by little.
      for (let claims = 0; claims < 100 && ids.length < 6_000; claims += 1) {
        const { ids: some, nextWakeAt } = await store.claim(claim('b', 6_000, { limit: 1_000 }));
        ids.push(...some);
        if (ids.length < 6_000) assert.equal(nextWakeAt, start + 6_000);
      }
      assert.deepEqual([ids.length, new Set(ids).size], [6_000, 6_000]);
    },
  },
  {
    name: 'frees at once what the holder held that leaves, and its seat',
    async run({ create }) {
      await using store = await create();
      for (const id of ['e1', 'e2']) await store.create(execution(id));
      await store.claim(claim('a', 0, { limit: 1 }));
      await store.claim(claim('b', 0, { limit: 1 }));
      await store.leave('a');
      const left = await store.claim(claim('b', 0));
      assert.equal(left.ids.length, 1);
      assert.deepEqual(seats(left), { seat: 1, freeSeats: [0], renewed: true });
      await store.leave('a');
      await store.leave('nobody');
      assert.deepEqual(await idsFor(store, 'c'), []);
      assert.equal((await store.claim(claim('a', 0))).renewed, false);
    },
  },
  {
    name: 'seats each holder at the smallest free number, and says which others are free',
    async run({ create, elapse }) {
      await using store = await create();
      for (const [n, holder] of ['a', 'b', 'c', 'd'].entries()) {
        assert.deepEqual(seats(await store.claim(claim(holder, 0))), {
          seat: n,
          freeSeats: [],
          renewed: false,
        });
      }
      for (const holder of ['b', 'd']) await store.leave(holder);
      assert.deepEqual(seats(await store.claim(claim('c', 0))), {
        seat: 2,
        freeSeats: [1, 3],
        renewed: true,
      });
      assert.deepEqual(seats(await store.claim(claim('e', 0))), { seat: 1, freeSeats: [3], renewed: false });
      await elapse(leaseMs / 2);
      await store.claim(claim('c', 0));
      await elapse(leaseMs / 2);
      const late = await store.claim(claim('f', 0));
      assert.deepEqual(seats(late), { seat: 0, freeSeats: [1, 3], renewed: false });
      assert.deepEqual(seats(await store.claim(claim('c', 0))), {
        seat: 2,
        freeSeats: [1, 3],
        renewed: true,
      });
    },
  },
  {
    name: 'tells the seat of the holder of an execution, while there is one',
    async run({ create, elapse }) {
      await using store = await create();
      await store.claim(claim('first', 0));
      await store.create(execution('e1'));
      assert.equal((await loaded(store, 'e1')).seat, undefined);
      await store.claim(claim('a', 0));
      assert.equal((await loaded(store, 'e1')).seat, 1);
      await store.commit(step('e1', 1));
      await store.record(completed('e1', 0));
      assert.equal((await loaded(store, 'e1')).seat, 1);
      await store.leave('a');
      assert.equal((await loaded(store, 'e1')).seat, undefined);
      await store.claim(claim('b', 0));
      assert.equal((await loaded(store, 'e1')).seat, 1);
      await elapse(leaseMs);
      assert.equal((await loaded(store, 'e1')).seat, undefined);
    },
  },
  {
    name: 'lets a known holder hold what it creates from the start',
    async run({ create }) {
      await using store = await create();
      await store.claim(claim('a', 0));
      await store.create(execution('e1', { holder: 'a' }));
      await store.create(execution('e2', { holder: 'a', wakeAt: start }));
      await store.create(execution('e3', { holder: undefined }));
      assert.equal((await loaded(store, 'e1')).seat, 0);
      assert.deepEqual(await idsFor(store, 'b', 9), ['e3']);
      assert.deepEqual(await idsFor(store, 'a', 9), []);
      await store.leave('a');
      assert.deepEqual(await idsFor(store, 'b', 9), ['e1', 'e2']);
    },
  },
  {
    name: 'lets nobody hold what somebody creates who has no lease',
    async run({ create, elapse }) {
      await using store = await create();
      await store.create(execution('e1', { holder: 'stranger' }));
      await store.claim(claim('late', 0, { limit: 0 }));
      await elapse(leaseMs);
      await store.create(execution('e2', { holder: 'late', wakeAt: start + 1 }));
      assert.equal((await loaded(store, 'e2')).seat, undefined);
      assert.deepEqual(await idsFor(store, 'a', 1), ['e1', 'e2']);
    },
  },
  {
    name: 'leaves what exists with who holds it when it is created once more',
    async run({ create }) {
      await using store = await create();
      for (const holder of ['a', 'b']) await store.claim(claim(holder, 0));
      await store.create(execution('e1', { holder: 'a', idempotencyKey: 'key' }));
      await store.create(execution('e1', { holder: 'b' }));
      await store.create(execution('e2', { holder: 'b', idempotencyKey: 'key' }));
      assert.equal((await loaded(store, 'e1')).seat, 0);
      await store.leave('a');
      await store.create(execution('e1', { holder: 'b' }));
      assert.deepEqual(await idsFor(store, 'b'), ['e1']);
    },
  },
  {
    name: 'lets nobody hold what has finished',
    async run({ create, elapse }) {
      await using store = await create();
      await store.claim(claim('a', 0));
      await store.create(execution('held', { holder: 'a' }));
      await store.create(execution('free'));
      for (const id of ['held', 'free']) await store.commit(finish(id, 1, { wakeAt: start }));
      assert.equal((await loaded(store, 'held')).seat, undefined);
      const reply = await store.claim(claim('b', 1e12));
      assert.deepEqual([reply.ids, reply.nextWakeAt], [[], null]);
      await store.leave('a');
      await elapse(leaseMs);
      assert.deepEqual(await idsFor(store, 'c', 1e12), []);
    },
  },
  {
    name: 'lets anybody write what somebody holds',
    async run({ create }) {
      await using store = await create();
      await store.claim(claim('a', 0));
      await store.create(execution('e1', { holder: 'a' }));
      assert.equal((await store.record(completed('e1', 0))).accepted, true);
      assert.equal((await store.commit(step('e1', 1))).committed, true);
      assert.deepEqual(await idsFor(store, 'b'), []);
      assert.equal((await store.commit(finish('e1', 2))).committed, true);
    },
  },
  {
    name: 'goes by the time to wake that a step set last, once nobody holds the execution any more',
    async run({ create }) {
      await using store = await create();
      await store.claim(claim('a', 0));
      await store.create(execution('e1', { holder: 'a', wakeAt: start }));
      await store.commit(step('e1', 1, { wakeAt: start + 20 }));
      assert.deepEqual(await idsFor(store, 'b', 20), []);
      await store.leave('a');
      const early = await store.claim(claim('b', 19));
      assert.deepEqual([early.ids, early.nextWakeAt], [[], start + 20]);
      await store.commit(step('e1', 2, { wakeAt: start + 30 }));
      await store.commit(step('e1', 3));
      assert.equal((await store.claim(claim('b', 29))).nextWakeAt, start + 30);
      await store.commit(step('e1', 4, { wakeAt: null }));
      assert.deepEqual(await idsFor(store, 'b', 0), ['e1']);
    },
  },
  {
    name: 'gives what is paused like what runs',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('paused', { wakeAt: start + 5 }));
      await store.commit(step('paused', 1, { status: 'paused' }));
      assert.deepEqual(await idsFor(store, 'a', 4), []);
      assert.deepEqual(await idsFor(store, 'a', 5), ['paused']);
    },
  },
  {
    name: 'does not wake an execution for a record',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { wakeAt: start + 100 }));
      await store.record(completed('e1', 0));
      await store.record(pending('e1', 1, { dueAt: start + 1 }));
      await store.commit(step('e1', 1, { records: [pending('e1', 2, { dueAt: start + 2 })] }));
      assert.equal((await loaded(store, 'e1')).wakeAt, start + 100);
      const reply = await store.claim(claim('a', 99));
      assert.deepEqual([reply.ids, reply.nextWakeAt], [[], start + 100]);
    },
  },
  {
    name: 'says when to claim next: when something wakes, or when the lease of another that holds something ends',
    async run({ create, elapse }) {
      await using store = await create();
      assert.equal((await store.claim(claim('a', 0))).nextWakeAt, null);
      await store.create(execution('e1', { holder: 'a' }));
      assert.equal((await store.claim(claim('a', 7))).nextWakeAt, null);
      // `b` holds nothing, so nothing will come from it.
      assertEndsAt((await store.claim(claim('b', 7))).nextWakeAt, start + 7 + leaseMs);
      assert.equal((await store.claim(claim('a', 7))).nextWakeAt, null);
      await store.create(execution('e2', { holder: 'b' }));
      await store.claim(claim('a', 7, { leaseMs: 10 * leaseMs }));
      await store.claim(claim('b', 7, { leaseMs: 5 * leaseMs }));
      await elapse(leaseMs);
      assertEndsAt((await store.claim(claim('c', 50))).nextWakeAt, start + 50 + 4 * leaseMs);
      await store.create(execution('e3', { wakeAt: start + 60 }));
      assert.equal((await store.claim(claim('c', 50))).nextWakeAt, start + 60);
      const taken = await store.claim(claim('c', 60));
      assert.deepEqual(taken.ids, ['e3']);
      assertEndsAt(taken.nextWakeAt, start + 60 + 4 * leaseMs);
      await store.leave('b');
      assert.equal((await store.claim(claim('c', 60, { limit: 0 }))).nextWakeAt, start + 60);
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
      const reply = await store.claim(claim('a', 1_249, { limit: 1_000 }));
      assert.deepEqual(
        reply.ids,
        order.slice(0, 250).map((n) => `e${n}`),
      );
      assert.equal(reply.nextWakeAt, start + 1_250);
    },
  },
  {
    name: 'refuses claims that make no sense, and seats nobody for them',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { wakeAt: start }));
      const bad: readonly Partial<ClaimRequest>[] = [
        { holder: '' },
        { holder: undefined as never },
        { holder: 'nul\0' },
        { now: Number.NaN },
        { now: Number.POSITIVE_INFINITY },
        { leaseMs: 0 },
        { leaseMs: -1 },
        { leaseMs: Number.NaN },
        { leaseMs: Number.POSITIVE_INFINITY },
        { limit: -1 },
        { limit: 1.5 },
        { limit: Number.POSITIVE_INFINITY },
        { limit: undefined as never },
      ];
      for (const more of bad) await rejects(store.claim(claim('a', 0, more)), 'LOOM_INVALID_OPTION');
      for (const holder of ['', undefined as never])
        await rejects(store.leave(holder), 'LOOM_INVALID_OPTION');
      const reply = await store.claim(claim('b', 0));
      assert.deepEqual([reply.ids, reply.seat, reply.freeSeats], [['e1'], 0, []]);
    },
  },
];
