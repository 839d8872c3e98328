import { ManualClock } from '@certoai/loom-core/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.js';
import { resolveEmbeddedStoreOptions } from '../../src/embedded/embedded-store-options.js';
import { messageSchema } from '../../src/embedded/message-schema.js';
import { loadSqliteDriver } from '../../src/embedded/sqlite-driver.js';
import { OpenedStores, drivers } from './opened-stores.js';

const stores = new OpenedStores();
afterEach(() => stores.clear());

const day = 86_400_000;

describe.each(drivers)('Groups of EmbeddedStore.messages on %s', (driver) => {
  test('finds the messages of a store that knew no groups', async () => {
    const path = stores.folder();
    const database = EmbeddedDatabase.open(resolveEmbeddedStoreOptions({ path, driver }));
    database.migrate({ ...messageSchema, migrations: messageSchema.migrations.slice(0, 1) });
    const insert = database.prepare(
      `INSERT INTO messages (sequence, queue, priority, sent_at, due_at, attempts, body)
        VALUES (7, 'orders', 0, 1, 1, 0, '"old"')`,
    );
    await database.enqueue((transaction) => transaction.run(insert, []));
    database.close();
    const { messages } = await stores.open({ path, driver });
    const seen: unknown[] = [];
    await messages.consume('orders', async ({ id, body }) => void seen.push([id, body]));
    await messages.send('orders', [{ body: 'new', group: { key: 'a', concurrency: 1 } }]);
    await vi.waitFor(() => expect(seen.length).toBe(2));
    expect(seen).toContainEqual(['7', 'old']);
  });

  test('forgets what began when it is of no more use, and the limits of a group a day after its last use', async () => {
    const clock = new ManualClock();
    const path = stores.folder();
    const store = await stores.open({ path, driver, clock });
    const group = { key: 'a', rate: { limit: 2, perMs: 1_000 } };
    let handled = 0;
    await store.messages.consume('orders', async () => void (handled += 1));
    const send = async (key: string): Promise<void> => {
      const before = handled;
      await store.messages.send('orders', [{ body: 1, group: { ...group, key } }]);
      while (handled === before) await clock.advance(10);
    };
    const rows = async (): Promise<unknown> => {
      const copy = await stores.crash(store, { clock });
      await copy.close();
      const connection = loadSqliteDriver(driver)(`${copy.path}/loom.db`);
      const found = connection
        .prepare('SELECT group_key AS key, begun_at IS NULL AS limits FROM message_groups ORDER BY 1, 2')
        .all([]);
      connection.close();
      return found.map(({ key, limits }) => `${key} ${limits === 1 ? 'limits' : 'begun'}`);
    };
    await send('a');
    await send('a');
    expect(await rows()).toEqual(['a begun', 'a begun', 'a limits']);
    await clock.advance(61_000);
    await send('b');
    expect(await rows()).toEqual(['a limits', 'b begun', 'b limits']);
    await clock.advance(day * 0.7);
    await send('b');
    await clock.advance(day * 0.7);
    await send('c');
    expect(await rows()).toEqual(['b limits', 'c begun', 'c limits']);
  });
});
