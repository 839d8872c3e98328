import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isLoomError } from '@certoai/loom-core';
import type { LoomError } from '@certoai/loom-core';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import { afterEach, describe, expect, test } from 'vitest';
import { loadSqliteDriver } from '../../src/embedded/sqlite-driver.js';
import { OtherProcess } from './child-process.js';
import { OpenedStores, drivers } from './opened-stores.js';

describe.each(drivers)('the folder of an embedded store on %s', (driver) => {
  const stores = new OpenedStores();
  afterEach(() => stores.clear());

  async function refusal(path: string): Promise<LoomError> {
    const error: unknown = await openEmbeddedStore({ path, driver }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!isLoomError(error)) throw new Error(`opened, or failed by ${String(error)}`);
    return error;
  }

  test('is refused to a second opening in the same process, by whatever path', async () => {
    const { path } = await stores.open({ driver });
    const link = join(stores.folder(), 'link');
    symlinkSync(path, link);
    for (const same of [path, `${path}/.`, link]) {
      const { code, message, details } = await refusal(same);
      expect(code).toBe('LOOM_STORE_LOCKED');
      expect(message).toContain(`process ${process.pid}`);
      expect(details['owner']).toMatchObject({ pid: process.pid });
    }
  });

  test.skipIf(drivers.length < 2)(
    'is refused in the same process to the other driver, whose lock would not know',
    async () => {
      const { path } = await stores.open({ driver });
      const other = drivers.find((one) => one !== driver);
      await expect(openEmbeddedStore({ path, driver: other })).rejects.toMatchObject({
        code: 'LOOM_STORE_LOCKED',
      });
    },
  );

  test('is refused to a second process, which is told who has it and since when', async () => {
    const path = stores.folder();
    const owner = new OtherProcess('hold', path, driver);
    await owner.said(1);
    const { code, message, details } = await refusal(path);
    expect(code).toBe('LOOM_STORE_LOCKED');
    expect(message).toContain(`process ${owner.pid} (`);
    expect(message).toMatch(/since 20\d\d-\d\d-\d\dT/);
    expect(message).toContain(path);
    expect(details).toMatchObject({ path, owner: { pid: owner.pid } });
    const third = new OtherProcess('open', path, driver);
    await third.ended();
    expect(third.lines[0]).toMatch(/^error LOOM_STORE_LOCKED/);
    await owner.ended();
  });

  test('opens at once when its owner was killed', async () => {
    const path = stores.folder();
    const owner = new OtherProcess('hold', path, driver);
    await owner.said(1);
    await owner.kill();
    expect(existsSync(join(path, 'owner.json'))).toBe(true);
    await stores.open({ path, driver });
    expect(JSON.parse(readFileSync(join(path, 'owner.json'), 'utf8'))).toMatchObject({ pid: process.pid });
  });

  test('is free once its store is closed, which does not keep the process alive', async () => {
    const store = await stores.open({ driver });
    await store.close();
    expect(existsSync(join(store.path, 'owner.json'))).toBe(false);
    const other = new OtherProcess('open', store.path, driver);
    await other.ended();
    expect(other.lines).toEqual([`open ${driver}`]);
    await stores.open({ path: store.path, driver });
  });

  test('holds a database, its log, a lock and the name of its owner while open, and only what lasts when closed', async () => {
    const store = await stores.open({ driver });
    await store.executions.load('nobody');
    const files = (): readonly string[] =>
      readdirSync(store.path)
        .filter((name) => !name.endsWith('-shm'))
        .toSorted();
    expect(files()).toEqual(['loom.db', 'loom.db-wal', 'loom.lock', 'owner.json']);
    await store.close();
    expect(files().filter((name) => statSync(join(store.path, name)).size > 0)).toEqual(['loom.db']);
  });

  test('is made when it is not there, and may hold other files', async () => {
    const folder = stores.folder();
    const path = join(folder, 'a', 'b');
    mkdirSync(join(folder, 'a'));
    writeFileSync(join(folder, 'a', 'notes.txt'), 'mine');
    await stores.open({ path, driver });
    await stores.open({ path: join(folder, 'a'), driver });
    expect(readFileSync(join(folder, 'a', 'notes.txt'), 'utf8')).toBe('mine');
  });

  test('is refused when it is a file', async () => {
    const path = join(stores.folder(), 'file');
    writeFileSync(path, 'text');
    expect(await refusal(path)).toMatchObject({ code: 'LOOM_INVALID_OPTION' });
    expect((await refusal(join(path, 'below'))).code).toMatch(/^LOOM_(INVALID_OPTION|STORE_FAILED)$/);
    expect(readFileSync(path, 'utf8')).toBe('text');
  });

  test.skipIf(process.platform !== 'linux')('is refused where nothing can be written', async () => {
    const error = await refusal('/proc/self/loom');
    expect(error.code).toBe('LOOM_STORE_FAILED');
    expect(error.message).toContain('/proc/self/loom');
  });

  test('is refused, and left as it is, when its database is none', async () => {
    const path = stores.folder();
    const text = 'This is not a database. '.repeat(1_000);
    writeFileSync(join(path, 'loom.db'), text);
    expect(await refusal(path)).toMatchObject({ code: 'LOOM_STORE_CORRUPT' });
    expect(readFileSync(join(path, 'loom.db'), 'utf8')).toBe(text);
    expect(existsSync(join(path, 'owner.json'))).toBe(false);
  });

  test("is refused, and left as it is, when its database is another program's", async () => {
    const path = stores.folder();
    const foreign = loadSqliteDriver(driver)(join(path, 'loom.db'));
    foreign.exec('CREATE TABLE guests (name TEXT)');
    foreign.close();
    const before = readFileSync(join(path, 'loom.db'));
    const { code, message } = await refusal(path);
    expect(code).toBe('LOOM_STORE_CORRUPT');
    expect(message).toContain('another program');
    expect(readFileSync(join(path, 'loom.db'))).toEqual(before);
  });

  test('is refused, and left as it is, when a newer Loom wrote it', async () => {
    for (const change of [
      'PRAGMA user_version=2',
      "UPDATE schema_parts SET version=99 WHERE name='executions'",
    ]) {
      const { path, ...store } = await closed();
      const connection = loadSqliteDriver(driver)(join(path, 'loom.db'));
      connection.exec(change);
      connection.close();
      const { code, message } = await refusal(path);
      expect(code).toBe('LOOM_STORE_FAILED');
      expect(message).toContain('newer Loom');
      expect(store).toBeDefined();
    }
  });

  test('is refused when its database is damaged', async () => {
    const { path } = await closed();
    const file = join(path, 'loom.db');
    const bytes = readFileSync(file);
    bytes.fill(0xab, 100);
    writeFileSync(file, bytes);
    for (const name of readdirSync(path)) if (name.startsWith('loom.db-')) rmSync(join(path, name));
    expect(await refusal(path)).toMatchObject({ code: 'LOOM_STORE_CORRUPT' });
    expect(readFileSync(file)).toEqual(bytes);
  });

  async function closed(): Promise<{ readonly path: string }> {
    const store = await stores.open({ driver });
    await store.executions.create({
      id: 'e1',
      definition: { hash: 'hash', text: '{}' },
      input: '1',
      state: '1',
      createdAt: 1,
      wakeAt: null,
    });
    await store.close();
    return { path: store.path };
  }
});
