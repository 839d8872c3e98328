import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import { expect, test } from 'vitest';

const { cache } = createRequire(import.meta.url);
const loaded = (): boolean => Object.keys(cache).some((file) => file.includes('libsql'));

test('SQLite is loaded when a store is opened, and not before', async () => {
  expect(loaded()).toBe(false);
  const path = mkdtempSync(join(tmpdir(), 'loom-lazy-'));
  const store = await openEmbeddedStore({ path, driver: 'libsql' });
  await store.close();
  rmSync(path, { recursive: true });
  expect(loaded()).toBe(true);
});
