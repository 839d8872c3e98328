import { randomUUID } from 'node:crypto';
import { RedisExecutionStore, RedisOutboxStore } from '@certoai/loom-storage/redis';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { OwnRedis, noOwnRedis } from '../../../../scripts/redis/own-redis.js';
import { completed, execution, fiveSteps, step, times } from '../embedded/executions.js';

const { url, real } = inject('redis');
const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

function clientOf(options: { readonly keyPrefix?: string } = {}): Redis {
  const client = new Redis(url, options);
  releases.push(() => client.disconnect());
  return client;
}

function storeOf(...args: ConstructorParameters<typeof RedisExecutionStore>): RedisExecutionStore {
  const store = new RedisExecutionStore(...args);
  releases.push(() => store.close());
  return store;
}

/** Keys of a store without what they begin with, and what a server spends on them. */
class Keys {
  readonly #client = clientOf();
  readonly #start: string;

  constructor(keyPrefix: string) {
    this.#start = `{${keyPrefix}}.`;
  }
  async names(): Promise<readonly string[]> {
    const keys = await this.#client.keys(`${this.#start}*`);
    return keys.map((key) => key.slice(this.#start.length)).toSorted();
  }
  async bytes(): Promise<number> {
    const keys = await this.#client.keys(`${this.#start}*`);
    const sizes = await Promise.all(keys.map((key) => this.#client.memory('USAGE', key, 'SAMPLES', 0)));
    return sizes.reduce<number>((sum, size) => sum + Number(size), 0);
  }
}

/** Everything that leaves keys behind, and its end. */
async function work(store: RedisExecutionStore): Promise<void> {
  await store.claim({ holder: 'a', now: 0, leaseMs: 60_000, limit: 0 });
  await fiveSteps(store, 'e1');
  await store.create(execution('e2', { holder: 'a', idempotencyKey: 'key', tags: ['eu'], name: 'n' }));
  for (const index of times(20)) await store.record(completed('e2', index));
  await store.record(completed('e2', 20, { kind: 'pending', next: 2 }));
  await store.commit(step('e2', 1, { status: 'paused', wakeAt: 9 }));
  await store.create(execution('e3', { definition: { hash: 'other', text: '[]' } }));
  expect((await store.claim({ holder: 'b', now: 9, leaseMs: 60_000, limit: 9 })).ids).toEqual(['e3']);
  await store.leave('a');
  expect((await store.claim({ holder: 'b', now: 9, leaseMs: 60_000, limit: 9 })).ids).toEqual(['e2']);
  await store.commit(step('e2', 2, { status: 'failed' }));
  await store.commit(step('e3', 1, { status: 'cancelled' }));
}

describe('keys of a RedisExecutionStore', () => {
  test('are one for an execution, and one more for each node of more than eight tasks', async () => {
    const keyPrefix = `test-${randomUUID()}`;
    const store = storeOf(url, { keyPrefix });
    await store.create(execution('e1'));
    await store.commit(step('e1', 1, { records: times(8).map((index) => completed('e1', index)) }));
    const few = (await new Keys(keyPrefix).names()).filter((name) => name.startsWith('e'));
    expect(few).toEqual(['ee1']);
    for (const index of [8, 9]) await store.record(completed('e1', index));
    const many = (await new Keys(keyPrefix).names()).filter((name) => name.startsWith('e'));
    expect(many).toEqual(['ee1', 'ee1\0work']);
  });

  test('are gone with what was removed, but for the counters', async () => {
    const keyPrefix = `test-${randomUUID()}`;
    const store = storeOf(url, { keyPrefix });
    const keys = new Keys(keyPrefix);
    await work(store);
    expect(await keys.names()).toEqual(
      ['c', 'ee1', 'ee2', 'ee2\0work', 'ee3', 'fcancelled', 'fcompleted', 'ffailed', 'g1.2', 'k'].concat([
        'lcancelled',
        'lcompleted',
        'lfailed',
        'n',
        'o',
        't',
        'u',
      ]),
    );
    expect((await store.prune({ maxBytes: 0, limit: 9 })).removed.toSorted()).toEqual(['e1', 'e2', 'e3']);
    await store.claim({ holder: 'b', now: 0, leaseMs: 60_000, limit: 0 });
    await store.leave('b');
    await store.claim({ holder: 'c', now: 0, leaseMs: 60_000, limit: 0 });
    // `n` and `o` are of the holder that is left.
    expect(await keys.names()).toEqual(['c', 'n', 'o']);
    const counters = await clientOf().hgetall(`{${keyPrefix}}.c`);
    expect(counters).toEqual({ q: '3', s: '2', t: '3', bcancelled: '0', bcompleted: '0', bfailed: '0' });
  });

  test('of the messages of a step are those of an outbox, and a step without any has none', async () => {
    const keyPrefix = `test-${randomUUID()}`;
    const store = storeOf(url, { keyPrefix });
    const keys = new Keys(keyPrefix);
    await store.create(execution('e1'));
    await store.commit(step('e1', 1, { messages: [] }));
    expect((await keys.names()).filter((name) => name.startsWith('x'))).toEqual([]);
    await store.commit(step('e1', 2, { messages: [{ key: 'k', content: 'one' }] }));
    await using outbox = new RedisOutboxStore(url, { keyPrefix });
    await outbox.commit({ writes: [], messages: [{ key: 'k', content: 'two' }] });
    const { lanes } = await outbox.claim({ token: 't', leaseMs: 60_000, limit: 9 });
    expect(lanes[0]?.messages.map(({ content }) => content)).toEqual(['one', 'two']);
    expect((await store.outbox.claim({ token: 'u', leaseMs: 60_000, limit: 9 })).lanes).toEqual([]);
  });

  test.skipIf(!real)('take few bytes beside the payloads', async () => {
    const keyPrefix = `test-${randomUUID()}`;
    const store = storeOf(url, { keyPrefix });
    const keys = new Keys(keyPrefix);
    const state = `"${'s'.repeat(398)}"`;
    const id = (n: number): string => `01JD${String(n).padStart(22, '0')}`;
    await Promise.all(times(500).map((n) => store.create(execution(id(n), { state }))));
    const created = await keys.bytes();
    expect(created / 500 - 401).toBeLessThan(800);
    await Promise.all(
      times(500).map((n) =>
        store.commit(step(id(n), 1, { state, status: 'completed', records: [completed(id(n), 0)] })),
      ),
    );
    expect((await keys.bytes()) / 500 - 402).toBeLessThan(1_000);
    const before = await keys.bytes();
    await store.create(execution('fan'));
    const body = `"${'b'.repeat(98)}"`;
    await Promise.all(times(10_000).map((index) => store.record(completed('fan', index, { body }))));
    expect(((await keys.bytes()) - before) / 10_000 - 100).toBeLessThan(150);
  });

  test('begin with the prefix of the client, of the options or of the store, as one hash tag', async () => {
    const [ofClient, ofOptions, own] = [randomUUID(), randomUUID(), randomUUID()];
    const client = clientOf({ keyPrefix: `${ofClient}:` });
    await fiveSteps(storeOf(client), 'e1');
    await fiveSteps(storeOf({ port: Number(new URL(url).port), keyPrefix: `${ofOptions}:` }), 'e1');
    await fiveSteps(storeOf(client, { keyPrefix: own }), 'e1');
    await fiveSteps(storeOf(client, { keyPrefix: `a{${own}}b` }), 'e1');
    for (const prefix of [`{${ofClient}}`, `{${ofOptions}}`, `{${own}}`, `a{${own}}b`])
      expect(await clientOf().keys(`${prefix}.*`)).toHaveLength(6);
    expect(client.status).toBe('ready');
    expect(await client.ping()).toBe('PONG');
  });
});

describe.skipIf(noOwnRedis !== undefined)('a RedisExecutionStore on a cluster', () => {
  test('keeps all keys in one slot', { timeout: 60_000 }, async () => {
    const redis = await new OwnRedis().startCluster();
    releases.push(() => redis.remove());
    const { Cluster } = await import('ioredis');
    const cluster = new Cluster([{ host: '127.0.0.1', port: redis.port }]);
    releases.push(() => cluster.disconnect());
    const store = storeOf(cluster);
    await work(store);
    expect((await store.list({})).items).toHaveLength(3);
    expect((await store.load('e2'))?.counters).toEqual({ work: { done: 20, failed: 0 } });
    expect(await store.records({ executionId: 'e2', node: 'work', limit: 50 })).toHaveLength(21);
    await store.create(execution('told'));
    const messages = [{ key: 'k', content: '1' }, { content: '2' }];
    await store.commit(step('told', 1, { status: 'failed', messages }));
    expect((await store.outbox.stats()).waiting).toBe(2);
    await store.claim({ holder: 'z', now: 0, leaseMs: 60_000, limit: 0 });
    await store.create(execution('let go', { holder: 'z' }));
    await store.release({ executionId: 'let go', holder: 'z', wakeAt: 7 });
    expect(await store.load('let go')).toMatchObject({ seat: undefined, wakeAt: 7 });
    await store.commit(step('let go', 1, { status: 'failed' }));
    await store.prune({ status: ['failed'], finishedBefore: Number.MAX_VALUE, limit: 2 });
    expect((await store.prune({ maxBytes: 0, limit: 9 })).removed.toSorted()).toEqual(['e1', 'e2', 'e3']);
  });
});
