import { isLoomError } from '@certoai/loom-core';
import type { Delivery } from '@certoai/loom-core';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BullMQMessageQueue } from '../../src/bullmq/bullmq-message-queue.js';
import { OwnRedis, noOwnRedis } from '../../../../scripts/redis/own-redis.js';

if (noOwnRedis) console.warn(`redis-outage.integration.test.ts is skipped: ${noOwnRedis}`);

const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

async function openOwn(): Promise<{ readonly redis: OwnRedis; readonly queue: BullMQMessageQueue }> {
  const redis = await new OwnRedis().start();
  releases.push(() => redis.remove());
  const queue = new BullMQMessageQueue(redis.url);
  releases.push(() => queue.close());
  return { redis, queue };
}

/** Sends until told to stop, and knows what the server has confirmed. */
class Sender {
  readonly confirmed = new Set<number>();
  #next = 0;
  #stopped = false;

  constructor(queue: BullMQMessageQueue) {
    void this.#run(queue);
  }
  stop(): void {
    this.#stopped = true;
  }
  async #run(queue: BullMQMessageQueue): Promise<void> {
    while (!this.#stopped) {
      const body = this.#next++;
      await queue.send('orders', [{ body }]).then(
        () => this.confirmed.add(body),
        () => wait(50),
      );
      await wait(2);
    }
  }
}

/** Everything that was confirmed arrives, whatever happens in between. */
async function survives(disturb: (redis: OwnRedis) => Promise<void>): Promise<void> {
  const { redis, queue } = await openOwn();
  const handled = new Set<unknown>();
  await queue.consume('orders', async ({ body }) => void handled.add(body), {
    concurrency: 10,
    leaseMs: 2_000,
  });
  const sender = new Sender(queue);
  await wait(500);
  await disturb(redis);
  const confirmedBefore = sender.confirmed.size;
  await vi.waitFor(() => expect(sender.confirmed.size).toBeGreaterThan(confirmedBefore + 20), {
    timeout: 20_000,
  });
  sender.stop();
  await vi.waitFor(() => expect([...sender.confirmed].filter((body) => !handled.has(body))).toEqual([]), {
    timeout: 20_000,
  });
  await vi.waitFor(
    async () =>
      expect(await queue.stats('orders')).toMatchObject({ ready: 0, delayed: 0, active: 0, dead: 0 }),
    {
      timeout: 20_000,
    },
  );
}

describe.skipIf(noOwnRedis !== undefined)('BullMQMessageQueue and a Redis that comes and goes', () => {
  test('goes on when the server is killed and started again with its data', { timeout: 60_000 }, () =>
    survives(async (redis) => {
      redis.kill();
      await redis.stop();
      await wait(3_000);
      await redis.start();
    }),
  );

  test('goes on when the server stops answering for longer than a lease', { timeout: 60_000 }, () =>
    survives(async (redis) => {
      redis.freeze();
      await wait(5_000);
      redis.thaw();
    }),
  );

  test('goes on when the server was a replica for a while', { timeout: 60_000 }, () =>
    survives(async (redis) => {
      await redis.command((client) => client.call('REPLICAOF', '127.0.0.1', '1'));
      await wait(1_000);
      await redis.command((client) => client.call('REPLICAOF', 'NO', 'ONE'));
    }),
  );

  test('goes on when all connections are cut again and again', { timeout: 60_000 }, () =>
    survives(async (redis) => {
      for (let round = 0; round < 10; round += 1) {
        await redis.command((client) => client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
        await wait(100);
      }
    }),
  );

  test(
    'handles what is there when the server has no memory left, while it refuses to send',
    { timeout: 60_000 },
    async () => {
      const { redis, queue } = await openOwn();
      await queue.send('orders', [{ body: 'first', priority: 1 }, { body: 'second' }, { body: 'third' }]);
      await redis.command((client) => client.config('SET', 'maxmemory', '1mb'));
      const big = { text: 'x'.repeat(10_000) };
      const refusals = await Promise.all(
        [1, 2].map((count) =>
          queue
            .send(
              'big',
              Array.from({ length: count }, () => ({ body: big })),
            )
            .catch((error: unknown) => error),
        ),
      );
      expect(refusals.every((refusal) => isLoomError(refusal, 'LOOM_QUEUE_FULL'))).toBe(true);
      const handled: unknown[] = [];
      const handler = async ({ body, attempt }: Delivery): Promise<void> => {
        // Longer than a lease, which must be renewed without memory too.
        if (body === 'first') await wait(1_500);
        handled.push([body, attempt]);
      };
      await queue.consume('orders', handler, { leaseMs: 1_000 });
      await vi.waitFor(
        () =>
          expect(handled).toEqual([
            ['first', 1],
            ['second', 1],
            ['third', 1],
          ]),
        { timeout: 10_000 },
      );
      const before = processed(await redis.command((client) => client.info('stats')));
      await wait(1_000);
      const after = processed(await redis.command((client) => client.info('stats')));
      expect(after - before, 'commands in a second without memory and without work').toBeLessThan(100);
      await redis.command((client) => client.config('SET', 'maxmemory', '0'));
      await queue.send('orders', [{ body: 'after' }]);
      await vi.waitFor(() => expect(handled.at(-1)).toEqual(['after', 1]), { timeout: 10_000 });
      expect((await queue.stats('big')).ready).toBe(0);
    },
  );

  test(
    'refuses calls when there is no server, and works when there is one',
    { timeout: 60_000 },
    async () => {
      const { redis, queue } = await openOwn();
      await redis.stop();
      const refusal = await queue.send('orders', [{ body: 1 }]).catch((error: unknown) => error);
      expect(isLoomError(refusal, 'LOOM_STORE_FAILED') && refusal.message).toMatch(/could not be reached/);
      await redis.start();
      expect(await queue.send('orders', [{ body: 1 }])).toHaveLength(1);
    },
  );

  test('closes while the server is away', { timeout: 60_000 }, async () => {
    const { redis, queue } = await openOwn();
    await queue.consume('orders', async () => {});
    await queue.send('orders', [{ body: 1 }]);
    redis.freeze();
    releases.push(() => redis.thaw());
    await wait(100);
    // The server answers nothing until this test is over: closing does not wait for it.
    await queue.close();
    await expect(queue.stats('orders')).rejects.toMatchObject({ code: 'LOOM_CLOSED' });
  });
});

function processed(stats: string): number {
  return Number(/total_commands_processed:(\d+)/.exec(stats)?.[1]);
}
