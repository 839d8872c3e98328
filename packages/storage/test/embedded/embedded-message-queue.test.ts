import { cpSync } from 'node:fs';
import { isLoomError } from '@certoai/loom-core';
import type { EmbeddedStore } from '@certoai/loom-storage/embedded';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { loadSqliteDriver } from '../../src/embedded/sqlite-driver.js';
import { OpenedStores } from './opened-stores.js';

const stores = new OpenedStores();
const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
  return stores.clear();
});

describe('EmbeddedStore.messages', () => {
  test('is durable, for one process, and one queue however often it is asked for', async () => {
    const store = await stores.open();
    expect(store.messages.capabilities).toEqual({ durable: true, shared: false });
    expect(store.messages).toBe(store.messages);
  });

  test('closes with its store, after deliveries that run', async () => {
    const store = await stores.open();
    const { messages } = store;
    let ended = false;
    await messages.consume('orders', async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      ended = true;
    });
    await messages.send('orders', [{ body: 1 }]);
    await vi.waitFor(async () => expect((await messages.stats('orders')).active).toBe(1));
    await store.close();
    expect(ended).toBe(true);
    await expect(messages.send('orders', [{ body: 2 }])).rejects.toMatchObject({ code: 'LOOM_CLOSED' });
    expect(() => store.messages.capabilities).not.toThrow();
  });

  test('is not to be had of a closed store', async () => {
    const store = await stores.open();
    await store.close();
    expect(() => store.messages).toThrow(expect.objectContaining({ code: 'LOOM_CLOSED' }));
  });

  test('leaves the store open when it is closed alone', async () => {
    const store = await stores.open();
    await store.messages.close();
    expect(await store.executions.list({})).toMatchObject({ items: [] });
  });

  test('refuses to send when the store is full, delivers what it has, and then takes more', async () => {
    const store = await stores.open({ maxBytes: 1_048_576 });
    const { messages } = store;
    const body = { text: 'x'.repeat(20_000) };
    const ids: string[] = [];
    let error: unknown;
    while (error === undefined && ids.length < 200) {
      const [id] = await messages.send('orders', [{ body }]).catch((reason: unknown) => {
        error = reason;
        return [];
      });
      if (id !== undefined) ids.push(id);
    }
    expect(isLoomError(error, 'LOOM_STORE_FULL')).toBe(true);
    expect((await messages.stats('orders')).ready).toBe(ids.length);
    const seen: string[] = [];
    await messages.consume('orders', async (delivery) => {
      expect(delivery.body).toEqual(body);
      seen.push(delivery.id);
    });
    await vi.waitFor(
      async () => expect(await messages.stats('orders')).toMatchObject({ ready: 0, active: 0, delayed: 0 }),
      {
        timeout: 10_000,
      },
    );
    expect(seen).toEqual(ids);
    await messages.send('orders', [{ body }]);
  });

  test('reads bodies from disk that were too many to hold', async () => {
    const store = await stores.open({ sync: 'normal' });
    const bodies = Array.from({ length: 20 }, (_, index) => String(index).repeat(500_000));
    for (const body of bodies) await store.messages.send('orders', [{ body }, { body: body.slice(0, 10) }]);
    const seen: unknown[] = [];
    await store.messages.consume('orders', async ({ body }) => void seen.push(body));
    await vi.waitFor(() => expect(seen.length).toBe(40), { timeout: 10_000 });
    expect(seen).toEqual(bodies.flatMap((body) => [body, body.slice(0, 10)]));
  });

  test('finds everything again when it is opened again', async () => {
    const path = stores.folder();
    const first = await stores.open({ path });
    await first.messages.send('orders', [{ body: 'x'.repeat(5_000), priority: 5 }, { body: 2 }]);
    await first.messages.pause('orders');
    await first.close();
    const second = await stores.open({ path });
    expect(await second.messages.stats('orders')).toMatchObject({ ready: 2, paused: true });
    const seen: unknown[] = [];
    await second.messages.consume(
      'orders',
      async ({ body, attempt }) => void seen.push([JSON.stringify(body).length, attempt]),
    );
    await second.messages.resume('orders');
    await vi.waitFor(() =>
      expect(seen).toEqual([
        [5_002, 1],
        [1, 1],
      ]),
    );
  });

  test('forgets the temporary queues of a process that died, and those that end', async () => {
    const name = 'loom.replies.1';
    const store = await stores.open();
    const { messages } = store;
    const body = 'x'.repeat(5_000);
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    endings.push(() => end());
    await messages.consume(name, async ({ attempt, body: seen }) =>
      seen === 'dead' ? { kind: 'dead-letter', reason: `attempt ${attempt}` } : ended,
    );
    await messages.send(name, [{ body: 'dead', dedupeId: 'one' }]);
    await vi.waitFor(async () => expect((await messages.stats(name)).dead).toBe(1));
    await messages.send(name, [{ body }, { body, dedupeId: 'two' }, { body: 1, delayMs: 60_000 }]);
    await messages.send('loom.repliesx', [{ body: 'of another', dedupeId: 'one' }]);
    await vi.waitFor(async () => expect((await messages.stats(name)).active).toBe(1));
    expect(rows(store)).toEqual({ messages: 5, message_bodies: 2, message_dedupe_ids: 3 });
    const next = await stores.crash(store);
    expect(next.messages.capabilities.durable).toBe(true);
    const other = { messages: 1, message_bodies: 0, message_dedupe_ids: 1 };
    await vi.waitFor(() => expect(rows(next)).toEqual(other));
    await next.messages.send(name, [{ body, dedupeId: 'late' }]);
    expect(rows(next)).toEqual(other);
  });
});

/** How many there are on disk, in the tables that a temporary queue uses. */
function rows({ path, driver }: EmbeddedStore): Record<string, number> {
  const copy = stores.folder();
  cpSync(path, copy, { recursive: true, filter: (file) => !file.endsWith('-shm') });
  const connection = loadSqliteDriver(driver)(`${copy}/loom.db`);
  const count = (table: string): number =>
    Number(connection.prepare(`SELECT count(*) AS count FROM ${table}`).all([])[0]?.['count']);
  const tables = ['messages', 'message_bodies', 'message_dedupe_ids'];
  const counts = Object.fromEntries(tables.map((table) => [table, count(table)]));
  connection.close();
  return counts;
}
