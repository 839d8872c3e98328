import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { FolderBlobStore } from '../../src/blobs/folder-blob-store.js';
import { translateFileError } from '../../src/blobs/folder-files.js';
import { BlobFolders } from './blob-folders.js';

const folders = new BlobFolders();
afterEach(() => folders.clear());

function files(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(path.length + 1));
}

test('names differ where cases are not told apart, and are ones that every system takes', async () => {
  const path = folders.make();
  await using store = new FolderBlobStore({ path });
  const keys = ['a/b', 'A/b', 'a/B', 'aB/c', 'Ab/c', 'a', 'nul', 'con.x/aux', 'a.', 'X'.repeat(120)];
  for (const key of keys) await store.put(key, key);
  const names = files(path);
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(keys.length);
  expect(names).toEqual(names.map((name) => name.toLowerCase()));
  for (const name of names.flatMap((one) => one.split('/'))) {
    expect(name).toMatch(/^[a-z0-9_+.=-]+$/);
    // A device of Windows keeps its name with anything behind a dot.
    expect(name).not.toMatch(/^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/);
    expect(name).not.toMatch(/\.$/);
    expect(name.length).toBeLessThanOrEqual(255);
  }
});

test('a file holds the text and nothing else', async () => {
  const path = folders.make();
  await using store = new FolderBlobStore({ path });
  await store.put('executions/01ABC/input', 'größe');
  expect(files(path)).toEqual(['executions+/01+a+b+c+/input=']);
  expect(readFileSync(join(path, 'executions+/01+a+b+c+/input='), 'utf8')).toBe('größe');
});

test('nothing is left of what was removed, not even folders', async () => {
  const path = folders.make();
  await using store = new FolderBlobStore({ path });
  await Promise.all(['a/b/c', 'a/b/d', 'a/e', 'f'].map((key) => store.put(key, key)));
  await store.remove('a/b/c');
  await store.remove('a/b/d');
  expect(existsSync(join(path, 'a+/b+'))).toBe(false);
  await store.remove('a');
  await store.remove('f');
  expect(readdirSync(path)).toEqual(['drafts']);
  expect(readdirSync(join(path, 'drafts'))).toEqual([]);
});

test('drafts of processes that died are removed an hour later, and no others', async () => {
  const path = folders.make();
  mkdirSync(join(path, 'drafts', 'taken'), { recursive: true });
  for (const name of ['old', 'young', 'taken/x=']) writeFileSync(join(path, 'drafts', name), 'half a te');
  const hourAgo = Date.now() / 1_000 - 3_700;
  for (const name of ['old', 'taken']) utimesSync(join(path, 'drafts', name), hourAgo, hourAgo);
  await using store = new FolderBlobStore({ path });
  await store.put('a', 'text');
  expect(readdirSync(join(path, 'drafts'))).toEqual(['young']);
});

test('the folder is made when something is stored, and not before', async () => {
  const path = join(folders.make(), 'not/yet');
  await using store = new FolderBlobStore({ path });
  expect(await store.get('a')).toBeUndefined();
  expect(existsSync(path)).toBe(false);
  await store.put('a', 'text');
  expect(await store.get('a')).toBe('text');
});

describe('what the file system refuses', () => {
  test('is an error with the folder in it, and the next call works again', async () => {
    const path = join(folders.make(), 'blobs');
    writeFileSync(path, 'a file');
    await using store = new FolderBlobStore({ path });
    await expect(store.put('a', 'text')).rejects.toMatchObject({
      code: 'LOOM_STORE_FAILED',
      details: { path, code: 'ENOTDIR' },
    });
    const other = join(folders.make(), 'blobs');
    await using late = new FolderBlobStore({ path: other });
    writeFileSync(other, 'in the way');
    await expect(late.put('a', 'text')).rejects.toMatchObject({ code: 'LOOM_STORE_FAILED' });
    rmSync(other);
    await late.put('a', 'text');
    expect(await late.get('a')).toBe('text');
  });

  test('is found out where no folder can be made at all', async () => {
    await using store = new FolderBlobStore({ path: '/proc/loom-blobs' });
    await expect(store.put('a', 'text')).rejects.toMatchObject({ code: 'LOOM_STORE_FAILED' });
  });

  test.each(['ENOSPC', 'EDQUOT'])('is LOOM_STORE_FULL for %s', (code) => {
    const cause = Object.assign(new Error('no space left on device'), { code });
    expect(translateFileError(cause, 'store a blob', '/data')).toMatchObject({
      code: 'LOOM_STORE_FULL',
      details: { path: '/data', code },
      cause,
    });
  });
});

test('a path that is none is refused', () => {
  for (const path of ['', undefined, null, 7] as string[])
    expect(() => new FolderBlobStore({ path })).toThrow(
      expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }),
    );
});
