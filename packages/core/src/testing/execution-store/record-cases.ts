import assert from 'node:assert/strict';
import type { RecordEntry } from '../../ports/execution-store.js';
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

const duplicate = { accepted: false, reason: 'duplicate' } as const;
const stale = { accepted: false, reason: 'stale' } as const;

export const recordCases: readonly ConformanceCase<ExecutionStoreHarness>[] = [
  {
    name: 'keeps a record with everything it was given',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      const reply = await store.record(completed('e1', 3, { attempt: 2, at: start + 7, crashes: 1 }));
      assert.deepEqual(reply, { accepted: true, counters: { done: 1, failed: 0 } });
      const record = {
        index: 3,
        kind: 'completed',
        token: 1,
        attempt: 2,
        body: '{"index":3}',
        crashes: 1,
        at: start + 7,
      };
      assert.deepEqual(plain(await allRecords(store, 'e1')), [record]);
    },
  },
  {
    name: 'accepts one final record for a task and refuses every later one',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      await store.record(completed('e1', 0));
      assert.deepEqual(await store.record(completed('e1', 0)), duplicate);
      assert.deepEqual(
        await store.record(completed('e1', 0, { kind: 'failed', body: '"other"' })),
        duplicate,
      );
      assert.deepEqual(await store.record(completed('e1', 0, { held: 2 })), duplicate);
      assert.deepEqual(await store.record(pending('e1', 0)), duplicate);
      assert.equal((await allRecords(store, 'e1'))[0]?.body, '{"index":0}');
      assert.deepEqual((await loaded(store, 'e1')).counters, { work: { done: 1, failed: 0 } });
    },
  },
  {
    name: 'accepts one of twenty final records of a task that come at the same time',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      const replies = await Promise.all(
        times(20).map((n) => store.record(completed('e1', 0, { body: String(n) }))),
      );
      assert.equal(replies.filter(({ accepted }) => accepted).length, 1);
      const winner = replies.findIndex(({ accepted }) => accepted);
      assert.equal((await allRecords(store, 'e1'))[0]?.body, String(winner));
    },
  },
  {
    name: 'answers each of many records that come at the same time by itself',
    async run({ create }) {
      await using store = await create();
      await store.claim({ holder: 'mine', now: start, leaseMs: 60_000, limit: 0 });
      await store.create(execution('e1', { holder: 'mine' }));
      await store.create(execution('e2'));
      await store.record(pending('e1', 2, { holder: 'mine' }));
      const mine = { holder: 'mine' };
      const entries = {
        first: completed('e1', 0, mine),
        again: completed('e1', 0, mine),
        failed: completed('e1', 12, { ...mine, kind: 'failed' }),
        early: completed('e1', 1, { ...mine, held: 2 }),
        retried: completed('e1', 2, { ...mine, held: 2 }),
        foreign: completed('e1', 3, { holder: 'another' }),
        elsewhere: completed('e2', 0),
        nowhere: completed('e3', 0),
        apart: completed('e1', 4, { ...mine, node: 'other' }),
      };
      const replies = Object.fromEntries(
        await Promise.all(
          Object.entries(entries).map(async ([name, entry]) => [name, await store.record(entry)] as const),
        ),
      );
      // Which of two that come together is first is nobody's to say.
      const { first, again, failed, retried, ...others } = replies;
      assert.deepEqual(
        [first, again].filter((reply) => reply?.accepted === false),
        [duplicate],
      );
      const done = [first, again, failed, retried].flatMap((reply) =>
        reply?.accepted === true ? [reply.counters.done] : [],
      );
      assert.deepEqual(
        done.toSorted((a, b) => a - b),
        [1, 2, 3],
      );
      assert.equal(failed?.accepted === true && failed.counters.failed, 1);
      const alone = { accepted: true, counters: { done: 1, failed: 0 } };
      assert.deepEqual(others, {
        early: stale,
        foreign: stale,
        elsewhere: alone,
        nowhere: { accepted: false, reason: 'unknown' },
        apart: alone,
      });
      assert.deepEqual(plain((await loaded(store, 'e1')).counters), {
        work: { done: 3, failed: 1 },
        other: { done: 1, failed: 0 },
      });
    },
  },
  {
    name: 'refuses a token that is not in force',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      assert.deepEqual(await store.record(completed('e1', 0, { held: 2 })), stale);
      assert.deepEqual(await store.record(pending('e1', 0, { held: 2, next: 3 })), stale);
      assert.deepEqual(await allRecords(store, 'e1'), []);
      assert.equal((await store.record(completed('e1', 0))).accepted, true);
    },
  },
  {
    name: 'puts the next token in force with a pending record',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      const waiting = pending('e1', 0, { next: 4, attempt: 1, dueAt: start + 50, crashes: 2 });
      assert.deepEqual(await store.record(waiting), { accepted: true, counters: { done: 0, failed: 0 } });
      const { executionId: _, node: __, held: ___, next, ...rest } = waiting;
      assert.deepEqual(plain(await allRecords(store, 'e1')), [{ ...rest, token: next }]);
      assert.deepEqual(await store.record(completed('e1', 0)), stale);
      assert.deepEqual(await store.record(completed('e1', 0, { held: 3 })), stale);
      assert.equal((await store.record(pending('e1', 0, { held: 4, next: 5 }))).accepted, true);
      assert.deepEqual(await store.record(completed('e1', 0, { held: 4 })), stale);
      const reply = await store.record(completed('e1', 0, { held: 5, attempt: 3 }));
      assert.deepEqual(reply, { accepted: true, counters: { done: 1, failed: 0 } });
      const [record, ...others] = plain(await allRecords(store, 'e1'));
      assert.deepEqual(others, []);
      const last = {
        index: 0,
        kind: 'completed',
        token: 5,
        attempt: 3,
        body: '{"index":0}',
        crashes: 0,
        at: start + 1,
      };
      assert.deepEqual(record, last);
    },
  },
  {
    name: 'counts final records of both kinds, each node for itself, and nothing else',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      await store.record(completed('e1', 0));
      await store.record(pending('e1', 1));
      const failed = await store.record(completed('e1', 2, { kind: 'failed' }));
      assert.deepEqual(failed, { accepted: true, counters: { done: 2, failed: 1 } });
      const other = await store.record(completed('e1', 0, { node: 'other' }));
      assert.deepEqual(other, { accepted: true, counters: { done: 1, failed: 0 } });
      await store.record(pending('e1', 0, { node: 'waiting' }));
      const counters = { work: { done: 2, failed: 1 }, other: { done: 1, failed: 0 } };
      assert.deepEqual(plain((await loaded(store, 'e1')).counters), counters);
      await store.commit(finish('e1', 1));
      assert.deepEqual(plain((await loaded(store, 'e1')).counters), counters);
    },
  },
  {
    name: "keeps a node's own value at index -1, once and uncounted",
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      await store.record(completed('e1', 0));
      assert.deepEqual(await store.record(completed('e1', -1)), {
        accepted: true,
        counters: { done: 1, failed: 0 },
      });
      assert.deepEqual(await store.record(completed('e1', -1)), duplicate);
      assert.equal(
        (await store.record(completed('e1', -1, { node: 'other', kind: 'failed' }))).accepted,
        true,
      );
      assert.deepEqual(plain((await loaded(store, 'e1')).counters), { work: { done: 1, failed: 0 } });
      const own = await store.records({ executionId: 'e1', node: 'other', from: -1, limit: 1 });
      assert.equal(own[0]?.index, -1);
    },
  },
  {
    name: 'does not touch the head when it records',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1', { wakeAt: start + 10 }));
      const { counters: _, ...before } = await loaded(store, 'e1');
      await store.record(completed('e1', 0, { at: start + 99 }));
      const { counters: __, ...after } = await loaded(store, 'e1');
      assert.deepEqual(after, before);
    },
  },
  {
    name: 'records while an execution is paused, and not after it has finished',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      await store.record(completed('e1', 0));
      await store.commit(step('e1', 1, { status: 'paused' }));
      assert.equal((await store.record(completed('e1', 1))).accepted, true);
      await store.commit(finish('e1', 2));
      const finished = { accepted: false, reason: 'finished' } as const;
      assert.deepEqual(await store.record(completed('e1', 2)), finished);
      assert.deepEqual(await store.record(completed('e1', 0)), finished);
      assert.deepEqual(await store.record(pending('e1', 3)), finished);
      assert.equal((await allRecords(store, 'e1')).length, 2);
    },
  },
  {
    name: 'takes any text as the name of a node',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      const names = ['__proto__', 'constructor', 'a.b/c:d', 'größe 🧵', 'a', 'A', ' ', "o'brien%_"];
      for (const node of names) await store.record(completed('e1', 0, { node, body: JSON.stringify(node) }));
      const { counters } = await loaded(store, 'e1');
      assert.deepEqual(Object.keys(counters).toSorted(), names.toSorted());
      for (const node of names)
        assert.deepEqual(await bodies(store.records({ executionId: 'e1', node })), [JSON.stringify(node)]);
    },
  },
  {
    name: 'gives records in index order, a page at a time, over gaps',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      const indexes = [7, 2, 1_000_000, 0, 31, 32, 33, 64, 5];
      for (const index of indexes) await store.record(completed('e1', index));
      await store.record(pending('e1', 3));
      const page = async (from?: number, limit?: number): Promise<number[]> =>
        (await store.records({ executionId: 'e1', node: 'work', from, limit })).map(({ index }) => index);
      assert.deepEqual(await page(), [0, 2, 3, 5, 7, 31, 32, 33, 64, 1_000_000]);
      assert.deepEqual(await page(3, 3), [3, 5, 7]);
      assert.deepEqual(await page(4, 1), [5]);
      assert.deepEqual(await page(65, 10), [1_000_000]);
      assert.deepEqual(await page(1_000_001), []);
      assert.deepEqual(await store.records({ executionId: 'e1', node: 'nowhere' }), []);
    },
  },
  {
    name: 'gives a thousand records a page when no limit is named',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      await Promise.all(times(1_001).map((index) => store.record(completed('e1', index))));
      const query = { executionId: 'e1', node: 'work', from: undefined, limit: undefined };
      assert.equal((await store.records(query)).length, 1_000);
      assert.deepEqual(
        (await allRecords(store, 'e1')).map(({ index }) => index),
        times(1_001),
      );
    },
  },
  {
    name: 'refuses a record that makes no sense, and stores nothing of it',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      const bad: readonly Partial<RecordEntry>[] = [
        { node: undefined as never },
        { node: 'nul\0' },
        { node: 'half \ud83d' },
        { index: 0.5 },
        { index: Number.NaN },
        { index: Number.POSITIVE_INFINITY },
        { held: 0 },
        { attempt: 0 },
        { crashes: -1 },
        { at: Number.NaN },
        { body: undefined as never },
        { kind: 'done' as never },
        { kind: 'pending', next: 1 },
        { kind: 'pending', next: undefined },
        { kind: 'pending', next: 2, dueAt: Number.NaN },
      ];
      for (const more of bad) await rejects(store.record(completed('e1', 0, more)), 'LOOM_INVALID_INPUT');
      for (const more of bad) {
        await rejects(
          store.commit(step('e1', 1, { records: [completed('e1', 0, more)] })),
          'LOOM_INVALID_INPUT',
        );
      }
      assert.deepEqual(await allRecords(store, 'e1'), []);
      assert.equal((await loaded(store, 'e1')).version, 1);
    },
  },
  {
    name: 'refuses page sizes and starts that make no sense',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      const query = { executionId: 'e1', node: 'work' };
      for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        await rejects(store.records({ ...query, limit }), 'LOOM_INVALID_OPTION');
      }
      for (const from of [0.5, Number.NaN, Number.POSITIVE_INFINITY])
        await rejects(store.records({ ...query, from }), 'LOOM_INVALID_OPTION');
    },
  },
  ...[1, 2, 50, 1_000, 10_000].map((size): ConformanceCase<ExecutionStoreHarness> => ({
    name: `shows each of ${size} tasks that end at the same time another count`,
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      const entries = times(size).map((index) =>
        completed('e1', index, { kind: index % 3 === 0 ? 'failed' : 'completed' }),
      );
      // Every other report comes twice.
      const sent = entries.flatMap((entry, n) => (n % 2 === 0 ? [entry, entry] : [entry]));
      const replies = await Promise.all(sent.map((entry) => store.record(entry)));
      const counts = replies.flatMap((reply) => (reply.accepted ? [reply.counters] : []));
      assert.deepEqual(
        counts.map(({ done }) => done).toSorted((a, b) => a - b),
        times(size).map((n) => n + 1),
      );
      const failed = Math.ceil(size / 3);
      assert.equal(counts.find(({ done }) => done === size)?.failed, failed);
      assert.deepEqual(plain((await loaded(store, 'e1')).counters), { work: { done: size, failed } });
      assert.deepEqual(
        (await allRecords(store, 'e1')).map(({ index }) => index),
        times(size),
      );
    },
  })),
  {
    name: 'has no counter for a node without tasks',
    async run({ create }) {
      await using store = await create();
      await store.create(execution('e1'));
      await store.record(pending('e1', 0));
      assert.deepEqual((await loaded(store, 'e1')).counters, {});
    },
  },
];

async function bodies(records: Promise<readonly { readonly body: string }[]>): Promise<readonly string[]> {
  return (await records).map(({ body }) => body);
}
