// What groups cost: messages with a key beside the same messages without one, in one run. Read the ratios: the machine
// is shared, and absolute figures with it. Each figure is the best of several rounds that take turns.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MessageGroup, MessageQueue } from '@certoai/loom-core';
import { BullMQMessageQueue } from '@certoai/loom-storage/bullmq';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import { InMemoryMessageQueue } from '@certoai/loom-storage/memory';
import { startRedis } from '../../../scripts/redis/start-redis.mjs';

const rounds = 5;
const concurrency = 50;
/** Messages sent in one call. */
const batch = 50;
const body = { order: 4711, lines: ['a', 'b', 'c'], customer: 'acme' };

interface Contender {
  readonly name: string;
  readonly group?: ((index: number) => MessageGroup) | undefined;
}

const contenders: readonly Contender[] = [
  { name: 'without groups' },
  { name: 'one key, no limits', group: () => ({ key: 'one' }) },
  { name: '1 000 keys, no limits', group: (index) => ({ key: `key-${index % 1_000}` }) },
  {
    name: '1 000 keys, concurrency and rate',
    group: (index) => ({
      key: `key-${index % 1_000}`,
      concurrency: 10,
      rate: { limit: 1_000, perMs: 1_000 },
    }),
  },
];

let names = 0;

/** Sends `count` messages and then handles them. @returns milliseconds */
async function measure(queue: MessageQueue, count: number, { group }: Contender): Promise<number> {
  names += 1;
  const orders = `orders-${names}`;
  const startedAt = performance.now();
  for (let start = 0; start < count; start += batch) {
    await queue.send(
      orders,
      Array.from({ length: batch }, (_, index) => ({ body, group: group?.(start + index) })),
    );
  }
  let left = count;
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const consumer = await queue.consume(
    orders,
    async () => {
      left -= 1;
      if (left === 0) finish();
    },
    { concurrency },
  );
  await finished;
  const ms = performance.now() - startedAt;
  await consumer.close();
  return ms;
}

async function compare(title: string, queue: MessageQueue, count: number): Promise<void> {
  const best = contenders.map(() => Infinity);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, contender] of contenders.entries())
      best[index] = Math.min(best[index] ?? Infinity, await measure(queue, count, contender));
  }
  console.log(`\n${title}`);
  for (const [index, { name }] of contenders.entries()) {
    const ms = best[index] ?? Infinity;
    const rate = Math.round((count / ms) * 1_000).toLocaleString('en');
    console.log(`  ${name.padEnd(40)}${rate.padStart(10)}/s   ${((best[0] ?? 0) / ms).toFixed(2)}`);
  }
}

const memory = new InMemoryMessageQueue();
await compare('In memory: send, then handle', memory, 100_000);
await memory.close();

const folder = mkdtempSync(join(tmpdir(), 'loom-groups-bench-'));
const store = await openEmbeddedStore({ path: join(folder, 'store') });
await compare('Embedded, sync full: send, then handle', store.messages, 5_000);
await store.close();

const redis = await startRedis();
const queue = new BullMQMessageQueue(redis.url);
await compare(`Redis (${redis.kind}): send, then handle`, queue, 5_000);
await queue.close();
await redis.stop();
rmSync(folder, { recursive: true, force: true });
