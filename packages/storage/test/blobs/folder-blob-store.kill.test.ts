import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { FolderBlobStore } from '../../src/blobs/folder-blob-store.js';
import { ChildProgram } from '../child-program.js';
import { BlobFolders } from './blob-folders.js';

const folders = new BlobFolders();
afterEach(() => folders.clear());
const program = new URL('./programs/blob-writer.ts', import.meta.url);
const keys = ['a/1', 'a/2', 'b', 'a/1/c'];

test('a process that is killed while it writes leaves whole blobs', { timeout: 60_000 }, async () => {
  const path = folders.make();
  await using store = new FolderBlobStore({ path });
  let drafts = 0;
  for (let round = 1; round <= 5; round += 1) {
    const writer = new ChildProgram(program, [path]);
    await writer.line(`b ${3 * round}`);
    for (let read = 0; read < 5; read += 1) for (const key of keys) checkWhole(await store.get(key));
    await writer.kill();
    for (const key of keys) checkWhole(await store.get(key));
    drafts = readdirSync(join(path, 'drafts')).length;
  }
  // The kills came in the middle of writes.
  expect(drafts).toBeGreaterThan(0);
  expect(await store.remove('a')).toBe(3);
});

function checkWhole(text: string | undefined): void {
  // Not written yet.
  if (text === undefined) return;
  const [size, letters] = text.split('\n');
  expect(letters?.length).toBe(Number(size));
  expect(/^([a-z])\1*$/.test(letters ?? '')).toBe(true);
}
