import assert from 'node:assert/strict';
import type { ConformanceCase } from '../conformance-case.js';
import { everyCall, rejects } from './building.js';
import type { BlobStoreHarness } from './harness.js';

const segment = 'x'.repeat(120);

export const keyCases: readonly ConformanceCase<BlobStoreHarness>[] = [
  {
    name: 'takes every key that is one, and tells all of them apart',
    async run({ create }) {
      await using store = await create();
      const keys = [
        'a',
        'A',
        'a/a',
        'a/A',
        'A/a',
        'aA',
        'Aa',
        'a.',
        '.a',
        '...',
        'a..b',
        'a/.a',
        '_',
        '-',
        'a_',
        'nul',
        'NUL',
        'con.txt',
        'com1/aux',
        '__proto__',
        'constructor/prototype',
        'tmp',
        'drafts',
        'a.json',
        '0',
        '01',
        segment,
        segment.toUpperCase(),
        [segment, segment, segment, segment, 'y'.repeat(16)].join('/'),
        Array.from({ length: 250 }, () => 'z').join('/'),
      ];
      for (const key of keys) await store.put(key, `text of ${key}`);
      for (const key of keys) assert.equal(await store.get(key), `text of ${key}`, key);
      for (const key of keys) await store.put(key, `new text of ${key}`);
      for (const key of keys) assert.equal(await store.get(key), `new text of ${key}`, key);
    },
  },
  {
    name: 'refuses keys that are none, in every method',
    async run({ create }) {
      await using store = await create();
      const keys: readonly unknown[] = [
        '',
        '/',
        '/a',
        'a/',
        'a//b',
        '.',
        '..',
        '../a',
        'a/..',
        'a/../b',
        './a',
        'a/./b',
        'a b',
        'a\n',
        'ä',
        'a:b',
        String.raw`a\b`,
        'a*',
        'a!b',
        'a+b',
        'a=',
        '{a}',
        '\u0000',
        `${segment}x`,
        `a/${segment}x/b`,
        `${Array.from({ length: 250 }, () => 'z').join('/')}/zz`,
        undefined,
        null,
        7,
        {},
      ];
      for (const key of keys) {
        for (const [what, call] of everyCall(store, key as string))
          await rejects(call, 'LOOM_INVALID_INPUT', `${what} of ${JSON.stringify(key)}`);
      }
    },
  },
];
