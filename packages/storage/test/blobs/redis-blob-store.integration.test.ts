import { Cluster, Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { RedisBlobStore } from '../../src/blobs/redis-blob-store.js';
import type { RedisBlobStoreOptions } from '../../src/blobs/redis-blob-store.js';
import { OwnRedis, noOwnRedis } from '../../../../scripts/redis/own-redis.js';

const { url } = inject('redis');
const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

function open(
  redis: ConstructorParameters<typeof RedisBlobStore>[0],
  options?: RedisBlobStoreOptions,
): RedisBlobStore {
  const store = new RedisBlobStore(redis, options);
  releases.push(() => store.close());
  return store;
}

function clientOf(options: { readonly keyPrefix?: string } = {}): Redis {
  const client = new Redis({ host: '127.0.0.1', port: Number(new URL(url).port), ...options });
  releases.push(() => client.disconnect());
  return client;
}

async function listed(store: RedisBlobStore, prefix: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const name of store.list(prefix)) names.push(name);
  return names.toSorted();
}

describe('RedisBlobStore', () => {
  test('puts everything under one hash tag, and leaves nothing behind', async () => {
    const keyPrefix = `test-${randomUUID()}`;
    const store = open(url, { keyPrefix });
    await store.put('a/b', 'text');
    await store.put('a/c', 'text');
    const client = clientOf();
    expect((await client.keys(`*${keyPrefix}*`)).toSorted()).toEqual(
      ['blob/a/b', 'blob/a/c', 'blobs'].map((name) => `{${keyPrefix}}.${name}`),
    );
    expect(await client.get(`{${keyPrefix}}.blob/a/b`)).toBe('text');
    expect(await store.remove('a')).toBe(2);
    expect(await client.keys(`*${keyPrefix}*`)).toEqual([]);
  });

  test('takes the prefix of a client, which it neither uses nor closes', async () => {
    const keyPrefix = `test-${randomUUID()}:`;
    const client = clientOf({ keyPrefix });
    const store = open(client);
    await store.put('a', 'text');
    await store.close();
    expect(client.status).toBe('ready');
    expect(await clientOf().keys(`*${keyPrefix.slice(0, -1)}*`)).toHaveLength(2);
    expect(await open(url, { keyPrefix: keyPrefix.slice(0, -1) }).get('a')).toBe('text');
  });

  test('says that Redis cannot be reached, without the payload', async () => {
    const store = open('redis://127.0.0.1:1', { commandTimeoutMs: 200 });
    const failure: unknown = await store.put('a', 'secret text').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'LOOM_STORE_FAILED' });
    expect(JSON.stringify([failure, (failure as Error).cause])).not.toContain('secret');
  });

  test('refuses options that make no sense', () => {
    for (const wrong of [undefined, null, '', 7] as never[])
      expect(() => new RedisBlobStore(wrong)).toThrow(
        expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }),
      );
    expect(() => new RedisBlobStore(url, { commandTimeoutMs: Number.NaN })).toThrow(
      expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }),
    );
  });
});

describe.skipIf(noOwnRedis)(`RedisBlobStore and its server ${noOwnRedis ?? ''}`, () => {
  async function own(): Promise<OwnRedis> {
    const redis = await new OwnRedis().start();
    releases.push(() => redis.remove());
    return redis;
  }

  test('never looks through all keys', async () => {
    const redis = await own();
    const store = open(redis.url);
    await redis.command((client) =>
      client.mset(Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`k${n}`, 'v']))),
    );
    for (let index = 0; index < 20; index += 1) await store.put(`a/${index}/b`, 'text');
    await store.get('a/1/b');
    expect(await listed(store, 'a')).toHaveLength(20);
    expect(await store.remove('a/1')).toBe(1);
    const stats = await redis.command((client) => client.info('commandstats'));
    expect(stats).toContain('cmdstat_zrangebylex');
    expect(stats).not.toMatch(/cmdstat_(?:scan|keys|sscan|zscan|hgetall|zrange:)/);
    // One look for each name and one for the end, and one for what is removed.
    expect(/cmdstat_zrangebylex:calls=(\d+)/.exec(stats)?.[1]).toBe('22');
  });

  test('works on a Redis Cluster', async () => {
    const redis = await new OwnRedis().startCluster();
    releases.push(() => redis.remove());
    const cluster = new Cluster([{ host: '127.0.0.1', port: redis.port }]);
    releases.push(() => cluster.disconnect());
    const store = open(cluster);
    await store.put('a/b/c', 'text');
    await store.put('a/d', 'text');
    expect([await store.get('a/b/c'), await listed(store, 'a')]).toEqual(['text', ['b', 'd']]);
    expect(await store.remove('a')).toBe(2);
    expect(cluster.status).toBe('ready');
  });

  test('says that Redis is full, and removes all the same', async () => {
    const redis = await own();
    const store = open(redis.url);
    await store.put('a/b', 'text');
    await redis.command((client) => client.config('SET', 'maxmemory', '1mb'));
    await expect(store.put('a/c', 'secret')).rejects.toMatchObject({ code: 'LOOM_STORE_FULL' });
    expect(await store.get('a/b')).toBe('text');
    expect(await store.remove('a')).toBe(1);
    await redis.command((client) => client.config('SET', 'maxmemory', '0'));
    await store.put('a/c', 'text');
    expect(await store.get('a/c')).toBe('text');
  });

  test('has everything after its server was killed and started again', async () => {
    const redis = await own();
    await redis.command((client) => client.config('SET', 'appendfsync', 'always'));
    const store = open(redis.url);
    await store.put('a/b', 'text');
    redis.kill();
    await redis.stop();
    await redis.start();
    expect(await store.get('a/b')).toBe('text');
    expect(await listed(store, 'a')).toEqual(['b']);
  });
});
