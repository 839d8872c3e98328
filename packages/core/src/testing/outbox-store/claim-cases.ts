import assert from 'node:assert/strict';
import type { ConformanceCase } from '../conformance-case.js';
import { claim, commit, contentsOf, drain, entries, leaseMs } from './building.js';
import type { OutboxStoreHarness } from './harness.js';

export const claimCases: readonly ConformanceCase<OutboxStoreHarness>[] = [
  {
    name: 'gives the messages of a key to one claim, in the order of their commits; other keys are independent',
    async run(harness) {
      await using store = await harness.create();
      const other = (await harness.another?.(store)) ?? store;
      await commit(store, [...entries('a', 'a1', 'a2'), ...entries('b', 'b1')]);
      await commit(store, entries('a', 'a3'));
      const first = await claim(store);
      assert.deepEqual(contentsOf(first), [['a1', 'a2', 'a3'], ['b1']]);
      await commit(store, [...entries('a', 'a4'), ...entries('c', 'c1')]);
      assert.deepEqual(contentsOf(await claim(other)), [['c1']]);
      const [a] = first.lanes.filter(({ messages }) => messages.length === 3);
      assert.ok(a);
      await store.settle(first.token, [{ lane: a.lane, sent: a.messages.map(({ id }) => id) }]);
      assert.deepEqual(contentsOf(await claim(other)), [['a4']]);
    },
  },
  {
    name: 'gives messages without a key each on its own, oldest first, and no more than the limit',
    async run({ create }) {
      await using store = await create();
      await commit(store, entries(undefined, '1', '2'));
      await commit(store, entries('k', '3', '4', '5'));
      await commit(store, entries(undefined, '6'));
      assert.deepEqual(contentsOf(await claim(store, 1)), [['1']]);
      const next = await claim(store, 3);
      assert.deepEqual(contentsOf(next), [['2'], ['3', '4']]);
      assert.deepEqual(contentsOf(await claim(store, 3)), [['6']]);
      assert.deepEqual((await claim(store, 3)).lanes, []);
    },
  },
  {
    name: 'gives a lane to another claim when its lease ends, and passes over who had it before',
    async run(harness) {
      await using store = await harness.create();
      await commit(store, entries('a', '1', '2'));
      const late = await claim(store);
      const { lanes, nextMs } = await claim(store);
      assert.deepEqual(lanes, []);
      assert.ok(nextMs !== null && nextMs > 0 && nextMs <= leaseMs, `next is ${nextMs}`);
      await harness.elapse(leaseMs + 1);
      const heir = await claim(store);
      assert.deepEqual(contentsOf(heir), [['1', '2']]);
      const [lane] = late.lanes;
      assert.ok(lane);
      const all = lane.messages.map(({ id }) => id);
      await store.settle(late.token, [{ lane: lane.lane, sent: all }]);
      assert.equal((await store.stats()).waiting, 2);
      await store.settle(heir.token, [{ lane: lane.lane, sent: all }]);
      assert.equal((await store.stats()).waiting, 0);
    },
  },
  {
    name: 'keeps a lane back that is to be retried, with its attempts, and what follows in it',
    async run(harness) {
      await using store = await harness.create();
      await commit(store, entries('a', '1', '2', '3'));
      const first = await claim(store);
      const [lane] = first.lanes;
      const [one, two] = lane?.messages ?? [];
      assert.ok(lane && one && two);
      assert.equal(two.attempts, 0);
      await store.settle(first.token, [
        {
          lane: lane.lane,
          sent: [one.id],
          failed: { kind: 'retry', id: two.id, attempts: 1, delayMs: 30_000 },
        },
      ]);
      await commit(store, entries('a', '4'));
      const { lanes, nextMs } = await claim(store);
      assert.deepEqual(lanes, []);
      assert.ok(nextMs !== null && nextMs > 0 && nextMs <= 30_000, `next is ${nextMs}`);
      await harness.elapse(30_001);
      const again = await claim(store);
      assert.deepEqual(contentsOf(again), [['2', '3', '4']]);
      assert.deepEqual(
        again.lanes[0]?.messages.map(({ attempts }) => attempts),
        [1, 0, 0],
      );
      assert.ok((again.lanes[0]?.messages[0]?.ageMs ?? 0) >= 0);
    },
  },
  {
    name: 'says that there is nothing to wait for, and how much waits and for how long',
    async run(harness) {
      await using store = await harness.create();
      assert.deepEqual(await claim(store).then(({ lanes, nextMs }) => ({ lanes, nextMs })), {
        lanes: [],
        nextMs: null,
      });
      assert.deepEqual(await store.stats(), { waiting: 0, parked: 0, oldestAgeMs: null });
      await commit(store, [...entries('a', '1', '2'), ...entries(undefined, '3')]);
      const { waiting, parked, oldestAgeMs } = await store.stats();
      assert.deepEqual([waiting, parked], [3, 0]);
      assert.ok(oldestAgeMs !== null && oldestAgeMs >= 0);
      assert.equal((await drain(store, 10)).length, 3);
      assert.deepEqual(await store.stats(), { waiting: 0, parked: 0, oldestAgeMs: null });
    },
  },
  {
    name: 'gives ten thousand messages once and in order to claims that race',
    async run(harness) {
      await using store = await harness.create();
      const other = (await harness.another?.(store)) ?? store;
      for (let from = 0; from < 10_000; from += 1_000) {
        const messages = Array.from({ length: 1_000 }, (_, n) => ({
          key: n % 10 === 0 ? undefined : `k${n % 10}`,
          content: `${n % 10} ${from + n}`,
        }));
        await commit(store, messages);
      }
      const all = await Promise.all([drain(store, 97), drain(other, 101)]);
      assert.equal(new Set(all.flat()).size, 10_000);
      assert.equal(all.flat().length, 10_000);
      for (const sent of all) {
        for (let key = 1; key < 10; key += 1) {
          const own = sent
            .filter((content) => content.startsWith(`${key} `))
            .map((content) => Number(content.slice(2)));
          assert.deepEqual(
            own,
            own.toSorted((a, b) => a - b),
          );
        }
      }
    },
  },
];
