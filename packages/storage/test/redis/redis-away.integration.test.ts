import { inspect } from 'node:util';
import { isLoomError } from '@certoai/loom-core';
import type { ExecutionStore, LoomErrorCode } from '@certoai/loom-core';
import { ManualClock } from '@certoai/loom-core/testing';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import type { RedisExecutionStoreOptions } from '@certoai/loom-storage/redis';
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { OwnRedis, noOwnRedis } from '../../../../scripts/redis/own-redis.js';
import { completed, execution, fiveSteps, step, times } from '../embedded/executions.js';

if (noOwnRedis) console.warn(`redis-away.integration.test.ts is partly skipped: ${noOwnRedis}`);

const { url } = inject('redis');
const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

async function openOwn(
  options?: RedisExecutionStoreOptions,
): Promise<{ redis: OwnRedis; store: ExecutionStore }> {
  const redis = await new OwnRedis().start();
  releases.push(() => redis.remove());
  const store = new RedisExecutionStore(redis.url, options);
  releases.push(() => store.close());
  await store.create(execution('e1'));
  return { redis, store };
}

async function failure(promise: Promise<unknown>, code: LoomErrorCode): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(isLoomError(error, code), String(error)).toBe(true);
  return error as Error;
}

describe.skipIf(noOwnRedis !== undefined)('RedisExecutionStore and a Redis that comes and goes', () => {
  test('waits for a server that starts again with its data', { timeout: 60_000 }, async () => {
    const { redis, store } = await openOwn();
    const holder = { holder: 'a', now: 0, leaseMs: 3_600_000, limit: 9 };
    expect((await store.claim(holder)).ids).toEqual(['e1']);
    await store.record(completed('e1', 0));
    redis.kill();
    await redis.stop();
    const waiting = [store.record(completed('e1', 1)), store.commit(step('e1', 1))];
    await redis.start();
    expect(await Promise.all(waiting)).toEqual([
      { accepted: true, counters: { done: 2, failed: 0 } },
      { committed: true, version: 2 },
    ]);
    expect(await store.claim(holder)).toMatchObject({ ids: [], renewed: true, seat: 0 });
    expect(await store.record(completed('e1', 0))).toEqual({ accepted: false, reason: 'duplicate' });
  });

  test('gives up after a while, says why, and does not repeat payloads', { timeout: 60_000 }, async () => {
    const clock = new ManualClock();
    const { redis, store } = await openOwn({ clock });
    await redis.stop();
    const secret = '"a payload"';
    const calls = [
      store.create(execution('e2', { input: secret, holder: 'a' })),
      store.record(completed('e1', 0, { body: secret })),
      store.commit(step('e1', 1, { state: secret })),
      store.load('e1'),
      store.claim({ holder: 'a', now: 0, leaseMs: 1, limit: 1 }),
    ].map((call) => failure(call, 'LOOM_STORE_FAILED'));
    // The connection has to be seen to be gone, and a new one to be refused.
    await vi.waitFor(async () => {
      await clock.advance(1_000);
      expect(clock.pendingTimers).toBe(0);
    });
    for (const error of await Promise.all(calls)) {
      expect(error.message).toMatch(/Check that Redis runs/);
      expect(inspect(error, { depth: 9 })).not.toContain('a payload');
    }
    await redis.start();
    expect((await store.load('e1'))?.version).toBe(1);
  });

  test(
    'gives up on a server that does not answer, and goes on when it does',
    { timeout: 60_000 },
    async () => {
      const { redis, store } = await openOwn({ commandTimeoutMs: 1_000 });
      redis.freeze();
      try {
        await failure(store.record(completed('e1', 0)), 'LOOM_STORE_FAILED');
      } finally {
        redis.thaw();
      }
      await vi.waitFor(async () => expect((await store.load('e1'))?.id).toBe('e1'), { timeout: 20_000 });
      expect((await store.record(completed('e1', 1))).accepted).toBe(true);
    },
  );

  test('says that the server is full, and makes room', { timeout: 60_000 }, async () => {
    const { redis, store } = await openOwn();
    await fiveSteps(store, 'finished');
    await store.claim({ holder: 'a', now: 0, leaseMs: 60_000, limit: 9 });
    await redis.command((client) => client.config('SET', 'maxmemory', '1'));
    const calls = [
      store.create(execution('e2')),
      store.record(completed('e1', 0)),
      store.commit(step('e1', 1)),
    ];
    for (const call of calls) {
      const { message } = await failure(call, 'LOOM_STORE_FULL');
      expect(message).toMatch(/Raise maxmemory/);
    }
    expect(await store.load('e1')).toMatchObject({ version: 1, counters: {}, seat: 0 });
    expect((await store.claim({ holder: 'a', now: 0, leaseMs: 60_000, limit: 9 })).renewed).toBe(true);
    expect((await store.claim({ holder: 'b', now: 0, leaseMs: 60_000, limit: 9 })).seat).toBe(1);
    expect(await store.prune({ maxBytes: 0, limit: 9 })).toEqual({ removed: ['finished'] });
    await store.release({ executionId: 'e1', holder: 'a', wakeAt: 5 });
    expect(await store.load('e1')).toMatchObject({ seat: undefined, wakeAt: 5 });
    await store.leave('a');
    await redis.command((client) => client.config('SET', 'maxmemory', '0'));
    expect((await store.commit(step('e1', 1))).committed).toBe(true);
  });

  test('waits for a failover to end, for a while', { timeout: 60_000 }, async () => {
    const { redis, store } = await openOwn({ commandTimeoutMs: 1_000 });
    await redis.command((client) => client.replicaof('127.0.0.1', 1));
    const { message } = await failure(store.commit(step('e1', 1)), 'LOOM_STORE_FAILED');
    expect(message).toMatch(/replica/);
    const patient = new RedisExecutionStore(redis.url, { commandTimeoutMs: 40_000 });
    releases.push(() => patient.close());
    const committing = patient.commit(step('e1', 1));
    await patient.load('e1');
    await redis.command((client) => client.replicaof('NO', 'ONE'));
    expect(await committing).toEqual({ committed: true, version: 2 });
  });

  test('sends its scripts to a server that has lost them', { timeout: 60_000 }, async () => {
    const { redis, store } = await openOwn();
    for (const n of times(3)) {
      await redis.command((client) => client.script('FLUSH'));
      expect((await store.commit(step('e1', n + 1))).committed).toBe(true);
    }
  });

  test('closes while the server is away', { timeout: 60_000 }, async () => {
    const clock = new ManualClock();
    const { redis, store } = await openOwn({ clock });
    await redis.stop();
    const loading = failure(store.load('e1'), 'LOOM_STORE_FAILED');
    const closing = store.close();
    await vi.waitFor(async () => {
      await clock.advance(1_000);
      expect(clock.pendingTimers).toBe(0);
    });
    await Promise.all([loading, closing]);
    await failure(store.load('e1'), 'LOOM_CLOSED');
  });
});

describe('RedisExecutionStore', () => {
  test('says why a server that was never there cannot be reached', async () => {
    const clock = new ManualClock();
    const store = new RedisExecutionStore({ host: '127.0.0.1', port: 1 }, { clock });
    releases.push(() => store.close());
    const loading = failure(store.load('e1'), 'LOOM_STORE_FAILED');
    await new Promise((resolve) => setTimeout(resolve, 0));
    await vi.waitFor(async () => {
      await clock.advance(1_000);
      expect(clock.pendingTimers).toBe(0);
    });
    expect((await loading).message).toContain('Check that Redis runs');
  });

  test('lets a lease end by the clock of the server', async () => {
    const store = new RedisExecutionStore(url, { keyPrefix: `test-${Math.random()}` });
    releases.push(() => store.close());
    await store.claim({ holder: 'a', now: 0, leaseMs: 50, limit: 0 });
    await store.create(execution('e1', { holder: 'a' }));
    const taken: string[] = [];
    await vi.waitFor(async () => {
      taken.push(...(await store.claim({ holder: 'b', now: 0, leaseMs: 60_000, limit: 9 })).ids);
      expect(taken).toEqual(['e1']);
    });
    expect((await store.claim({ holder: 'a', now: 0, leaseMs: 50, limit: 0 })).renewed).toBe(false);
  });

  test('opens no connection before it is needed, and closes what it never opened', async () => {
    await new RedisExecutionStore({ host: '127.0.0.1', port: 1 }).close();
  });

  test.each([
    [[7 as never], /redis/],
    [[''], /redis/],
    [[url, { keyPrefix: '' }], /prefix/],
    ...[0, 99, 100.5, -1, Number.NaN, Number.POSITIVE_INFINITY].map((commandTimeoutMs) => [
      [url, { commandTimeoutMs }],
      /commandTimeoutMs/,
    ]),
  ] as [ConstructorParameters<typeof RedisExecutionStore>, RegExp][])('refuses %j', (args, pattern) => {
    let thrown: unknown;
    try {
      new RedisExecutionStore(...args);
    } catch (error) {
      thrown = error;
    }
    expect(isLoomError(thrown, 'LOOM_INVALID_OPTION') && thrown.message).toMatch(pattern);
  });
});
