import { describe, expect, test } from 'vitest';
import { boundaryViolations, checkBoundaries, importScanner } from '../checks/boundaries.mjs';
import { root } from '../lib/paths.mjs';

const entry = { default: './dist/index.js' };
const core = {
  folder: 'core',
  manifest: { name: '@certoai/loom-core', version: '1.0.0', exports: { '.': entry, './testing': entry } },
};
const storage = {
  folder: 'storage',
  manifest: {
    name: '@certoai/loom-storage',
    version: '1.0.0',
    exports: { '.': entry },
    dependencies: { '@certoai/loom-core': '^1.0.0', bullmq: '^6.0.0' },
    peerDependencies: { '@azure/cosmos': '^4.0.0' },
  },
};
const importsOf = await importScanner();

/** What the rule says about one file with this text. */
const judge = (path: string, text: string): string[] =>
  boundaryViolations([core, storage], [{ path, imports: importsOf(text) }]);

describe('the import boundaries', () => {
  test('hold in this repository', async () => {
    expect(await checkBoundaries(root)).toEqual([]);
  });

  test.each([
    ['packages/core/src/a.ts', `import assert from 'node:assert/strict';`],
    ['packages/core/src/a.ts', `export { b } from './b/c.js';`],
    ['packages/storage/src/a.ts', `import { Actor } from '@certoai/loom-core';`],
    ['packages/storage/src/a.ts', `const { Queue } = await import('bullmq');`],
    ['packages/storage/src/a.ts', `import type { CosmosClient } from '@azure/cosmos';`],
    [
      'packages/storage/test/a.test.ts',
      `import { cases } from '@certoai/loom-core/testing'; import { test } from 'vitest';`,
    ],
    [
      'packages/storage/test/a.test.ts',
      `import { startRedis } from '../../../scripts/redis/start-redis.mjs';`,
    ],
  ])('allow %s: %s', (path, text) => {
    expect(judge(path, text)).toEqual([]);
  });

  test.each([
    ['packages/core/src/a.ts', `import { z } from 'zod';`, 'is not declared'],
    [
      'packages/core/src/a.ts',
      `import { MessageQueue } from '@certoai/loom-storage';`,
      'core may not use storage',
    ],
    [
      'packages/core/src/a.ts',
      `import type { MessageQueue } from '@certoai/loom-storage';`,
      'core may not use storage',
    ],
    ['packages/core/src/a.ts', `import { readFileSync } from 'fs';`, 'write "node:fs"'],
    ['packages/core/src/a.ts', `import { Actor } from '@certoai/loom-core';`, 'is this package itself'],
    ['packages/core/src/a.ts', `import { clock } from '../test/clock.js';`, 'leaves src'],
    ['packages/storage/src/a.ts', `const redis = await import('ioredis');`, 'is not declared'],
    ['packages/storage/src/a.ts', `type Redis = import('ioredis').Redis;`, 'is not declared'],
    ['packages/storage/src/a.ts', `const redis = require('ioredis');`, 'is not declared'],
    ['packages/storage/src/a.ts', `export * from '../../core/src/actor.js';`, 'reaches into another package'],
    [
      'packages/storage/test/a.test.ts',
      `import { x } from '../../core/src/actor.js';`,
      'reaches into another package',
    ],
    [
      'packages/storage/src/a.ts',
      `import { x } from '@certoai/loom-core/dist/x.js';`,
      'is not among the exports',
    ],
    [
      'packages/storage/test/a.test.ts',
      `import { x } from '@certoai/loom-core/internal';`,
      'is not among the exports',
    ],
  ])('refuse %s: %s', (path, text, reason) => {
    expect(judge(path, text)).toEqual([expect.stringContaining(reason)]);
  });

  test('refuse a declared dependency in the wrong direction', () => {
    const dependencies = { '@certoai/loom-storage': '^1.0.0' };
    const wrong = { folder: 'core', manifest: { ...core.manifest, dependencies } };
    expect(boundaryViolations([wrong, storage], [])).toEqual([
      'packages/core/package.json: core may not depend on @certoai/loom-storage.',
    ]);
  });
});
