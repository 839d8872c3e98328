// What a queue costs, beside the least work that could do the same, in one run. Read the ratios: the machine
// is shared, and absolute figures with it. Each figure is the best of several rounds that take turns.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MessageQueue } from '@certoai/loom-core';
import { BullMQMessageQueue } from '@certoai/loom-storage/bullmq';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import { InMemoryMessageQueue } from '@certoai/loom-storage/memory';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { startRedis } from '../../../scripts/redis/start-redis.mjs';

const rounds = 5;
/** Messages on the way at once. */
const window = 500;
const body = { order: 4711, lines: ['a', 'b', 'c'], customer: 'acme' };
const text = JSON.stringify(body);

interface Contender {
  readonly name: string;
  /** Sends and handles `count` messages. */
  run(count: number): Promise<void>;
}

/** Keeps `window` messages on the way: each one that is handled lets the next one be sent. */
class Pump {
  readonly done: Promise<void>;
  #toSend: number;
  #toHandle: number;
  #send: () => Promise<unknown> = async () => {};
  #finish: (error?: unknown) => void = () => {};

  constructor(count: number) {
    this.#toSend = count;
    this.#toHandle = count;
    this.done = new Promise((resolve, reject) => {
      this.#finish = (error) => (error === undefined ? resolve() : reject(error));
    });
  }

  run(send: () => Promise<unknown>): Promise<void> {
    this.#send = send;
    for (let index = 0; index < window; index += 1) this.#next();
    return this.done;
  }

  handled(): void {
    this.#toHandle -= 1;
    if (this.#toHandle === 0) this.#finish();
    else this.#next();
  }

  #next(): void {
    if (this.#toSend === 0) return;
    this.#toSend -= 1;
    this.#send().catch(this.#finish);
  }
}

function queueContender(name: string, queue: MessageQueue, concurrency: number): Contender {
  let round = 0;
  return {
    name,
    async run(count) {
      round += 1;
      const orders = `orders-${concurrency}-${round}`;
      const pump = new Pump(count);
      const consumer = await queue.consume(orders, async () => pump.handled(), { concurrency });
      await pump.run(() => queue.send(orders, [{ body }]));
      await consumer.close();
    },
  };
}

const arrayFloor: Contender = {
  name: 'floor: an array, emptied in a microtask',
  async run(count) {
    const pump = new Pump(count);
    const waiting: string[] = [];
    let scheduled = false;
    // The same work as a handler's: a promise, and the body as JSON text and back.
    const handler = async (_value: unknown): Promise<void> => pump.handled();
    const drain = async (): Promise<void> => {
      for (let next = 0; next < waiting.length; next += 1) await handler(JSON.parse(waiting[next] as string));
      waiting.length = 0;
      scheduled = false;
    };
    const send = async (): Promise<void> => {
      waiting.push(JSON.stringify(body));
      if (scheduled) return;
      scheduled = true;
      queueMicrotask(() => void drain());
    };
    await pump.run(send);
  },
};

/** Three notes for a message, each on disk before the next: sent, begun, done. One sync a turn of the event loop. */
function fileFloor(folder: string, concurrency: number): Contender {
  return {
    name: `floor: a file, three notes a message, ${concurrency} at a time`,
    async run(count) {
      const file = openSync(join(folder, 'floor.log'), 'a');
      let lines: string[] = [];
      let waiting: (() => void)[] = [];
      const flush = (): void => {
        const [batch, resolves] = [lines, waiting];
        [lines, waiting] = [[], []];
        writeSync(file, batch.join(''));
        fdatasyncSync(file);
        for (const resolve of resolves) resolve();
      };
      const note = (line: string): Promise<void> => {
        if (lines.length === 0) setImmediate(flush);
        lines.push(`${line}\n`);
        return new Promise((resolve) => waiting.push(resolve));
      };
      const pump = new Pump(count);
      let stored = 0;
      let free = concurrency;
      const handleNext = (): void => {
        if (free === 0 || stored === 0) return;
        free -= 1;
        stored -= 1;
        void note('begun 1234567890123456').then(() => {
          pump.handled();
          void note('done 1234567890123456');
          free += 1;
          handleNext();
        });
      };
      await pump.run(async () => {
        await note(`sent 1234567890123456 ${text}`);
        stored += 1;
        handleNext();
      });
      // Behind the last "done".
      await note('end');
      closeSync(file);
    },
  };
}

function plainBullMQ(url: string, concurrency: number): Contender {
  let round = 0;
  return {
    name: `bullmq alone, concurrency ${concurrency}`,
    async run(count) {
      round += 1;
      const connection = new Redis(url, { maxRetriesPerRequest: null });
      const orders = `plain-${concurrency}-${round}`;
      const queue = new Queue(orders, { connection });
      const pump = new Pump(count);
      const worker = new Worker(orders, async () => pump.handled(), {
        connection,
        concurrency,
        removeOnComplete: { count: 0 },
      });
      await worker.waitUntilReady();
      await pump.run(() => queue.add('message', body));
      await worker.close();
      await queue.close();
      connection.disconnect();
    },
  };
}

/** The floor first; every contender's ratio is against it. */
async function compare(title: string, count: number, contenders: readonly Contender[]): Promise<void> {
  const best = contenders.map(() => 0);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, contender] of contenders.entries()) {
      const startedAt = performance.now();
      await contender.run(count);
      best[index] = Math.max(best[index] ?? 0, (count / (performance.now() - startedAt)) * 1_000);
    }
  }
  console.log(`\n${title}`);
  for (const [index, { name }] of contenders.entries()) {
    const rate = Math.round(best[index] ?? 0).toLocaleString('en');
    console.log(
      `  ${name.padEnd(56)}${rate.padStart(10)}/s   ${((best[index] ?? 0) / (best[0] ?? 1)).toFixed(2)}`,
    );
  }
}

const folder = mkdtempSync(join(tmpdir(), 'loom-queue-bench-'));
const memory = new InMemoryMessageQueue();
await compare('In memory: send and handle', 100_000, [
  arrayFloor,
  queueContender('InMemoryMessageQueue, concurrency 10', memory, 10),
  queueContender('InMemoryMessageQueue, concurrency 100', memory, 100),
]);
await memory.close();

const store = await openEmbeddedStore({ path: join(folder, 'store') });
for (const concurrency of [10, 100]) {
  await compare(`Embedded, sync full: send and handle, concurrency ${concurrency}`, 5_000, [
    fileFloor(folder, concurrency),
    queueContender(`EmbeddedStore.messages, concurrency ${concurrency}`, store.messages, concurrency),
  ]);
}
await store.close();

const redis = await startRedis();
for (const concurrency of [10, 100]) {
  const queue = new BullMQMessageQueue(redis.url);
  await compare(`Redis (${redis.kind}): send and handle, concurrency ${concurrency}`, 5_000, [
    plainBullMQ(redis.url, concurrency),
    queueContender(`BullMQMessageQueue, concurrency ${concurrency}`, queue, concurrency),
  ]);
  await queue.close();
}
await redis.stop();
rmSync(folder, { recursive: true, force: true });
