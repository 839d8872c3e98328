import { isLoomError } from '@certoai/loom-core';
import type { Delivery } from '@certoai/loom-core';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { BullMQMessageQueue } from '../../src/bullmq/bullmq-message-queue.js';
import { ChildProgram } from '../child-program.js';
import { TcpProxy } from '../../../../scripts/redis/tcp-proxy.js';

const { url } = inject('redis');
const busyConsumer = new URL('./programs/busy-consumer.ts', import.meta.url);
const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

function open(
  address = url,
  prefix = `test-${randomUUID()}`,
): { readonly queue: BullMQMessageQueue; readonly prefix: string } {
  const queue = new BullMQMessageQueue(address, { prefix });
  releases.push(() => queue.close());
  return { queue, prefix };
}

function start(prefix: string, blockMs: number): ChildProgram {
  const program = new ChildProgram(busyConsumer, [url, prefix, String(blockMs)]);
  releases.push(() => program.kill());
  return program;
}

describe('BullMQMessageQueue and processes that die or dawdle', () => {
  test('delivers again what a killed process had, by default', async () => {
    const { queue, prefix } = open();
    const seen: Delivery[] = [];
    const child = start(prefix, 0);
    await child.line('ready');
    await queue.send('orders', [{ body: 1 }]);
    await child.line('delivered');
    await queue.consume('orders', async (delivery) => void seen.push(delivery));
    await wait(1_500);
    expect(seen).toEqual([]);
    await child.kill();
    await vi.waitFor(() => expect(seen.length).toBe(1), { timeout: 20_000, interval: 20 });
    expect(seen[0]?.attempt).toBe(2);
  });

  test('delivers it to a consumer that starts only afterwards', async () => {
    const { queue, prefix } = open();
    const child = start(prefix, 0);
    await queue.send('orders', [{ body: 1 }]);
    await child.line('delivered');
    await child.kill();
    const seen: Delivery[] = [];
    await queue.consume('orders', async (delivery) => void seen.push(delivery));
    await vi.waitFor(() => expect(seen.length).toBe(1), { timeout: 20_000, interval: 20 });
  });

  test('takes nothing over while an event loop is blocked for less than the lease', async () => {
    const { queue, prefix } = open();
    const child = start(prefix, 3_000);
    await child.line('ready');
    await queue.send('orders', [{ body: 1 }]);
    await child.line('delivered');
    const seen: Delivery[] = [];
    await queue.consume('orders', async (delivery) => void seen.push(delivery));
    expect(await child.line('done')).toMatch(/in time/);
    await vi.waitFor(async () => expect((await queue.stats('orders')).active).toBe(0), { timeout: 5_000 });
    expect(seen).toEqual([]);
  });

  test('tells a handler that its lease ended, and takes nothing from it', async () => {
    const proxy = await TcpProxy.to(url);
    releases.push(() => proxy.close());
    const { queue: cut, prefix } = open(proxy.url);
    const { queue } = open(url, prefix);
    await queue.send('orders', [{ body: 1 }]);
    const reasons: unknown[] = [];
    await cut.consume(
      'orders',
      ({ signal }) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => resolve(void reasons.push(signal.reason))),
        ),
      { leaseMs: 1_000 },
    );
    await vi.waitFor(async () => expect((await queue.stats('orders')).active).toBe(1), { timeout: 5_000 });
    const attempts: number[] = [];
    let settle = (): void => {};
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const consumer = await queue.consume(
      'orders',
      async ({ attempt }) => {
        attempts.push(attempt);
        await settled;
      },
      { leaseMs: 1_000 },
    );
    proxy.cut();
    await vi.waitFor(() => expect(attempts).toEqual([2]), { timeout: 5_000, interval: 20 });
    await vi.waitFor(() => expect(reasons.length).toBe(1), { timeout: 5_000, interval: 20 });
    expect(isLoomError(reasons[0], 'LOOM_LEASE_LOST')).toBe(true);
    proxy.restore();
    // The first consumer is back, and had acknowledged: that must not end the delivery of the second.
    await wait(500);
    expect((await queue.stats('orders')).active).toBe(1);
    settle();
    await consumer.close();
    await vi.waitFor(async () => expect((await queue.stats('orders')).active).toBe(0), { timeout: 5_000 });
    expect(attempts).toEqual([2]);
  });

  test('finds a message that only a process was told of that died', { timeout: 30_000 }, async () => {
    const { queue, prefix } = open();
    const seen: unknown[] = [];
    await queue.consume('orders', async ({ body }) => void seen.push(body));
    const client = new Redis(url);
    releases.push(() => client.disconnect());
    await wait(200);
    // BullMQ tells nobody of what is sent to a paused queue, and nobody is told that it is not paused any more.
    await queue.pause('orders');
    await queue.send('orders', [{ body: 1 }]);
    await client.hdel(`${prefix}:orders:meta`, 'paused');
    await vi.waitFor(() => expect(seen).toEqual([1]), { timeout: 25_000, interval: 20 });
  });

  test('goes on when the server vanished without closing its connections', { timeout: 60_000 }, async () => {
    const proxy = await TcpProxy.to(url);
    releases.push(() => proxy.close());
    const { queue: silenced, prefix } = open(proxy.url);
    const { queue } = open(url, prefix);
    const seen: unknown[] = [];
    await silenced.consume('orders', async ({ body }) => void seen.push(body));
    await queue.send('orders', [{ body: 1 }]);
    await vi.waitFor(() => expect(seen).toEqual([1]), { timeout: 5_000 });
    proxy.silence();
    await queue.send('orders', [{ body: 2 }]);
    await vi.waitFor(() => expect(seen).toEqual([1, 2]), { timeout: 25_000 });
  });

  test('keeps a lease that was extended, however long the event loop is blocked within it', async () => {
    const { queue } = open();
    const attempts: number[] = [];
    await queue.consume(
      'orders',
      async (delivery) => {
        attempts.push(delivery.attempt);
        await delivery.extend(3_000);
        const until = performance.now() + 1_500;
        while (performance.now() < until);
        await wait(300);
      },
      { leaseMs: 500, concurrency: 2 },
    );
    await queue.send('orders', [{ body: 1 }]);
    await vi.waitFor(() => expect(attempts.length).toBe(1), { timeout: 5_000 });
    await wait(1_000);
    await vi.waitFor(async () => expect((await queue.stats('orders')).active).toBe(0), { timeout: 5_000 });
    expect(attempts).toEqual([1]);
  });
});
