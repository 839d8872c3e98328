import { randomUUID } from 'node:crypto';
import { BullMQMessageQueue, OutboxPattern } from '@certoai/loom-storage';
import { RedisOutboxStore } from '@certoai/loom-storage/redis';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { ChildProgram } from '../child-program.js';

const { url } = inject('redis');
const program = new URL('./programs/relay.ts', import.meta.url);
const count = 400;
const keys = 5;

test(
  'sends everything once and in order, however many relays are killed between a send and its removal',
  {
    timeout: 120_000,
  },
  async () => {
    const prefix = `test-${randomUUID()}`;
    const queue = new BullMQMessageQueue(url, { prefix });
    const store = new RedisOutboxStore(url, { keyPrefix: prefix });
    const outbox = new OutboxPattern(store, queue);
    const children: ChildProgram[] = [];
    onTestFinished(async () => {
      for (const child of children) await child.kill();
      await outbox.close();
      await store.close();
      await queue.close();
    });
    const start = (hangAt: number): ChildProgram => {
      const child = new ChildProgram(program, [url, prefix, String(hangAt)]);
      children.push(child);
      return child;
    };
    for (let n = 0; n < count; n += 1)
      await outbox.commit({ messages: [{ queue: 'numbers', body: n, key: `k${n % keys}` }] });
    for (const hangAt of [1, 2, 3]) {
      const pair = [start(hangAt), start(hangAt)];
      for (const child of pair) await child.line(`stored ${hangAt}`);
      for (const child of pair) await child.kill();
    }
    expect((await outbox.stats()).waiting).toBeGreaterThan(0);
    for (const child of [start(0), start(0)]) await child.line('ready');
    await vi.waitFor(async () => expect((await outbox.stats()).waiting).toBe(0), { timeout: 60_000 });
    const bodies: number[] = [];
    await queue.consume('numbers', async ({ body }) => void bodies.push(body as number));
    await vi.waitFor(() => expect(new Set(bodies).size).toBe(count), { timeout: 30_000 });
    expect(bodies.length).toBe(count);
    expect((await queue.stats('numbers')).ready).toBe(0);
    for (let key = 0; key < keys; key += 1) {
      const own = bodies.filter((n) => n % keys === key);
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
  },
);
