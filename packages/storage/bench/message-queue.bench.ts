// What a queue costs, each beside the least work that could do the same, in one run: read the ratios.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MessageQueue } from '@certoai/loom-core';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { findRedisBinary } from '../../../scripts/redis/find-redis-binary.mjs';
import { startRedisServer } from '../../../scripts/redis/start-redis.mjs';
import { BullMQMessageQueue } from '../src/bullmq/index.js';
import { openEmbeddedStore } from '../src/embedded/index.js';
import { InMemoryMessageQueue } from '../src/memory/index.js';

const body = { order: 4711, lines: ['a', 'b', 'c'], customer: 'acme' };
const rounds = 3;

interface Contender {
  readonly name: string;
  /** Sends and consumes `count` messages. */
  run(count: number): Promise<void>;
  close?(): Promise<void>;
}

/** Sends and consumes with at most `window` messages on the way. */
async function throughQueue(queue: MessageQueue, concurrency: number, window: number, count: number): Promise<void> {
  const name = `orders-${concurrency}-${window}`;
  let [sent, handled] = [0, 0];
  await new Promise<void>((resolve, reject) => {
    const sendNext = (): void => {
      if (sent === count) return;
      sent += 1;
      queue.send(name, [{ body }]).then(sendNext, reject);
    };
    const handler = async (): Promise<void> => {
      handled += 1;
      if (handled === count) resolve();
    };
    queue.consume(name, handler, { concurrency }).then((consumer) => {
      consumers.add(consumer);
      for (let index = 0; index < window; index += 1) sendNext();
    }, reject);
  });
  for (const consumer of consumers) await consumer.close();
  consumers.clear();
}
const consumers = new Set<{ close(): Promise<void> }>();
