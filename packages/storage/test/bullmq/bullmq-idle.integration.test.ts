import type { Consumer } from '@certoai/loom-core';
import { Redis } from 'ioredis';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BullMQMessageQueue } from '../../src/bullmq/bullmq-message-queue.js';
import { leaseTimes } from '../../src/bullmq/lease-times.js';
import { OwnRedis, noOwnRedis } from '../../../../scripts/redis/own-redis.js';

const names = Array.from({ length: 20 }, (_, index) => `queue-${index}`);
const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

interface Opened {
  readonly redis: OwnRedis;
  readonly queue: BullMQMessageQueue;
  readonly admin: Redis;
}

async function open(): Promise<Opened> {
  const redis = await new OwnRedis().start();
  const queue = new BullMQMessageQueue(redis.url);
  const admin = new Redis(redis.url);
  releases.push(
    () => redis.remove(),
    () => admin.disconnect(),
    () => queue.close(),
  );
  return { redis, queue, admin };
}

/** How many clients wait on the server. */
async function blocked(admin: Redis): Promise<number> {
  return Number(/blocked_clients:(\d+)/.exec(await admin.info('clients'))?.[1]);
}

describe.skipIf(noOwnRedis !== undefined)('Idle consumers of BullMQMessageQueue', () => {
  test('make fewer than 25 commands a minute together, on 20 queues', { timeout: 60_000 }, async () => {
    const { queue, admin } = await open();
    for (const name of names) await queue.consume(name, async () => {});
    await wait(1_000);
    await admin.config('RESETSTAT');
    const seconds = 20;
    await wait(seconds * 1_000);
    const calls = callsIn(await admin.info('commandstats'));
    const lookEveryMs = leaseTimes(5_000).lookEveryMs;
    expect(calls.get('exists'), 'looks').toBeGreaterThan(0);
    expect(calls.get('exists'), 'looks').toBeLessThanOrEqual(Math.ceil((seconds * 1_000) / lookEveryMs));
    calls.delete('exists');
    expect(
      [...calls.keys()].filter((name) => name !== 'bzpopmin'),
      'other commands',
    ).toEqual([]);
    expect(calls.get('bzpopmin') ?? 0, 'questions').toBeLessThanOrEqual(1);
  });

  test('share one connection to wait on, which goes with the last of them', { timeout: 30_000 }, async () => {
    const { queue, admin } = await open();
    const consumers: Consumer[] = [];
    for (const name of names) consumers.push(await queue.consume(name, async () => {}));
    await vi.waitFor(async () => expect(await blocked(admin)).toBe(1), { timeout: 5_000 });
    const connections = async (): Promise<number> =>
      String(await admin.client('LIST'))
        .trim()
        .split('\n').length;
    // This test's, and those to send, to work and to wait.
    expect(await connections()).toBe(4);
    await Promise.all(consumers.map((consumer) => consumer.close()));
    await vi.waitFor(async () => expect(await connections()).toBe(3), { timeout: 5_000 });
    const seen: unknown[] = [];
    await queue.consume('queue-0', async ({ body }) => void seen.push(body));
    await queue.send('queue-0', [{ body: 'after a pause' }]);
    await vi.waitFor(() => expect(seen).toEqual(['after a pause']), { timeout: 5_000 });
  });

  test('are told of work on a queue that joined while they waited, and hear nothing of one that left', async () => {
    const { queue, admin } = await open();
    const seen: unknown[] = [];
    const take = async ({ body }: { readonly body: unknown }): Promise<void> => void seen.push(body);
    // A lease that long makes no looks that could find the messages instead.
    const options = { leaseMs: 3_600_000 };
    await queue.consume('first', take, options);
    await vi.waitFor(async () => expect(await blocked(admin)).toBe(1), { timeout: 5_000 });
    const second = await queue.consume('second', take, options);
    const third = await queue.consume('third', take, options);
    await wait(200);
    for (const [index, name] of ['second', 'third', 'first'].entries()) {
      await queue.send(name, [{ body: index }]);
      await vi.waitFor(() => expect(seen.at(-1)).toBe(index), { timeout: 5_000 });
    }
    await Promise.all([second.close(), third.close()]);
    await wait(200);
    const questions = async (): Promise<number | undefined> =>
      callsIn(await admin.info('commandstats')).get('bzpopmin');
    const before = await questions();
    await queue.send('second', [{ body: 4 }]);
    await wait(200);
    expect(await questions(), 'questions answered by what left').toBe(before);
    await queue.send('first', [{ body: 5 }]);
    await vi.waitFor(() => expect(seen.at(-1)).toBe(5), { timeout: 5_000 });
    await wait(200);
    // Whoever consumes it elsewhere is told, because nobody here took its marker.
    expect(await admin.zcard('loom:second:marker')).toBe(1);
    expect((await queue.stats('second')).ready).toBe(1);
    expect(seen).toHaveLength(4);
  });

  test('leave the messages of a full consumer to those of other processes', { timeout: 30_000 }, async () => {
    const { redis, queue } = await open();
    const other = new BullMQMessageQueue(redis.url);
    releases.push(() => other.close());
    const seen: unknown[] = [];
    const options = { leaseMs: 3_600_000 };
    let full = 0;
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    releases.push(() => end());
    for (const name of ['a', 'b']) {
      const handler = async (): Promise<void> => {
        full += 1;
        await ended;
      };
      await queue.consume(name, handler, options);
      await queue.send(name, [{ body: 'keeps it busy' }]);
    }
    await vi.waitFor(() => expect(full).toBe(2), { timeout: 5_000 });
    for (const name of ['a', 'b'])
      await other.consume(name, async ({ body }) => void seen.push(`${name} ${body as number}`), options);
    for (let round = 0; round < 20; round += 1) {
      await queue.send('a', [{ body: round }]);
      await queue.send('b', [{ body: round }]);
      await vi.waitFor(() => expect(seen).toHaveLength((round + 1) * 2), { timeout: 5_000 });
    }
  });
});

/** Calls by command, those inside scripts as well, but those of the test. */
function callsIn(stats: string): Map<string, number> {
  const lines = [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)];
  return new Map(
    lines
      .map(([, name = '', calls]): [string, number] => [name, Number(calls)])
      .filter(([name]) => !/config|info/.test(name)),
  );
}
