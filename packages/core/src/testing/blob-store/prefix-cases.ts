import assert from 'node:assert/strict';
import type { BlobStore } from '../../ports/blob-store.js';
import type { ConformanceCase } from '../conformance-case.js';
import { listed } from './building.js';
import type { BlobStoreHarness } from './harness.js';

/** Keys around `a/b`: those in the first line begin with it and a slash, or are it. */
const inside = ['a/b', 'a/b/c', 'a/b/c/d', 'a/b/C', 'a/b/.c', 'a/b/0'];
const outside = ['a', 'a/bc', 'a/b-c', 'a/b.c', 'a/b0', 'a/B', 'a/B/c', 'a/c', 'b', 'a/a/b', 'ab/c', 'a/b_'];

async function fill(store: BlobStore): Promise<void> {
  for (const key of [...inside, ...outside]) await store.put(key, key);
}

export const prefixCases: readonly ConformanceCase<BlobStoreHarness>[] = [
  {
    name: 'removes what begins with a prefix, and nothing else',
    async run({ create }) {
      await using store = await create();
      await fill(store);
      assert.equal(await store.remove('a/b'), inside.length);
      for (const key of inside) assert.equal(await store.get(key), undefined, key);
      for (const key of outside) assert.equal(await store.get(key), key);
      assert.equal(await store.remove('a/b'), 0);
      assert.equal(await store.remove('a'), outside.length - 2);
      assert.equal(await store.remove('unknown/prefix'), 0);
      assert.equal(await store.get('b'), 'b');
    },
  },
  {
    name: 'removes one key as it removes many',
    async run({ create }) {
      await using store = await create();
      await fill(store);
      for (const key of [...inside, ...outside].toSorted((a, b) => b.length - a.length))
        assert.equal(await store.remove(key), 1, key);
      assert.deepEqual(await listed(store, 'a'), []);
    },
  },
  {
    name: 'takes what is put again after it was removed',
    async run({ create }) {
      await using store = await create();
      await fill(store);
      await store.remove('a');
      await store.put('a/b/c', 'again');
      assert.equal(await store.get('a/b/c'), 'again');
      assert.deepEqual(await listed(store, 'a/b'), ['c']);
      assert.equal(await store.remove('a'), 1);
    },
  },
  {
    name: 'lists the segments that follow a prefix, each once',
    async run({ create }) {
      await using store = await create();
      await fill(store);
      assert.deepEqual(await listed(store, 'a/b'), ['.c', '0', 'C', 'c']);
      assert.deepEqual(await listed(store, 'a/b/c'), ['d']);
      assert.deepEqual(await listed(store, 'a/b/c/d'), []);
      assert.deepEqual(await listed(store, 'unknown'), []);
      assert.deepEqual(
        await listed(store, 'a'),
        ['B', 'a', 'b', 'b-c', 'b.c', 'b0', 'b_', 'bc', 'c'].toSorted(),
      );
    },
  },
  {
    name: 'lists nothing of what was removed',
    async run({ create }) {
      await using store = await create();
      for (const key of ['a/b/c', 'a/b/d/e', 'a/f']) await store.put(key, key);
      await store.remove('a/b/c');
      await store.remove('a/b/d/e');
      assert.deepEqual([await listed(store, 'a'), await listed(store, 'a/b')], [['f'], []]);
      await store.remove('a/f');
      assert.deepEqual(await listed(store, 'a'), []);
    },
  },
  {
    name: 'lists and removes more than fit into one reply',
    async run({ create }) {
      await using store = await create();
      const names = Array.from({ length: 2_500 }, (_, index) => `n${index}`);
      await Promise.all(names.map((name) => store.put(`many/${name}/text`, name)));
      assert.deepEqual(await listed(store, 'many'), names.toSorted());
      assert.equal(await store.remove('many'), names.length);
      assert.deepEqual(await listed(store, 'many'), []);
    },
  },
];
