import assert from 'node:assert/strict';
import type { ConformanceCase } from '../conformance-case.js';
import { rejects, text } from './building.js';
import type { BlobStoreHarness } from './harness.js';

const megabyte = 1_000_000;

/** What is stored comes back to the letter. */
export const textCases: readonly ConformanceCase<BlobStoreHarness>[] = [
  ...[0, 1, 262_145, 20 * megabyte].map((bytes): ConformanceCase<BlobStoreHarness> => ({
    name: `gives a text of ${bytes} bytes back`,
    async run({ create }) {
      await using store = await create();
      await store.put('a/b', text(bytes));
      // No comparison that would print it.
      assert.ok((await store.get('a/b')) === text(bytes));
    },
  })),
  {
    name: 'gives any text back to the letter',
    async run({ create }) {
      await using store = await create();
      const texts = [
        '"größe, 日本語, 🧵👩‍👩‍👧, \u2028\u2029"',
        '\ufeffwith a byte order mark',
        '\u0000\u0001\u001f\u007f and NUL',
        'lines\r\nand\nlines\r',
        `  {"spaces": [1.0] }\t\n`,
        '\u{10ffff}\u{1f9f5}e\u0301',
        '{"$loom.blob":"a/b","bytes":1}',
      ];
      for (const [index, one] of texts.entries()) await store.put(`texts/${index}`, one);
      for (const [index, one] of texts.entries()) assert.equal(await store.get(`texts/${index}`), one);
    },
  },
  {
    name: 'knows nothing of keys that nobody put',
    async run({ create }) {
      await using store = await create();
      assert.equal(await store.get('unknown'), undefined);
      await store.put('a/b', 'text');
      for (const key of ['a', 'b', 'a/b/c', 'a/bc', 'A/b'])
        assert.equal(await store.get(key), undefined, key);
    },
  },
  {
    name: 'replaces what is under a key',
    async run({ create }) {
      await using store = await create();
      for (const one of ['first', 'a longer second', '', 'third']) {
        await store.put('a', one);
        assert.equal(await store.get('a'), one);
      }
      assert.equal(await store.remove('a'), 1);
      assert.equal(await store.get('a'), undefined);
    },
  },
  {
    name: 'refuses what UTF-8 cannot hold, and keeps what was there',
    async run({ create }) {
      await using store = await create();
      await store.put('a', 'kept');
      for (const bad of ['\ud800', 'x\udc00x', undefined, null, 7, {}, new Uint8Array(1)])
        await rejects(
          () => store.put('a', bad as string),
          'LOOM_INVALID_INPUT',
          JSON.stringify(bad) ?? 'undefined',
        );
      assert.equal(await store.get('a'), 'kept');
    },
  },
];
