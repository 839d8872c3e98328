import assert from 'node:assert/strict';
import { isLoomError } from '../../errors/loom-error.js';
import type { OutboxStore } from '../../ports/outbox-store.js';
import type { ConformanceCase } from '../conformance-case.js';
import { claim, commit, contentsOf, drain, entries } from './building.js';
import type { OutboxStoreHarness } from './harness.js';

export const commitCases: readonly ConformanceCase<OutboxStoreHarness>[] = [
  {
    name: 'stores states and messages in one step, and counts the versions of each key',
    async run({ create }) {
      await using store = await create();
      assert.equal(await store.read('a'), undefined);
      const both = [
        { key: 'a', value: '1', ifVersion: 0 },
        { key: 'b', value: '2' },
      ];
      const messages = entries('a', 'first');
      assert.deepEqual(await store.commit({ writes: both, messages }), { committed: true, versions: [1, 1] });
      const again = [{ key: 'a', value: '3', ifVersion: 1 }];
      assert.deepEqual(await store.commit({ writes: again, messages: [] }), {
        committed: true,
        versions: [2],
      });
      assert.deepEqual(await store.read('a'), { value: '3', version: 2 });
      assert.deepEqual(await store.read('b'), { value: '2', version: 1 });
      assert.deepEqual(contentsOf(await claim(store)), [['first']]);
    },
  },
  {
    name: 'writes nothing when one version is not the expected one, and says which',
    async run({ create }) {
      await using store = await create();
      await store.commit({ writes: [{ key: 'old', value: '1' }], messages: [] });
      const good = { key: 'new', value: '1', ifVersion: 0 };
      for (const [key, ifVersion, version] of [
        ['old', 0, 1],
        ['old', 2, 1],
        ['none', 1, 0],
      ] as const) {
        const step = { writes: [good, { key, value: '9', ifVersion }], messages: entries('m', 'lost') };
        assert.deepEqual(await store.commit(step), { committed: false, key, version });
      }
      assert.equal(await store.read('new'), undefined);
      assert.deepEqual(await store.read('old'), { value: '1', version: 1 });
      assert.deepEqual((await claim(store)).lanes, []);
      assert.equal((await store.stats()).waiting, 0);
    },
  },
  {
    name: 'lets one of many commits on one version win, with its messages only',
    async run(harness) {
      await using store = await harness.create();
      const stores = [store, (await harness.another?.(store)) ?? store];
      const replies = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          (stores[n % 2] as OutboxStore).commit({
            writes: [{ key: 'a', value: String(n), ifVersion: 0 }],
            messages: entries('a', String(n)),
          }),
        ),
      );
      assert.equal(replies.filter(({ committed }) => committed).length, 1);
      const state = await store.read('a');
      assert.equal(state?.version, 1);
      assert.deepEqual(contentsOf(await claim(store)), [[state?.value]]);
    },
  },
  {
    name: 'keeps keys and texts as they are',
    async run({ create }) {
      await using store = await create();
      const text = `"ä€😀 \\u0000 %s {} ${'x'.repeat(100_000)}"`;
      for (const key of ['__proto__', 'a b:c/ü€😀', '#1', '{', "'; --", '0']) {
        await store.commit({ writes: [{ key, value: text }], messages: entries(key, text) });
        assert.deepEqual(await store.read(key), { value: text, version: 1 });
        assert.deepEqual(await drain(store, 10), [text]);
      }
    },
  },
  {
    name: 'has all that was committed after a crash, and nothing twice',
    async run(harness) {
      if (!harness.crash) return;
      await using store = await harness.create();
      await store.commit({ writes: [{ key: 'a', value: '1' }], messages: entries('a', '1', '2', '3') });
      const { lanes, token } = await claim(store, 1);
      const [first] = lanes;
      assert.ok(first);
      await store.settle(token, [{ lane: first.lane, sent: first.messages.map(({ id }) => id) }]);
      // Claimed and not settled: it was perhaps sent, and perhaps not.
      await claim(store, 1);
      await using heir = await harness.crash(store);
      assert.deepEqual(await heir.read('a'), { value: '1', version: 1 });
      await harness.elapse(60_000);
      await commit(heir, entries('a', '4'));
      assert.deepEqual(await drain(heir, 100), ['2', '3', '4']);
    },
  },
  {
    name: 'refuses every call once it is closed',
    async run({ create }) {
      const store = await create();
      await store.close();
      await store.close();
      const calls = [
        store.commit({ writes: [], messages: [] }),
        store.read('a'),
        store.claim({ token: 't', leaseMs: 1_000, limit: 1 }),
        store.settle('t', []),
        store.parked({ limit: 1 }),
        store.unpark('retry'),
        store.stats(),
      ];
      for (const call of calls) await assert.rejects(call, (error) => isLoomError(error, 'LOOM_CLOSED'));
    },
  },
];
