import { silentLogger } from '@certoai/loom-core';
import type { ActorInstance, InstanceRegistry } from '@certoai/loom-core';
import { RedisInstanceRegistry } from '@certoai/loom-storage/redis';
import { Cluster, Redis } from 'ioredis';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { OwnRedis, noOwnRedis } from '../../../../scripts/redis/own-redis.js';

if (noOwnRedis) console.warn(`redis-instance-registry.integration.test.ts is partly skipped: ${noOwnRedis}`);

const { url } = inject('redis');
const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

function open(...args: ConstructorParameters<typeof RedisInstanceRegistry>): RedisInstanceRegistry {
  const registry = new RedisInstanceRegistry(...args);
  releases.push(() => registry.close());
  return registry;
}

async function own(): Promise<OwnRedis> {
  const redis = await new OwnRedis().start();
  releases.push(() => redis.remove());
  return redis;
}

function instance(id: string, fields: Partial<ActorInstance> = {}): ActorInstance {
  const actors = [{ type: 'mailer', version: '1.0.0', capabilities: [], tags: [] }];
  const slots = { used: 0, total: 10 };
  return {
    id,
    worker: 'w',
    actors,
    labels: {},
    capabilities: [],
    status: 'ready',
    slots,
    startedAt: 0,
    ...fields,
  };
}

/** What a watch has told, put together. */
async function follow(registry: InstanceRegistry): Promise<Map<string, ActorInstance>> {
  const there = new Map((await registry.list()).map((one) => [one.id, one]));
  await registry.watch((change) => {
    if (change.kind === 'gone') there.delete(change.instance.id);
    else there.set(change.instance.id, change.instance);
  });
  return there;
}

function idsOf(instances: readonly ActorInstance[]): readonly string[] {
  return instances.map(({ id }) => id);
}

async function scriptsRun(redis: OwnRedis): Promise<number> {
  const stats = await redis.command((client) => client.info('commandstats'));
  return [...stats.matchAll(/cmdstat_eval\w*:calls=(\d+)/g)].reduce(
    (sum, [, calls]) => sum + Number(calls),
    0,
  );
}

describe.skipIf(noOwnRedis !== undefined)('RedisInstanceRegistry on a server of its own', () => {
  test('makes one call for each of ours, and none of its own unless somebody watches', async () => {
    const redis = await own();
    const registry = open(redis.url, { leaseMs: 300 });
    await registry.register(instance('a'));
    await registry.heartbeat('a');
    await redis.command((client) => client.config('RESETSTAT'));
    for (let beat = 0; beat < 10; beat++) await registry.heartbeat('a', { slots: { used: beat, total: 10 } });
    await registry.register(instance('b'));
    expect(await scriptsRun(redis)).toBe(11);
    await wait(1_000);
    expect(await scriptsRun(redis)).toBe(11);
    const end = await registry.watch(() => {});
    await redis.command((client) => client.config('RESETSTAT'));
    await wait(3_000);
    const looks = await scriptsRun(redis);
    expect(looks).toBeGreaterThan(0);
    expect(looks).toBeLessThanOrEqual(10);
    end();
    await redis.command((client) => client.config('RESETSTAT'));
    await wait(1_000);
    expect(await scriptsRun(redis)).toBe(0);
  });

  test('tells of what happened while the connection that listens was cut', { timeout: 60_000 }, async () => {
    const redis = await own();
    const [here, there] = [open(redis.url, { leaseMs: 5_000 }), open(redis.url, { leaseMs: 5_000 })];
    const told = await follow(there);
    for (let round = 0; round < 20; round++) {
      const cut = redis.command((client) => client.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
      await here.register(instance(`r${round}`));
      await here.heartbeat(`r${round - 1}`, { status: 'draining' });
      await here.register(instance('again', { startedAt: round }));
      if (round % 3 === 0) await here.deregister(`r${round - 2}`);
      await cut;
    }
    const expected = new Map((await here.list()).map((one) => [one.id, one]));
    expect(expected.size).toBeGreaterThan(10);
    await vi.waitFor(() => expect(told).toEqual(expected), { timeout: 20_000 });
  });

  test('tells of what went when the server lost everything, and goes on', { timeout: 60_000 }, async () => {
    const redis = await own();
    const registry = open(redis.url, { leaseMs: 400 });
    for (let n = 0; n < 5; n++) await registry.register(instance('a', { startedAt: n }));
    const told = await follow(registry);
    await redis.command((client) => client.flushall());
    await vi.waitFor(() => expect([...told]).toEqual([]), { timeout: 10_000 });
    expect(await registry.heartbeat('a')).toEqual({ known: false });
    await registry.register(instance('b'));
    await vi.waitFor(() => expect([...told.keys()]).toEqual(['b']), { timeout: 10_000 });
  });

  test('keeps instances and watches through a restart of the server', { timeout: 60_000 }, async () => {
    const redis = await own();
    const registry = open(redis.url, { leaseMs: 60_000 });
    await registry.register(instance('a'));
    const told = await follow(registry);
    await redis.stop();
    await redis.start();
    expect(await registry.heartbeat('a', { status: 'draining' })).toEqual({ known: true });
    await vi.waitFor(() => expect(told.get('a')?.status).toBe('draining'), { timeout: 20_000 });
    expect(idsOf(await registry.list({ actorType: 'mailer' }))).toEqual(['a']);
  });

  test('keeps workers known when the server has no memory left', { timeout: 60_000 }, async () => {
    const redis = await own();
    const registry = open(redis.url, { leaseMs: 60_000 });
    await registry.register(instance('a'));
    await redis.command((client) => client.config('SET', 'maxmemory', '1mb'));
    await expect(redis.command((client) => client.set('key', 'value'))).rejects.toThrow('OOM');
    expect(await registry.heartbeat('a', { status: 'draining' })).toEqual({ known: true });
    expect(await registry.register(instance('b'))).toEqual({ replaced: false });
    expect(idsOf(await registry.list())).toEqual(['a', 'b']);
  });

  test('lets a user register who may not publish, and refuses to let one watch who may not subscribe', async () => {
    const redis = await own();
    await redis.command((client) =>
      client.call('ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '+@all', 'resetchannels'),
    );
    const registry = open(redis.url, { ...{ username: 'limited', password: 'secret' }, leaseMs: 60_000 });
    const limited = open(redis.url.replace('//', '//limited:secret@'));
    await limited.register(instance('a'));
    expect(idsOf(await registry.list())).toEqual(['a']);
    await expect(limited.watch(() => {})).rejects.toMatchObject({ code: 'LOOM_STORE_FAILED' });
    await limited.deregister('a');
    expect(await registry.list()).toEqual([]);
  });

  test('works in a cluster', { timeout: 60_000 }, async () => {
    const redis = await new OwnRedis().startCluster();
    releases.push(() => redis.remove());
    const client = new Cluster([{ host: '127.0.0.1', port: redis.port }]);
    releases.push(() => client.disconnect());
    const registry = open(client);
    const told = await follow(registry);
    await registry.register(instance('a'));
    await registry.heartbeat('a', { status: 'draining' });
    await vi.waitFor(() => expect(told.get('a')?.status).toBe('draining'));
    expect(idsOf(await registry.list({ actorType: 'mailer' }))).toEqual(['a']);
    await registry.deregister('a');
    await vi.waitFor(() => expect(told.size).toBe(0));
  });

  test(
    'refuses calls while there is no server, and works when there is one',
    { timeout: 60_000 },
    async () => {
      const redis = await own();
      await redis.stop();
      const registry = open(redis.url, { logger: silentLogger });
      const calls = [registry.register(instance('a')), registry.list(), registry.watch(() => {})];
      const settled = await Promise.allSettled(calls);
      expect(settled).toMatchObject(
        calls.map(() => ({ status: 'rejected', reason: { code: 'LOOM_STORE_FAILED' } })),
      );
      await redis.start();
      const told = await follow(registry);
      await registry.register(instance('a'));
      await vi.waitFor(() => expect([...told.keys()]).toEqual(['a']));
    },
  );
});

test('puts its keys behind the prefix of the client it was given', async () => {
  const client = new Redis(url, { keyPrefix: 'of-client:' });
  releases.push(() => client.disconnect());
  const registry = open(client, { leaseMs: 500 });
  await registry.register(instance('a'));
  const plain = new Redis(url);
  releases.push(() => plain.disconnect());
  expect(await plain.exists('{of-client}.instances')).toBe(1);
  expect(client.status).toBe('ready');
});

test.each([0, -1, 1.5, Number.NaN, Infinity])('refuses a lease of %s', (leaseMs) => {
  expect(() => new RedisInstanceRegistry(url, { leaseMs })).toThrow(
    `leaseMs is ${leaseMs}; give a whole number, 1 or more.`,
  );
});

test('has a lease of 15 seconds by default, also for an explicit undefined', () => {
  expect(new RedisInstanceRegistry(url, { leaseMs: undefined }).leaseMs).toBe(15_000);
});

test('ends watches by their signal, before, while and after they begin', async () => {
  const registry = open(url, { keyPrefix: `test-${process.pid}-signals` });
  const reason = new Error('enough');
  await expect(registry.watch(() => {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const controller = new AbortController();
  const watching = registry.watch(() => {}, { signal: controller.signal });
  controller.abort(reason);
  await expect(watching).rejects.toBe(reason);
  const beginning = registry.watch(() => {});
  await registry.close();
  await expect(beginning).rejects.toMatchObject({ code: expect.stringMatching(/^LOOM_/) as string });
});
