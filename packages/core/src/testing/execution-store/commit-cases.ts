import assert from 'node:assert/strict';
import type { ExecutionStatus, RecordEntry, Transition } from '../../ports/execution-store.js';
import type { ConformanceCase } from '../conformance-case.js';
import {
  allRecords,
  completed,
  execution,
  finish,
  loaded,
  pending,
  plain,
  rejects,
  start,
  step,
  times,
} from './building.js';
import type { ExecutionStoreHarness } from './harness.js';

const conflict = { committed: false, reason: 'conflict' } as const;
const finals: readonly ExecutionStatus[] = ['completed', 'failed', 'cancelled', 'timed-out'];

export const commitCases: readonly ConformanceCase<ExecutionStoreHarness>[] = [
  {
    name: 'writes the head and raises its version by one',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      assert.deepEqual(await store.commit(step('e1', 1)), { committed: true, version: 2 });
      assert.deepEqual(await store.commit(step('e1', 2, { at: start + 20 })), {
        committed: true,
        version: 3,
      });
      const { version, state, updatedAt, createdAt, status, input } = await loaded(store, 'e1');
      assert.deepEqual(
        { version, state, updatedAt },
        { version: 3, state: '{"step":2}', updatedAt: start + 20 },
      );
      assert.deepEqual(
        { createdAt, status, input },
        { createdAt: start, status: 'running', input: '{"n":1}' },
      );
    },
  },
  {
    name: 'commits one of twenty that expect the same version',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      const replies = await Promise.all(
        times(20).map((n) => store.commit(step('e1', 1, { state: String(n) }))),
      );
      assert.equal(replies.filter(({ committed }) => committed).length, 1);
      const { version, state } = await loaded(store, 'e1');
      assert.deepEqual(
        { version, state },
        { version: 2, state: String(replies.findIndex(({ committed }) => committed)) },
      );
    },
  },
  {
    name: 'refuses any version but the stored one',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      await store.commit(step('e1', 1));
      const before = await loaded(store, 'e1');
      for (const version of [0, 1, 3, 4]) assert.deepEqual(await store.commit(step('e1', version)), conflict);
      assert.deepEqual(await loaded(store, 'e1'), before);
    },
  },
  ...finals.map((status): ConformanceCase<ExecutionStoreHarness> => ({
    name: `ends an execution as ${status}, for good`,
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { wakeAt: start + 10 }));
      const end = finish('e1', 1, { status, wakeAt: start + 20, at: start + 30 });
      assert.deepEqual(await store.commit(end), { committed: true, version: 2 });
      const { status: stored, finishedAt, updatedAt, wakeAt, version } = await loaded(store, 'e1');
      assert.deepEqual(
        { stored, finishedAt, updatedAt },
        { stored: status, finishedAt: start + 30, updatedAt: start + 30 },
      );
      assert.deepEqual({ wakeAt, version }, { wakeAt: null, version: 2 });
      assert.deepEqual(await store.commit(step('e1', 2)), conflict);
      assert.deepEqual(await store.commit(finish('e1', 2)), conflict);
      assert.equal((await loaded(store, 'e1')).status, status);
    },
  })),
  {
    name: 'pauses an execution and lets it run again',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      await store.commit(step('e1', 1, { status: 'paused' }));
      const { status, finishedAt } = await loaded(store, 'e1');
      assert.deepEqual({ status, finishedAt }, { status: 'paused', finishedAt: undefined });
      await store.commit(step('e1', 2, { status: 'running' }));
      assert.equal((await loaded(store, 'e1')).status, 'running');
    },
  },
  {
    name: 'writes records together with the head',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      await store.record(pending('e1', 1));
      const records = [
        completed('e1', 0),
        completed('e1', 1, { held: 2 }),
        completed('e1', 2, { kind: 'failed' }),
        completed('e1', -1),
        pending('e1', 0, { node: 'next' }),
      ];
      assert.equal((await store.commit(step('e1', 1, { records }))).committed, true);
      assert.deepEqual(
        (await allRecords(store, 'e1')).map(({ index, kind }) => `${index} ${kind}`),
        ['-1 completed', '0 completed', '1 completed', '2 failed'],
      );
      assert.deepEqual(plain((await loaded(store, 'e1')).counters), { work: { done: 3, failed: 1 } });
      assert.equal((await allRecords(store, 'e1', 'next'))[0]?.token, 2);
      const reply = await store.record(completed('e1', 3));
      assert.deepEqual(reply, { accepted: true, counters: { done: 4, failed: 1 } });
    },
  },
  {
    name: 'writes the last records with the end of an execution',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      await store.commit(finish('e1', 1, { records: [completed('e1', 0), completed('e1', -1)] }));
      assert.equal((await allRecords(store, 'e1')).length, 2);
      assert.deepEqual(plain((await loaded(store, 'e1')).counters), { work: { done: 1, failed: 0 } });
    },
  },
  {
    name: 'takes the records of one task in their order',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      const records = [
        pending('e1', 0),
        pending('e1', 0, { held: 2, next: 3 }),
        completed('e1', 0, { held: 3 }),
      ];
      assert.equal((await store.commit(step('e1', 1, { records }))).committed, true);
      const [record] = await allRecords(store, 'e1');
      assert.deepEqual([record?.kind, record?.token], ['completed', 3]);
    },
  },
  {
    name: 'writes nothing when one of the records is refused',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { wakeAt: start + 100 }));
      await store.record(completed('e1', 0));
      await store.record(pending('e1', 1, { next: 2 }));
      const before = await loaded(store, 'e1');
      const recordsBefore = await allRecords(store, 'e1');
      const good = [
        completed('e1', 5),
        completed('e1', 1, { held: 2 }),
        pending('e1', 6, { dueAt: start + 1 }),
        pending('e1', 6, { held: 2, next: 3 }),
        completed('e1', -1),
        completed('e1', 40, { kind: 'failed' }),
        completed('e1', 0, { node: 'other' }),
      ];
      const bad: readonly RecordEntry[] = [
        completed('e1', 0),
        completed('e1', 5),
        completed('e1', 1, { held: 1 }),
        completed('e1', 7, { held: 2 }),
        pending('e1', 6, { held: 2, next: 3 }),
      ];
      for (const refused of bad) {
        const records = [...good, refused];
        assert.deepEqual(await store.commit(step('e1', 1, { records, wakeAt: start + 50 })), conflict);
        assert.deepEqual(await loaded(store, 'e1'), before);
        assert.deepEqual(await allRecords(store, 'e1'), recordsBefore);
      }
      assert.equal((await store.commit(step('e1', 1, { records: good }))).committed, true);
      assert.deepEqual(plain((await loaded(store, 'e1')).counters), {
        work: { done: 4, failed: 1 },
        other: { done: 1, failed: 0 },
      });
    },
  },
  {
    name: 'changes when to wake only when it is told to',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { wakeAt: start + 10 }));
      const wakeAtAfter = async (transition: Transition): Promise<number | null> => {
        await store.commit(transition);
        return (await loaded(store, 'e1')).wakeAt;
      };
      assert.equal(await wakeAtAfter(step('e1', 1)), start + 10);
      assert.equal(await wakeAtAfter(step('e1', 2, { wakeAt: undefined })), start + 10);
      assert.equal(await wakeAtAfter(step('e1', 3, { wakeAt: start + 40 })), start + 40);
      assert.equal(await wakeAtAfter(step('e1', 4, { wakeAt: null })), null);
      assert.equal(await wakeAtAfter(step('e1', 5)), null);
    },
  },
  {
    name: 'either records a task before the end or refuses it, when both come at the same time',
    async run({ create }) {
      await using store = await create();
      await Promise.all(
        times(20).map(async (n) => {
          const id = `e${n}`;
          await store.create(execution(id));
          const [first, end, second] = await Promise.all([
            store.record(completed(id, 0)),
            store.commit(finish(id, 1)),
            store.record(completed(id, 1)),
          ]);
          assert.equal(end.committed, true);
          const accepted = [first, second].filter((reply) => reply.accepted).length;
          assert.equal((await allRecords(store, id)).length, accepted);
          assert.equal((await loaded(store, id)).counters['work']?.done ?? 0, accepted);
        }),
      );
    },
  },
  {
    name: 'commits ten thousand records at once',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      const records = times(10_000).map((index) => completed('e1', index));
      assert.equal((await store.commit(step('e1', 1, { records }))).committed, true);
      assert.deepEqual((await loaded(store, 'e1')).counters['work'], { done: 10_000, failed: 0 });
      assert.deepEqual(
        await store.commit(step('e1', 2, { records: [completed('e1', 10_000), ...records] })),
        conflict,
      );
      assert.deepEqual((await loaded(store, 'e1')).counters['work'], { done: 10_000, failed: 0 });
    },
  },
  {
    name: 'refuses a transition that makes no sense, and writes nothing of it',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      const bad: readonly Partial<Transition>[] = [
        { expectedVersion: Number.NaN },
        { expectedVersion: 1.5 },
        { status: 'done' as never },
        { state: undefined as never },
        { wakeAt: Number.NaN },
        { wakeAt: Number.POSITIVE_INFINITY },
        { at: Number.NaN },
        { records: [completed('e2', 0)] },
      ];
      for (const more of bad) await rejects(store.commit(step('e1', 1, more)), 'LOOM_INVALID_INPUT');
      assert.equal((await loaded(store, 'e1')).version, 1);
    },
  },
];
