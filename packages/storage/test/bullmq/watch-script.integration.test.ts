import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { BullMQMessageQueue } from '../../src/bullmq/bullmq-message-queue.js';
import { runScript } from '../../src/bullmq/queue-scripts.js';
import type { OpenRedisClient } from '../../src/bullmq/redis-client.js';
import { watchScript } from '../../src/bullmq/watch-script.js';
import { OwnRedis, noOwnRedis } from '../../../../scripts/redis/own-redis.js';

const { url } = inject('redis');
let client: Redis;
let prefix: string;
beforeEach(() => {
  client = new Redis(url);
  prefix = `test-${randomUUID()}`;
});
afterEach(() => client.disconnect());

/** Queues that nobody consumes, by name, each with the longest time to the next look. */
function look(
  queues: Readonly<Record<string, number>>,
  { now = Date.now(), on = client } = {},
): Promise<unknown> {
  const names = Object.keys(queues);
  const keys = names.map((name) => `${prefix}:${name}:active`);
  const args = [names.length, ...keys, now, (now + 1) * 0x1000 - 1, ...Object.values(queues)];
  return runScript(on as unknown as OpenRedisClient, watchScript, args);
}

/** A job that somebody has, for as long as its lock lasts; without one his process died. */
async function activate(queue: string, id: string, lockMs?: number, on = client): Promise<void> {
  const key = (type: string): string => `${prefix}:${queue}:${type}`;
  await on.hset(key(id), 'data', '1');
  await on.lpush(key('active'), id);
  if (lockMs !== undefined) await on.set(key(`${id}:lock`), 'owner', 'PX', lockMs);
}

describe('The look for dead processes', () => {
  test('makes ready what has no lock, and says when the next lock ends', async () => {
    await activate('a', '1', 30_000);
    await activate('a', '2');
    await activate('b', '3', 20_000);
    await activate('b', '4');
    await activate('b', '5');
    const [leftMs, found] = (await look({ a: 60_000, b: 60_000 })) as [number, number[]];
    expect(found).toEqual([1, 1, 2, 1]);
    expect(leftMs).toBeGreaterThan(10_000);
    expect(leftMs).toBeLessThanOrEqual(20_000);
    expect(await client.lrange(`${prefix}:a:active`, 0, -1)).toEqual(['1']);
    // The one that was taken first is the next.
    expect(await client.lrange(`${prefix}:b:wait`, 0, -1)).toEqual(['5', '4']);
    expect(await client.hget(`${prefix}:b:4`, 'stc')).toBe('1');
    expect(await client.zcard(`${prefix}:b:marker`)).toBe(1);
  });

  test('is left to one process until the next lock ends, but for those who cannot wait so long', async () => {
    await activate('a', '1', 30_000);
    await look({ a: 60_000 });
    await activate('a', '2');
    const [leftMs, found] = (await look({ a: 60_000 })) as [number, number[]];
    expect(found).toEqual([0, 0]);
    expect(leftMs).toBeGreaterThan(10_000);
    expect(leftMs).toBeLessThanOrEqual(30_000);
    // The lock of somebody whose leases are shorter may end before.
    expect(await look({ a: 4_000 })).toEqual([4_000, [1, 1]]);
    expect(await client.pttl(`${prefix}:a:watched`)).toBeLessThanOrEqual(4_000);
  });

  test('forgets a job that is not there any more', async () => {
    await activate('a', '1');
    await client.del(`${prefix}:a:1`);
    expect(await look({ a: 60_000 })).toEqual([60_000, [0, 0]]);
    expect(await client.keys(`${prefix}:a:{active,wait,1}`)).toEqual([]);
  });

  test('sees what could be taken, and nothing of a queue that is paused', async () => {
    const queue = new BullMQMessageQueue(url, { prefix });
    const group = { key: 'k' };
    await queue.send('ready', [{ body: 1 }]);
    await queue.send('later', [{ body: 1, delayMs: 60_000 }]);
    await queue.send('grouped', [{ body: 1, group }]);
    await queue.send('paused', [{ body: 1 }, { body: 2, group }]);
    await queue.pause('paused');
    await queue.close();
    const queues = { empty: 1_000, ready: 1_000, later: 1_000, grouped: 1_000, paused: 1_000 };
    expect(await look(queues)).toEqual([1_000, [0, 0, 0, 1, 0, 0, 0, 1, 0, 0]]);
    const due = await look(queues, { now: Date.now() + 60_001 });
    expect(due).toEqual([1_000, [0, 0, 0, 1, 0, 1, 0, 1, 0, 0]]);
    const later = `${prefix}:grouped:groups:later`;
    await client.del(`${prefix}:grouped:groups`);
    await client.zadd(later, Date.now() + 30_000, 'k');
    expect(await look({ grouped: 1_000 })).toEqual([1_000, [0, 0]]);
    expect(await look({ grouped: 1_000 }, { now: Date.now() + 30_001 })).toEqual([1_000, [0, 1]]);
  });

  test.skipIf(noOwnRedis !== undefined)('works on a server that has no memory left', async () => {
    const redis = await new OwnRedis().start();
    const own = new Redis(redis.url);
    try {
      await activate('a', '1', undefined, own);
      await activate('b', '2', 60_000, own);
      await own.config('SET', 'maxmemory', '1mb');
      await expect(own.set('x', 'y')).rejects.toThrow(/OOM/);
      expect(await look({ a: 1_000 }, { on: own })).toEqual([1_000, [1, 1]]);
      expect(await look({ b: 1_000 }, { on: own })).toEqual([1_000, [0, 0]]);
    } finally {
      own.disconnect();
      await redis.remove();
    }
  });
});
