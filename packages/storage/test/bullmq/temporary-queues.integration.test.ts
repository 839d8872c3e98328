import { randomUUID } from 'node:crypto';
import { ActorWorker } from '@certoai/loom-core';
import { Redis } from 'ioredis';
import { afterEach, expect, inject, test, vi } from 'vitest';
import { BullMQMessageQueue } from '../../src/bullmq/bullmq-message-queue.js';
import { ChildProgram } from '../child-program.js';
import { TcpProxy } from '../../../../scripts/redis/tcp-proxy.js';

const { url } = inject('redis');
const day = 86_400_000;
const hour = 3_600_000;
const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

interface Opened {
  readonly prefix: string;
  readonly admin: Redis;
  connect(): BullMQMessageQueue;
  /** How long each key of temporary queues still lives, in milliseconds; -1 is for ever. */
  lives(): Promise<ReadonlyMap<string, number>>;
}

function open(): Opened {
  const prefix = `test-${randomUUID()}`;
  const admin = new Redis(url);
  releases.push(() => admin.disconnect());
  return {
    prefix,
    admin,
    connect() {
      const queue = new BullMQMessageQueue(url, { prefix });
      releases.push(() => queue.close());
      return queue;
    },
    async lives() {
      const start = `${prefix}:loom.replies.`;
      const keys = await admin.keys(`${start}*`);
      const lives = await Promise.all(keys.map((key) => admin.pttl(key)));
      return new Map(keys.map((key, index) => [key.slice(start.length), lives[index] as number]));
    },
  };
}

test(
  'nothing is left of processes that asked and closed, and nothing for ever of those that were killed',
  { timeout: 120_000 },
  async () => {
    const { prefix, connect, lives } = open();
    const queue = connect();
    const server = new ActorWorker('server', { queue });
    releases.push(() => server.close());
    let answerLate = (): void => {};
    const late = new Promise<void>((resolve) => {
      answerLate = resolve;
    });
    let asked = 0;
    server.registerActor('quick', (n: number) => n * 2);
    const slow = Array.from({ length: 4 }, (_, index) => `slow-${index}`);
    for (const type of slow)
      server.registerActor(type, async () => {
        asked += 1;
        await late;
      });
    await server.start();

    const killed = slow.map((type) => {
      const child = new ChildProgram(new URL('./programs/asker.ts', import.meta.url), [url, prefix, type]);
      releases.push(() => child.kill());
      return child;
    });
    for (let n = 0; n < 16; n += 1) {
      const own = connect();
      const worker = new ActorWorker('asker', { queue: own });
      expect(await worker.ask('quick', n)).toBe(n * 2);
      await worker.close();
      await own.close();
    }
    await vi.waitFor(() => expect(asked).toBe(killed.length), { timeout: 60_000, interval: 50 });
    await Promise.all(killed.map((child) => child.kill()));
    answerLate();
    const isDone = { ready: 0, delayed: 0, active: 0, dead: 0 };
    for (const type of slow) {
      const stats = async (): Promise<unknown> => queue.stats(`loom.actors.${type}`);
      await vi.waitFor(async () => expect(await stats()).toMatchObject(isDone), { timeout: 20_000 });
    }

    const left = await lives();
    const dedupeIds = [...left].filter(([key]) => key.includes(':de:'));
    expect(dedupeIds).toHaveLength(20);
    expect(dedupeIds.filter(([, life]) => life < 0 || life > hour)).toEqual([]);
    const others = [...left].filter(([key]) => !key.includes(':de:'));
    expect(others.filter(([, life]) => life < 0 || life > day)).toEqual([]);
    const queues = new Set(others.map(([key]) => key.split(':')[0]));
    expect(queues.size, 'of those that were killed only').toBe(killed.length);
  },
);

test('whatever a consumer was about when its process ended, each of its keys has its day', async () => {
  const { prefix, connect, lives } = open();
  const name = 'loom.replies.1';
  const dying = async (): Promise<{ readonly queue: BullMQMessageQueue; die(): void }> => {
    const proxy = await TcpProxy.to(url);
    releases.push(() => proxy.close());
    const queue = new BullMQMessageQueue(proxy.url, { prefix });
    return { queue, die: () => proxy.cut() };
  };
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  releases.push(() => end());
  const begun: unknown[] = [];
  const handle = async ({ body }: { readonly body: unknown }) => {
    begun.push(body);
    if (body === 'dead' || body === 'redriven') return { kind: 'dead-letter', reason: 'dead' } as const;
    if (body === 'retried') return { kind: 'retry', delayMs: hour } as const;
    return ended;
  };
  const first = await dying();
  await first.queue.consume(name, handle, { concurrency: 3, leaseMs: 1_000 });
  const sender = connect();
  const group = { key: 'a', concurrency: 1, rate: { limit: 1, perMs: 60_000 } };
  await sender.send(name, [{ body: 'redriven' }]);
  await vi.waitFor(async () => expect((await sender.stats(name)).dead).toBe(1), { timeout: 5_000 });
  await sender.send(name, [
    { body: 'dead' },
    { body: 'retried' },
    { body: 'held', group },
    { body: 'held back', group },
    { body: 'running', dedupeId: 'one' },
    { body: 'later', delayMs: hour },
  ]);
  await vi.waitFor(() => expect(begun).toHaveLength(5), { timeout: 5_000 });
  await vi.waitFor(async () => expect((await sender.stats(name)).dead).toBe(2), { timeout: 5_000 });
  await sender.deadLetters.redrive(name, { perSecond: 0.001 });
  first.die();

  const second = await dying();
  const stuck: unknown[] = [];
  await second.queue.consume(
    name,
    async ({ body }) => {
      if (body === 'redriven' || body === 'dead') return;
      stuck.push(body);
      await ended;
    },
    { leaseMs: 1_000, concurrency: 1 },
  );
  await vi.waitFor(() => expect(stuck.length).toBeGreaterThan(0), { timeout: 15_000 });
  second.die();
  const left = await lives();
  const kinds = [...left.keys()].map((key) => key.split(':')[1]);
  expect(kinds).toEqual(expect.arrayContaining(['active', 'delayed', 'events', 'gw', 'gl', 'id']));
  // The limits of a group live as long as anything, and its rate.
  expect([...left].filter(([, life]) => life < 0 || life > day + 60_000)).toEqual([]);
});
