import type { Delivery } from '@certoai/loom-core';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { BullMQMessageQueue } from '../../src/bullmq/bullmq-message-queue.js';
import { ChildProgram } from '../child-program.js';
import { OwnRedis, noOwnRedis } from '../../../../scripts/redis/own-redis.js';

const { url } = inject('redis');
const groupConsumer = new URL('./programs/group-consumer.ts', import.meta.url);
const idle = { waiting: 0, active: 0, openAt: null };
const serial = { key: 'a', concurrency: 1 };
const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

interface Opened {
  readonly queue: BullMQMessageQueue;
  readonly prefix: string;
  readonly client: Redis;
}

function open(prefix = `test-${randomUUID()}`): Opened {
  const queue = new BullMQMessageQueue(url, { prefix });
  const client = new Redis(url);
  releases.push(
    () => client.disconnect(),
    () => queue.close(),
  );
  return { queue, prefix, client };
}

async function untilEmpty(queue: BullMQMessageQueue): Promise<void> {
  await vi.waitFor(
    async () =>
      expect(await queue.stats('orders')).toMatchObject({ ready: 0, delayed: 0, active: 0, dead: 0 }),
    { timeout: 60_000, interval: 50 },
  );
}

/** Handlers that end when they are told to. */
class Held {
  readonly seen: Delivery[] = [];
  readonly #resolves: (() => void)[] = [];
  readonly handler = (delivery: Delivery): Promise<void> => {
    this.seen.push(delivery);
    return new Promise((resolve) => this.#resolves.push(resolve));
  };
  release(): void {
    for (const resolve of this.#resolves.splice(0)) resolve();
  }
}

describe('Groups of BullMQMessageQueue', () => {
  test(
    'holds all processes to the limits of a key, gives small keys their turn, and loses no place to a kill -9',
    { timeout: 120_000 },
    async () => {
      const { queue, prefix, client } = open();
      const note = (what: string): string => `${prefix}:test:${what}`;
      const sizes = { big: 1_000, small: 10, other: 10 };
      for (const [key, size] of Object.entries(sizes)) {
        const group = { key, concurrency: 2 };
        await queue.send(
          'orders',
          Array.from({ length: size }, (_, n) => ({ body: { key, n }, group })),
        );
      }
      const children = ['first', 'second', 'third'].map((name) => ({
        name,
        program: new ChildProgram(groupConsumer, [url, prefix, name, '2']),
      }));
      for (const { program } of children) releases.push(() => program.kill());
      await Promise.all(children.map(({ program }) => program.line('ready')));
      await vi.waitFor(async () => expect(await client.llen(note('done'))).toBeGreaterThan(200), {
        timeout: 60_000,
      });
      // One that has a place of the big key at this moment.
      let killed: string | undefined;
      for (let look = 0; look < 1_000 && killed === undefined; look += 1) {
        const [running] = await client.smembers(note('running:big'));
        const child = children.find(({ name }) => name === running?.split(' ')[0]);
        if (child === undefined) continue;
        await child.program.kill();
        const left = await client.smembers(note('running:big'));
        const orphans = left.filter((one) => one.startsWith(`${child.name} `));
        if (orphans.length > 0) await client.srem(note('running:big'), ...orphans);
        killed = child.name;
      }
      expect(killed).toBeDefined();
      await untilEmpty(queue);
      expect(await client.lrange(note('wrong'), 0, -1)).toEqual([]);
      const done = await client.lrange(note('done'), 0, -1);
      const counts = Object.keys(sizes).map((key) => done.filter((one) => one === key).length);
      expect(counts[0]).toBeGreaterThanOrEqual(sizes.big);
      expect(counts.slice(1)).toEqual([sizes.small, sizes.other]);
      for (const key of ['small', 'other'] as const)
        expect(done.lastIndexOf(key), `place of the last of ${key}`).toBeLessThan(150);
      for (const key of Object.keys(sizes)) expect(await queue.group('orders', key)).toEqual(idle);
      const held = new Held();
      for (const { name, program } of children) if (name !== killed) await program.kill();
      await queue.consume('orders', held.handler, { concurrency: 9 });
      const group = { key: 'big', concurrency: 2 };
      await queue.send(
        'orders',
        [1, 2, 3].map((n) => ({ body: { key: 'big', n }, group })),
      );
      await vi.waitFor(() => expect(held.seen.length).toBe(2), { timeout: 20_000 });
      held.release();
      await vi.waitFor(() => expect(held.seen.length).toBe(3), { timeout: 20_000 });
      held.release();
      await untilEmpty(queue);
    },
  );

  test('tells busy consumers in other processes of the first message with a group', async () => {
    const { queue, prefix } = open();
    const { queue: other } = open(prefix);
    const handled: unknown[] = [];
    let sending = true;
    // Never idle: each message sends the next one.
    const busy = await queue.consume('orders', async ({ body }) => {
      handled.push(body);
      if (sending && body === 'plain') await queue.send('orders', [{ body: 'plain' }]);
    });
    await queue.send('orders', [{ body: 'plain' }, { body: 'plain' }]);
    await vi.waitFor(() => expect(handled.length).toBeGreaterThan(20), { timeout: 10_000 });
    await other.send('orders', [{ body: 'grouped', group: serial }]);
    await vi.waitFor(() => expect(handled).toContain('grouped'), { timeout: 10_000 });
    sending = false;
    await untilEmpty(queue);
    await busy.close();
  });

  test('leaves nothing of a group behind but its limits, for a day', async () => {
    const { queue, prefix, client } = open();
    await queue.consume('orders', async () => {}, { concurrency: 5 });
    const group = { key: 'a', concurrency: 2, rate: { limit: 100, perMs: 50 } };
    await queue.send(
      'orders',
      Array.from({ length: 30 }, (_, body) => ({ body, group })),
    );
    await untilEmpty(queue);
    await vi.waitFor(async () => expect(await client.exists(`${prefix}:orders:gr:a`)).toBe(0));
    const start = `${prefix}:orders:`;
    const types = (await client.keys(`${start}*`)).map((key) => key.slice(start.length));
    const known = ['events', 'gc', 'gl:a', 'gt', 'id', 'limiter', 'marker', 'meta', 'pc', 'stalled-check'];
    expect(types.filter((type) => !known.includes(type))).toEqual([]);
    const ttl = await client.pttl(`${start}gl:a`);
    expect(ttl).toBeGreaterThan(80_000_000);
    expect(ttl).toBeLessThanOrEqual(86_400_050);
  });

  test('writes none of its keys for a queue without groups', async () => {
    const { queue, prefix, client } = open();
    await queue.consume('orders', async ({ attempt }) => (attempt === 1 ? { kind: 'retry' } : undefined));
    await queue.send('orders', [{ body: 1 }, { body: 2, priority: 3, delayMs: 5 }]);
    await untilEmpty(queue);
    const keys = await client.keys(`${prefix}:orders:*`);
    expect(keys.filter((key) => /:(g[acrltw]\b|groups|limiter)/.test(key))).toEqual([]);
  });

  test('shows the tools of BullMQ a job as any other, with its group', async () => {
    const { queue, prefix } = open();
    const group = { key: 'tenant 7', concurrency: 2 };
    const [waiting, delayed, plain] = await queue.send('orders', [
      { body: { n: 1 }, group, priority: 5 },
      { body: { n: 2 }, group, delayMs: 60_000 },
      { body: { n: 3 } },
    ]);
    const tool = new Queue('orders', { prefix, connection: { url } });
    releases.push(() => tool.close());
    expect(await tool.getJobCounts('prioritized', 'delayed')).toEqual({ prioritized: 1, delayed: 1 });
    const jobs = await Promise.all([waiting, delayed, plain].map((id) => tool.getJob(id as string)));
    expect(jobs.map((job) => job?.data)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(jobs[0]?.opts).toMatchObject({ priority: 96, group: { key: 'tenant 7' } });
    const held = new Held();
    await queue.consume('orders', held.handler, { concurrency: 9 });
    await vi.waitFor(() => expect(held.seen.length).toBe(2));
    expect(await tool.getJobState(waiting as string)).toBe('active');
    // A delayed job that somebody promotes is in its group all the same.
    await queue.send('orders', [{ body: { n: 4 }, group: { ...group, concurrency: 1 } }]);
    await (await tool.getJob(delayed as string))?.promote();
    await vi.waitFor(async () =>
      expect(await queue.group('orders', 'tenant 7')).toMatchObject({ waiting: 2, active: 1 }),
    );
    held.release();
    await vi.waitFor(() => expect(held.seen.length).toBe(3));
    held.release();
    await vi.waitFor(() => expect(held.seen.length).toBe(4));
    held.release();
    await untilEmpty(queue);
    expect(held.seen.map(({ id }) => id)).toContain(delayed);
  });

  test('takes a place back from a job that somebody removed while it was active', async () => {
    const { queue, prefix, client } = open();
    const held = new Held();
    await queue.consume('orders', held.handler, { concurrency: 5, leaseMs: 600_000 });
    const [id] = await queue.send('orders', [
      { body: 1, group: serial },
      { body: 2, group: serial },
    ]);
    await vi.waitFor(() => expect(held.seen.length).toBe(1));
    const key = (type: string): string => `${prefix}:orders:${type}`;
    await client
      .multi()
      .lrem(key('active'), 1, String(id))
      .del(key(`${id}`), key(`${id}:lock`))
      .exec();
    expect(await queue.group('orders', 'a')).toMatchObject({ waiting: 1, active: 1 });
    // The minute until the next look is over.
    expect(await client.zadd(key('groups:later'), 'XX', 'CH', 1, 'a')).toBe(1);
    expect(await queue.group('orders', 'a')).toMatchObject({ waiting: 1, active: 0 });
    await vi.waitFor(() => expect(held.seen.length).toBe(2));
    held.release();
    await untilEmpty(queue);
  });

  test('holds a message to its own limits when those of its group are forgotten', async () => {
    const { queue, prefix, client } = open();
    const held = new Held();
    await queue.send(
      'orders',
      [1, 2, 3].map((body) => ({ body, group: serial })),
    );
    await client.del(`${prefix}:orders:gl:a`);
    await queue.consume('orders', held.handler, { concurrency: 5 });
    for (const count of [1, 2, 3]) {
      await vi.waitFor(() => expect(held.seen.length).toBe(count));
      await wait(50);
      expect(held.seen.length).toBe(count);
      held.release();
    }
    await untilEmpty(queue);
  });

  test.skipIf(noOwnRedis !== undefined)(
    'handles what is in groups when the server has no memory left, while it refuses to send',
    { timeout: 60_000 },
    async () => {
      const redis = await new OwnRedis().start();
      releases.push(() => redis.remove());
      const queue = new BullMQMessageQueue(redis.url);
      releases.push(() => queue.close());
      const group = { ...serial, rate: { limit: 100, perMs: 1_000 } };
      await queue.send(
        'orders',
        [1, 2, 3].map((body) => ({ body, group })),
      );
      await redis.command((client) => client.config('SET', 'maxmemory', '1mb'));
      const refusal = queue.send('orders', [{ body: 4, group }]);
      await expect(refusal).rejects.toMatchObject({ code: 'LOOM_QUEUE_FULL' });
      const handled: unknown[] = [];
      await queue.consume('orders', async ({ body, attempt }) => {
        handled.push([body, attempt]);
        return attempt === 1 ? { kind: 'retry' } : undefined;
      });
      await vi.waitFor(() => expect(handled.length).toBe(6), { timeout: 10_000 });
      await redis.command((client) => client.config('SET', 'maxmemory', '0'));
      await untilEmpty(queue);
    },
  );

  test.skipIf(noOwnRedis !== undefined)('works on a cluster', { timeout: 60_000 }, async () => {
    const redis = await new OwnRedis().startCluster();
    releases.push(() => redis.remove());
    const { Cluster } = await import('ioredis');
    const client = new Cluster([{ host: '127.0.0.1', port: redis.port }]);
    releases.push(() => client.disconnect());
    const queue = new BullMQMessageQueue(client);
    releases.push(() => queue.close());
    const handled: unknown[] = [];
    await queue.consume('orders', async ({ body }) => void handled.push(body));
    await queue.send('orders', [
      { body: 1, group: serial },
      { body: 2, group: serial, delayMs: 50 },
      { body: 3 },
    ]);
    await vi.waitFor(() => expect(handled.toSorted()).toEqual([1, 2, 3]), { timeout: 10_000 });
    await vi.waitFor(async () => expect(await queue.group('orders', 'a')).toEqual(idle));
  });
});
