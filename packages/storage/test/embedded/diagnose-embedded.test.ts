import { diagnoseEmbedded, openEmbeddedStore } from '@certoai/loom-storage/embedded';
import type { EmbeddedStoreOptions, StoreFinding } from '@certoai/loom-storage/embedded';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { judgeTrial } from '../../src/embedded/diagnose-embedded.js';
import { judgeFileSystem, judgeSpace } from '../../src/embedded/file-system.js';
import { OtherProcess } from './child-process.js';
import { drivers, OpenedStores } from './opened-stores.js';

const opened = new OpenedStores();
afterEach(() => opened.clear());

async function all(path: string, options: Partial<EmbeddedStoreOptions> = {}): Promise<StoreFinding[]> {
  const found: StoreFinding[] = [];
  for await (const finding of diagnoseEmbedded({ path, ...options })) found.push(finding);
  for (const { severity, fix } of found) expect(fix !== undefined && fix !== '').toBe(severity !== 'ok');
  return found;
}

/** One text a finding, with what differs from run to run taken out. The disk of the tests is not judged. */
function lines(found: readonly StoreFinding[]): readonly string[] {
  return found
    .filter(({ check }) => check !== 'file-system' && check !== 'space')
    .map(({ check, severity, message, fix }) =>
      [severity, check, message, ...(fix === undefined ? [] : ['→', fix])]
        .join(' ')
        .replaceAll(/(?:\/private)?\/tmp\/loom-embedded-\w+/g, '<folder>')
        .replaceAll(/loom-doctor-\w+/g, 'loom-doctor-<id>')
        .replaceAll(/[\d.]+ ms/g, '<n> ms')
        .replaceAll(/\d+ KiB/g, '<n> KiB')
        .replaceAll(/SQLite [\d.]+ comes with \S+\./g, 'SQLite <n> comes with <driver>.')
        .replaceAll(/process \d+ \(.*?\) on \S+ since \S+[^\s,]/g, '<process>'),
    );
}

/** Everything below a folder with its time of change, to see that nothing was touched. */
function contents(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { size, mtimeMs } = statSync(join(folder, name));
      return `${name} ${size} ${mtimeMs}`;
    });
}

describe.each(drivers)('diagnoseEmbedded on %s', (driver) => {
  test('finds a folder that is not there yet usable, and makes nothing', async () => {
    const folder = opened.folder();
    expect(lines(await all(join(folder, 'a', 'b'), { driver }))).toMatchInlineSnapshot(`
      [
        "ok driver SQLite <n> comes with <driver>.",
        "ok folder "<folder>/a/b" can be made; a commit takes <n> ms until it is on the disk.",
      ]
    `);
    expect(readdirSync(folder)).toEqual([]);
    expect(lines(await all(folder, { driver }))).toMatchInlineSnapshot(`
      [
        "ok driver SQLite <n> comes with <driver>.",
        "ok folder "<folder>" can be written; a commit takes <n> ms until it is on the disk.",
        "ok lock Nobody has the store open.",
        "ok store There is no store in the folder yet.",
      ]
    `);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('describes a store and leaves every file as it is', async () => {
    const store = await opened.open({ driver });
    await store.close();
    const before = contents(store.path);
    const found = await all(store.path, { driver });
    expect(lines(found)).toMatchInlineSnapshot(`
      [
        "ok driver SQLite <n> comes with <driver>.",
        "ok folder "<folder>" can be written; a commit takes <n> ms until it is on the disk.",
        "ok lock Nobody has the store open.",
        "ok store The store has format 1, with a write-ahead log, and <n> KiB.",
      ]
    `);
    expect(contents(store.path)).toEqual(before);
    expect(found.find(({ check }) => check === 'folder')?.measured?.['commitMs']).toBeGreaterThan(0);
  });

  test('tells that this process has it open, and takes nothing from it', async () => {
    const store = await opened.open({ driver });
    const link = join(opened.folder(), 'link');
    symlinkSync(store.path, link);
    expect(await all(link, { driver })).toHaveLength(5);
    expect(lines(await all(link, { driver })).slice(2)).toMatchInlineSnapshot(`
      [
        "ok lock This process has the store open.",
      ]
    `);
    const other = new OtherProcess('open', store.path, driver);
    await other.said(1);
    expect(other.lines[0]).toContain('LOOM_STORE_LOCKED');
    await other.ended();
  });

  test('tells who has it open, or left it', async () => {
    const path = opened.folder();
    const other = new OtherProcess('hold', path, driver);
    await other.said(1);
    const held = await all(path, { driver });
    expect(lines(held).slice(2)).toMatchInlineSnapshot(`
      [
        "error lock The store in "<folder>" is open in <process>, and takes one process at a time. → Close it there, give this one another path, or use a shared store for several processes.",
        "ok store The store has format 1, with a write-ahead log, and <n> KiB.",
      ]
    `);
    expect(held.find(({ check }) => check === 'lock')?.message).toContain(`process ${other.pid} `);
    await other.kill();
    const before = contents(path);
    expect(lines(await all(path, { driver })).slice(2)).toMatchInlineSnapshot(`
      [
        "ok lock Nobody has the store open. It was not closed by <process>, and the next opening goes on from there.",
        "ok store The store has format 1, with a write-ahead log, and <n> KiB.",
      ]
    `);
    expect(contents(path)).toEqual(before);
    const owner = JSON.parse(readFileSync(join(path, 'owner.json'), 'utf8')) as object;
    writeFileSync(join(path, 'owner.json'), JSON.stringify({ ...owner, host: 'elsewhere' }));
    expect(lines(await all(path, { driver })).slice(2, 3)).toMatchInlineSnapshot(`
      [
        "warning lock The store was not closed by <process>, and locks of another host may not be seen here. → Make sure that no process of that host uses the folder.",
      ]
    `);
    // The look let go of the lock.
    await (await openEmbeddedStore({ path, driver })).close();
  });
});

test('tells a path that cannot be a folder, also to root', async () => {
  const folder = opened.folder();
  writeFileSync(join(folder, 'file'), '');
  expect(lines(await all(join(folder, 'file')))).toMatchInlineSnapshot(`
    [
      "ok driver SQLite <n> comes with <driver>.",
      "error folder "<folder>/file" cannot be used: "<folder>/file" is a file. → Give a folder that this user can make and write.",
    ]
  `);
  expect(lines(await all(join(folder, 'file', 'below')))).toMatchInlineSnapshot(`
    [
      "ok driver SQLite <n> comes with <driver>.",
      "error folder "<folder>/file/below" cannot be used: "<folder>/file" is a file. → Give a folder that this user can make and write.",
    ]
  `);
  if (process.platform === 'linux')
    expect(lines(await all('/proc/loom'))).toMatchInlineSnapshot(`
    [
      "ok driver SQLite <n> comes with <driver>.",
      "error folder "/proc/loom" cannot be used: ENOENT: no such file or directory, mkdtemp '/proc/loom-doctor-<id>'. → Give a folder that this user can make and write.",
    ]
  `);
});

test.skipIf(process.getuid?.() === 0)('tells a folder that this user cannot write', async () => {
  const folder = join(opened.folder(), 'read-only');
  mkdirSync(folder, { mode: 0o500 });
  expect(lines(await all(folder)).at(-1)).toMatch(/^error folder .* EACCES/);
});

test('tells a file that is no store of this Loom', async () => {
  const folder = opened.folder();
  const file = join(folder, 'loom.db');
  writeFileSync(file, 'not a database at all, though it is long enough to be one'.repeat(4));
  expect(lines(await all(folder)).slice(3)).toMatchInlineSnapshot(`
    [
      "error store "<folder>/loom.db" is damaged, or no database of Loom. → Restore the folder from a backup, or give another path.",
    ]
  `);
  const store = await opened.open();
  await store.close();
  const bytes = readFileSync(join(store.path, 'loom.db'));
  bytes.writeUInt32BE(99, 60);
  writeFileSync(file, bytes);
  expect(lines(await all(folder)).slice(3)).toMatchInlineSnapshot(`
    [
      "error store "<folder>/loom.db" was written by a newer Loom (format 99; this one knows 1). → Update @certoai/loom-storage, or give another path.",
    ]
  `);
  bytes.writeUInt32BE(7, 68);
  writeFileSync(file, bytes);
  expect(lines(await all(folder)).slice(3)).toMatchInlineSnapshot(`
    [
      "error store "<folder>/loom.db" belongs to another program. → Give the store another folder.",
    ]
  `);
});

test('tells options that cannot be used', async () => {
  expect(lines(await all('x', { maxBytes: 5 }))).toMatchInlineSnapshot(`
    [
      "error options maxBytes is 5. → Give a whole number of bytes, 1048576 or more.",
    ]
  `);
});

test('tells a disk that is slow, or cannot hold the log', () => {
  const verdicts = [
    judgeTrial('"x" can be written', { journalMode: 'wal', commitMs: 99 }),
    judgeTrial('"x" can be written', { journalMode: 'wal', commitMs: 100 }),
    judgeTrial('"x" can be made', { journalMode: 'delete', commitMs: 1 }),
  ];
  expect(verdicts.map(({ severity, message, fix }) => `${severity} ${message} → ${fix}`))
    .toMatchInlineSnapshot(`
    [
      "ok "x" can be written; a commit takes 99 ms until it is on the disk. → undefined",
      "warning "x" can be written; a commit takes 100 ms until it is on the disk. → Use a faster disk, or embedded.sync "normal" where a power loss may cost the last moments.",
      "error "x" can be made, but its file system cannot hold a write-ahead log (journal mode delete). → Use a folder on a disk of this machine.",
    ]
  `);
});

test('tells a disk that is full or not of this machine', () => {
  const disk = { type: 0xef53, freeBytes: 50 * 1024 ** 3 };
  const verdicts = [
    judgeSpace({ ...disk, freeBytes: 10 * 1024 ** 2 }, undefined),
    judgeSpace({ ...disk, freeBytes: 500 * 1024 ** 2 }, undefined),
    judgeSpace(disk, 60 * 1024 ** 3),
    judgeSpace(disk, 40 * 1024 ** 3),
    judgeFileSystem(disk, 'linux'),
    judgeFileSystem({ ...disk, type: 0x6969 }, 'linux'),
    judgeFileSystem({ ...disk, type: 0xff534d42 }, 'linux'),
    judgeFileSystem({ ...disk, type: 0x01021994 }, 'linux'),
    judgeFileSystem({ ...disk, type: 0x794c7630 }, 'linux'),
    judgeFileSystem({ ...disk, type: 26 }, 'darwin'),
  ];
  expect(verdicts.map(({ severity, message, fix }) => `${severity} ${message} → ${fix}`))
    .toMatchInlineSnapshot(`
    [
      "error 10 MiB are free where the folder is; a full disk stops every execution. → Make room on the disk, or shorten the retention of finished executions.",
      "warning 500 MiB are free where the folder is; a full disk stops every execution. → Make room on the disk, or shorten the retention of finished executions.",
      "warning 51200 MiB are free where the folder is, and embedded.maxBytes lets the store grow to 61440 MiB. → Make room on the disk, or lower embedded.maxBytes.",
      "ok 51200 MiB are free where the folder is. → undefined",
      "ok The folder is on a local file system. → undefined",
      "warning The folder is on a network share (NFS), where locks may not hold and every commit waits for the network. → Use a disk of this machine, or Redis for several machines.",
      "warning The folder is on a network share (SMB), where locks may not hold and every commit waits for the network. → Use a disk of this machine, or Redis for several machines.",
      "warning The folder is on a file system in memory: everything is gone when the machine ends. → Use a folder on a disk.",
      "ok The folder is on the own layer of a container, and goes with it; a mounted volume stays. → undefined",
      "ok Whether the folder is on a network share cannot be told here. → undefined",
    ]
  `);
});
