import assert from 'node:assert/strict';
import type { ConformanceCase } from '../conformance-case.js';
import { everyCall, listed, rejects, text } from './building.js';
import type { BlobStoreHarness } from './harness.js';

/** Many at a time, several processes, closing and crashing. */
export const lifeCases: readonly ConformanceCase<BlobStoreHarness>[] = [
  {
    name: 'says what it is capable of',
    async run(harness) {
      await using store = await harness.create();
      const { durable, shared } = store.capabilities;
      assert.equal(durable, harness.crash !== undefined, 'a durable store has a harness that can crash it');
      assert.equal(shared, harness.another !== undefined, 'a shared store has a harness that can share it');
    },
  },
  {
    name: 'takes many puts at a time',
    async run({ create }) {
      await using store = await create();
      const keys = Array.from({ length: 500 }, (_, index) => `many/${index % 50}/${index}`);
      await Promise.all(keys.map((key) => store.put(key, text(2_000, key))));
      const found = await Promise.all(keys.map((key) => store.get(key)));
      assert.ok(found.every((one, index) => one === text(2_000, keys[index])));
    },
  },
  {
    name: 'has one of the texts that are put under one key at a time, as a whole',
    async run(harness) {
      await using here = await harness.create();
      await using another = await harness.another?.(here);
      const there = another ?? here;
      const texts = Array.from({ length: 20 }, (_, index) => text(100_000, `${index}: `));
      const putting = Promise.all(texts.map((one, index) => (index % 2 ? here : there).put('a/b', one)));
      const seen: (string | undefined)[] = [];
      for (let read = 0; read < 20; read += 1) seen.push(await there.get('a/b'));
      await putting;
      seen.push(await here.get('a/b'));
      assert.ok(seen.every((one) => one === undefined || texts.includes(one)));
      assert.ok(seen.at(-1) !== undefined);
    },
  },
  {
    name: 'keeps what is put while its neighbours are removed',
    async run({ create }) {
      await using store = await create();
      for (let round = 0; round < 50; round += 1) {
        await store.put('a/b/old', 'old');
        await Promise.all([store.remove('a/b/old'), store.put('a/b/new', `${round}`)]);
        assert.equal(await store.get('a/b/new'), `${round}`);
        await store.remove('a');
      }
    },
  },
  {
    name: 'shows every process what another one did',
    async run(harness) {
      await using here = await harness.create();
      await using there = await harness.another?.(here);
      if (!there) return;
      await here.put('a/b', 'of here');
      assert.equal(await there.get('a/b'), 'of here');
      await there.put('a/c', 'of there');
      assert.deepEqual(await listed(here, 'a'), ['b', 'c']);
      assert.equal(await there.remove('a/b'), 1);
      assert.equal(await here.get('a/b'), undefined);
      await there.close();
      assert.equal(await here.get('a/c'), 'of there');
    },
  },
  {
    name: 'keeps two stores apart',
    async run({ create }) {
      await using one = await create();
      await using other = await create();
      await one.put('a', 'one');
      assert.equal(await other.get('a'), undefined);
      assert.equal(await other.remove('a'), 0);
      assert.equal(await one.get('a'), 'one');
    },
  },
  {
    name: 'has every resolved step after a crash',
    async run({ create, crash }) {
      if (!crash) return;
      const before = await create();
      await before.put('kept', text(100_000));
      await before.put('replaced', 'old');
      await before.put('replaced', 'new');
      await before.put('removed/one', 'text');
      await before.remove('removed');
      await using after = await crash(before);
      assert.ok((await after.get('kept')) === text(100_000));
      assert.deepEqual([await after.get('replaced'), await after.get('removed/one')], ['new', undefined]);
    },
  },
  {
    name: 'rejects every call once it is closed',
    async run({ create }) {
      const store = await create();
      await store.put('a', 'text');
      await store.close();
      for (const [what, call] of everyCall(store, 'a')) await rejects(call, 'LOOM_CLOSED', what);
    },
  },
  {
    name: 'can be closed twice, at the same time, by disposal, and unused',
    async run({ create }) {
      const store = await create();
      await Promise.all([store.close(), store.close(), store[Symbol.asyncDispose]()]);
      await store.close();
    },
  },
  {
    name: 'finishes what was called before it is closed',
    async run({ create }) {
      const store = await create();
      const puts = Array.from({ length: 100 }, (_, index) => store.put(`a/${index}`, text(10_000)));
      const closing = store.close();
      await rejects(() => store.put('late', 'text'), 'LOOM_CLOSED', 'a late put');
      await Promise.all(puts);
      await closing;
    },
  },
];
