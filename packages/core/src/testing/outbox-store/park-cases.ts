import assert from 'node:assert/strict';
import type { ConformanceCase } from '../conformance-case.js';
import { claim, commit, contentsOf, drain, entries, park } from './building.js';
import type { OutboxStoreHarness } from './harness.js';

export const parkCases: readonly ConformanceCase<OutboxStoreHarness>[] = [
  {
    name: 'gives nothing that a parked message blocks, also of later commits, until it is retried',
    async run({ create }) {
      await using store = await create();
      await commit(store, [...entries('a', '1', '2'), ...entries('b', 'b')]);
      await park(store, true);
      await commit(store, entries('a', '3'));
      assert.deepEqual(await drain(store, 10), ['b']);
      const { waiting, parked } = await store.stats();
      assert.deepEqual([waiting, parked], [2, 1]);
      assert.equal(await store.unpark('retry'), 1);
      const { lanes } = await claim(store);
      assert.deepEqual(
        lanes.map(({ messages }) => messages.map(({ content, attempts }) => [content, attempts])),
        [
          [
            ['1', 0],
            ['2', 0],
            ['3', 0],
          ],
        ],
      );
    },
  },
  {
    name: 'goes on after a blocking message that is discarded',
    async run({ create }) {
      await using store = await create();
      await commit(store, entries('a', '1', '2'));
      const id = await park(store, true);
      assert.equal(await store.unpark('discard', [id, id, '99999', 'nobody']), 1);
      assert.equal(await store.unpark('discard', [id]), 0);
      assert.deepEqual(await drain(store, 10), ['2']);
      assert.deepEqual(await store.stats(), { waiting: 0, parked: 0, oldestAgeMs: null });
    },
  },
  {
    name: 'goes on past a parked message that does not block, which comes back at its place',
    async run({ create }) {
      await using store = await create();
      await commit(store, entries('a', '1', '2'));
      const id = await park(store, false);
      assert.deepEqual(contentsOf(await claim(store, 1)), [['2']]);
      assert.equal(await store.unpark('retry', [id]), 1);
      // The lane is leased.
      assert.deepEqual((await claim(store)).lanes, []);
      await commit(store, entries('b', '1', '2', '3'));
      const other = await park(store, false);
      assert.equal(await store.unpark('retry', [other]), 1);
      assert.deepEqual(contentsOf(await claim(store)), [['1', '2', '3']]);
    },
  },
  {
    name: 'puts a retried message before one that still blocks, and no other',
    async run({ create }) {
      await using store = await create();
      await commit(store, entries('a', '1', '2', '3'));
      const first = await park(store, false);
      const second = await park(store, true);
      assert.deepEqual((await claim(store)).lanes, []);
      await store.unpark('retry', [first]);
      assert.deepEqual(await drain(store, 10), ['1']);
      await store.unpark('discard', [second]);
      assert.deepEqual(await drain(store, 10), ['3']);
    },
  },
  {
    name: 'keeps the only message of a key and one without a key, parked either way',
    async run({ create }) {
      await using store = await create();
      for (const key of [undefined, 'a']) {
        for (const blocks of [true, false]) {
          await commit(store, entries(key, 'only'));
          await park(store, blocks);
          assert.deepEqual((await claim(store)).lanes, []);
          assert.equal(await store.unpark('retry'), 1);
          assert.deepEqual(await drain(store, 1), ['only']);
          await commit(store, entries(key, 'gone'));
          await park(store, blocks);
          assert.equal(await store.unpark('discard'), 1);
          assert.deepEqual(await drain(store, 1), []);
        }
      }
    },
  },
  {
    name: 'lists parked messages oldest first, in pages, also after a crash',
    async run(harness) {
      await using created = await harness.create();
      await commit(created, [
        ...entries('a', '1', 'after'),
        ...entries(undefined, '2'),
        ...entries('c', '3'),
      ]);
      const ids = [await park(created, true), await park(created, false), await park(created, true)];
      await using store = (await harness.crash?.(created)) ?? created;
      const all = await store.parked({ limit: 10 });
      assert.deepEqual(
        all.map(({ id, key, content, attempts, reason, blocks }) => [
          id,
          key,
          content,
          attempts,
          reason,
          blocks,
        ]),
        [
          [ids[0], 'a', '1', 3, 'too large', true],
          [ids[1], undefined, '2', 3, 'too large', false],
          [ids[2], 'c', '3', 3, 'too large', true],
        ],
      );
      for (const { committedAt, parkedAt } of all) assert.ok(committedAt > 1.7e12 && parkedAt >= committedAt);
      const page = await store.parked({ limit: 1, after: ids[0] });
      assert.deepEqual(
        page.map(({ id }) => id),
        [ids[1]],
      );
      assert.deepEqual(await store.parked({ limit: 1, after: ids[2] }), []);
      assert.deepEqual((await claim(store)).lanes, []);
      assert.equal(await store.unpark('retry'), 3);
      assert.deepEqual((await drain(store, 10)).toSorted(), ['1', '2', '3', 'after']);
    },
  },
];
