import { rejects } from 'node:assert/strict';
import Module from 'node:module';
import { isLoomError } from '@certoai/loom-core';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import type { EmbeddedStoreOptions } from '@certoai/loom-storage/embedded';
import { afterEach, describe, expect, test } from 'vitest';
import { hasNodeSqlite } from '../../src/embedded/sqlite-driver.js';
import { completed, execution, fiveSteps, step, times } from './executions.js';
import { OpenedStores, drivers } from './opened-stores.js';

const stores = new OpenedStores();
afterEach(() => stores.clear());

describe.each(drivers)('an embedded store on %s', (driver) => {
  test('says which driver it runs on and where it is', async () => {
    const path = stores.folder();
    const store = await stores.open({ path, driver });
    expect(store.driver).toBe(driver);
    expect(store.path).toBe(path);
  });

  test('finds again what was stored in it', async () => {
    const first = await stores.open({ driver });
    await fiveSteps(first.executions, 'finished');
    await first.executions.create(execution('running', { wakeAt: 7 }));
    await first.executions.record(completed('running', 3));
    await first.close();
    const second = await stores.open({ path: first.path, driver });
    expect((await second.executions.load('finished'))?.status).toBe('completed');
    expect(await second.executions.claim({ holder: 'a', now: 7, leaseMs: 1, limit: 9 })).toMatchObject({
      ids: ['running'],
    });
    expect(await second.executions.record(completed('running', 3))).toEqual({
      accepted: false,
      reason: 'duplicate',
    });
  });

  test('works with either sync policy', async () => {
    for (const sync of ['full', 'normal', undefined] as const) {
      const { executions } = await stores.open({ driver, sync });
      await fiveSteps(executions, 'e1');
      expect((await executions.load('e1'))?.version).toBe(6);
    }
  });

  test('can be closed twice, at the same time, by disposal, and while it is busy', async () => {
    const store = await stores.open({ driver });
    const creating = times(50).map((n) => store.executions.create(execution(`e${n}`)));
    await Promise.all([store.close(), store.close(), store[Symbol.asyncDispose]()]);
    await store.close();
    expect((await Promise.all(creating)).every(({ created }) => created)).toBe(true);
    await rejects(store.executions.create(execution('late')), (error) => isLoomError(error, 'LOOM_CLOSED'));
    const again = await stores.open({ path: store.path, driver });
    expect((await again.executions.list({})).items).toHaveLength(50);
  });

  test('lists a rare match among thousands without holding up other work', async () => {
    const { executions } = await stores.open({ driver, sync: 'normal' });
    await Promise.all(
      times(5_000).map((n) =>
        executions.create(execution(`e${n}`, { createdAt: n, name: n === 3 ? 'rare' : 'common' })),
      ),
    );
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 0);
    const { items, cursor } = await executions.list({ name: 'rare' });
    clearInterval(counting);
    expect(items.map(({ id }) => id)).toEqual(['e3']);
    expect(cursor).toBeUndefined();
    expect(turns).toBeGreaterThan(0);
  });

  test('holds to what was recorded before it was opened', async () => {
    const first = await stores.open({ driver });
    await first.executions.create(execution('e1'));
    await Promise.all(times(300).map((index) => first.executions.record(completed('e1', index * 3))));
    await first.executions.record(completed('e1', 1, { kind: 'pending', next: 4 }));
    await first.close();
    const { executions } = await stores.open({ path: first.path, driver });
    expect(await executions.record(completed('e1', 299 * 3))).toMatchObject({ reason: 'duplicate' });
    expect(await executions.record(completed('e1', 1, { held: 4 }))).toMatchObject({
      counters: { done: 301 },
    });
    expect(await executions.commit(step('e1', 1, { records: [completed('e1', 0)] }))).toMatchObject({
      reason: 'conflict',
    });
  });
});

describe('openEmbeddedStore', () => {
  test('refuses options that make no sense', async () => {
    const bad: readonly Partial<EmbeddedStoreOptions>[] = [
      { path: '' },
      { path: undefined as never },
      { path: 7 as never },
      { sync: 'off' as never },
      { driver: 'sqlite3' as never },
      ...[0, -1, 1.5, 1_000, Number.NaN, Number.POSITIVE_INFINITY].map((maxBytes) => ({ maxBytes })),
    ];
    for (const options of bad) {
      const opening = openEmbeddedStore({ path: stores.folder(), ...options });
      await rejects(opening, (error) => isLoomError(error, 'LOOM_INVALID_OPTION'));
    }
  });

  test('takes an explicit undefined for the default', async () => {
    const absent = {
      sync: undefined,
      maxBytes: undefined,
      clock: undefined,
      logger: undefined,
      driver: undefined,
    };
    const store = await stores.open(absent);
    expect(store.driver).toBe(hasNodeSqlite() ? 'node:sqlite' : 'libsql');
  });

  test('says what to install when libsql is missing', async () => {
    const loader = Module as unknown as { _load: (request: string, ...rest: readonly unknown[]) => unknown };
    const { _load: load } = loader;
    loader._load = (request, ...rest) => {
      if (request === 'libsql') throw new Error("Cannot find module 'libsql'");
      return load(request, ...rest);
    };
    try {
      const opening = openEmbeddedStore({ path: stores.folder(), driver: 'libsql' });
      await rejects(
        opening,
        (error) => isLoomError(error, 'LOOM_MISSING_DEPENDENCY') && /npm install libsql/.test(error.message),
      );
    } finally {
      loader._load = load;
    }
  });

  test.skipIf(hasNodeSqlite())('says what to do about a driver that this Node does not have', async () => {
    const opening = openEmbeddedStore({ path: stores.folder(), driver: 'node:sqlite' });
    await rejects(
      opening,
      (error) => isLoomError(error, 'LOOM_MISSING_DEPENDENCY') && /22\.13/.test(error.message),
    );
  });
});
