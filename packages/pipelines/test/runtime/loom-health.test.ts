import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { Loom } from '../../src/index.js';

test('health tells why Loom cannot open, and is good once it could', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'loom-health-'));
  const path = join(folder, 'store');
  writeFileSync(path, 'a file, where a folder should be');
  await using loom = new Loom({ embedded: { path } });
  try {
    const { live, ready, reasons } = await loom.health();
    expect({ live, ready }).toEqual({ live: true, ready: false });
    expect(reasons).toEqual([expect.stringMatching(/^opening: .*store/)]);
    expect((await loom.health()).reasons).toEqual(reasons);
    rmSync(path);
    await vi.waitFor(async () => expect(await loom.health()).toMatchObject({ ready: true, reasons: [] }));
  } finally {
    await loom.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('health of a configuration that is wrong, and of a Loom that is closed, says so', async () => {
  await using wrong = new Loom({ redis: 'redis://127.0.0.1', embedded: { path: '.' } });
  expect((await wrong.health()).reasons).toEqual([
    expect.stringMatching(/^opening: Both "redis" and "embedded.path" are given/),
  ]);
  const closed = new Loom();
  expect((await closed.health()).ready).toBe(true);
  await closed.close();
  const { live, ready, reasons } = await closed.health();
  expect({ live, ready }).toEqual({ live: true, ready: false });
  expect(reasons).toEqual(['opening: This Loom is closed; make a new one.']);
});
