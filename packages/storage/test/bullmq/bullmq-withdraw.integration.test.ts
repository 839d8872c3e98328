import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { BullMQMessageQueue } from '../../src/bullmq/bullmq-message-queue.js';
import { ChildProgram } from '../child-program.js';

const { url } = inject('redis');
const program = new URL('./programs/withdrawn-consumer.ts', import.meta.url);
const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

interface Opened {
  readonly queue: BullMQMessageQueue;
  readonly prefix: string;
  readonly client: Redis;
}

function open(): Opened {
  const prefix = `test-${randomUUID()}`;
  const client = new Redis(url);
  const queue = new BullMQMessageQueue(url, { prefix });
  releases.push(
    () => client.disconnect(),
    () => queue.close(),
  );
  return { queue, prefix, client };
}

async function untilEmpty(queue: BullMQMessageQueue): Promise<void> {
  const empty = { ready: 0, delayed: 0, active: 0, dead: 0 };
  await vi.waitFor(async () => expect(await queue.stats('orders')).toMatchObject(empty), { timeout: 10_000 });
}

describe('Withdrawing messages of BullMQMessageQueue', () => {
  test(
    'reaches a handler in another process, whose outcome counts for nothing and is not complained about',
    { timeout: 60_000 },
    async () => {
      const { queue, prefix } = open();
      const child = new ChildProgram(program, [url, prefix]);
      releases.push(() => child.kill());
      await child.line('ready');
      const [id = ''] = await queue.send('orders', [{ body: 'waits' }]);
      await child.line('began waits');
      expect(await queue.withdraw('orders', [id])).toBe(1);
      expect(await queue.stats('orders')).toMatchObject({ ready: 0, active: 0 });
      expect(await child.line('aborted waits')).toBe('aborted waits true');
      // One that hears of it only when Redis refuses its outcome.
      const [blocking = ''] = await queue.send('orders', [{ body: 'blocks' }]);
      await child.line('began blocks');
      expect(await queue.withdraw('orders', [blocking])).toBe(1);
      await queue.send('orders', [{ body: 'ends' }]);
      await child.line('began ends');
      await vi.waitFor(async () => expect((await queue.stats('orders')).dead).toBe(1), { timeout: 10_000 });
      expect(await queue.deadLetters.discard('orders')).toBe(1);
      await untilEmpty(queue);
      expect(child.lines.filter((line) => line.startsWith('warned Lease'))).toEqual([]);
    },
  );

  test('leaves no key of a message behind, but what is known of its dedupe id', async () => {
    const { queue, prefix, client } = open();
    const messages = [{ body: 1 }, { body: 2, delayMs: 60_000 }, { body: 3, dedupeId: 'three' }];
    const ids = await queue.send('orders', messages);
    expect(await queue.withdraw('orders', ids)).toBe(3);
    const keys = await client.keys(`${prefix}:orders:*`);
    const left = keys.map((key) => key.slice(`${prefix}:orders:`.length)).toSorted();
    expect(left).toEqual([`de:${ids[2]}`, 'events', 'id', 'marker', 'meta', 'pc']);
    expect(await client.pttl(`${prefix}:orders:de:${ids[2]}`)).toBeGreaterThan(3_000_000);
  });

  test('takes no id for a message that is the name of a key', async () => {
    const { queue } = open();
    const [id = ''] = await queue.send('orders', [{ body: 1 }, { body: 2, delayMs: 60_000 }]);
    const names = ['meta', 'events', 'marker', 'delayed', 'prioritized', 'id', `${id}:lock`];
    expect(await queue.withdraw('orders', names)).toBe(0);
    expect(await queue.stats('orders')).toMatchObject({ ready: 1, delayed: 1 });
  });
});
