import type { ExecutionStore, MessageQueue } from '@certoai/loom-core';
import { messageQueueConformance } from '@certoai/loom-core/testing';
import type { MessageQueueHarness } from '@certoai/loom-core/testing';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, inject, test } from 'vitest';
import { claimCheckedExecutions } from '../../src/blobs/claim-checked-executions.js';
import { claimCheckedQueue } from '../../src/blobs/claim-checked-queue.js';
import { RedisBlobStore } from '../../src/blobs/redis-blob-store.js';
import { BullMQMessageQueue } from '../../src/bullmq/bullmq-message-queue.js';
import { TcpProxy } from '../../../../scripts/redis/tcp-proxy.js';
import { RedisExecutionStore } from '../../src/redis/redis-execution-store.js';
import { RedisHarness } from '../redis/redis-harness.js';
import { withBlobs } from './counting-bytes.js';
import { pruneTakesBlobs } from './pruned-blobs.js';

const { url } = inject('redis');
const thresholdBytes = 1;

describe('claimCheckedExecutions on Redis', () => {
  for (const check of withBlobs) {
    test(check.name, async () => {
      const redis = new RedisHarness(url);
      const inner = new Map<ExecutionStore, ExecutionStore>();
      const places: RedisBlobStore[] = [];
      const checked = (store: ExecutionStore, place: RedisBlobStore): ExecutionStore => {
        const executions = claimCheckedExecutions(store, place, { thresholdBytes });
        inner.set(executions, store);
        return executions;
      };
      try {
        await check.run({
          create: async () => {
            const place = new RedisBlobStore(url, { keyPrefix: `test-${randomUUID()}` });
            places.push(place);
            return checked(await redis.create(), place);
          },
          elapse: redis.elapse,
          crash: async (executions) =>
            checked(
              await redis.crash(inner.get(executions) as ExecutionStore),
              places.at(-1) as RedisBlobStore,
            ),
        });
      } finally {
        await redis.close();
        for (const place of places) await place.close();
      }
    });
  }
  test('blobs go with what is pruned', async () => {
    const keyPrefix = `test-${randomUUID()}`;
    await using place = new RedisBlobStore(url, { keyPrefix });
    await pruneTakesBlobs(new RedisExecutionStore(url, { keyPrefix }), place);
  });
});

describe('claimCheckedQueue on BullMQ', () => {
  for (const check of messageQueueConformance) {
    test.concurrent(check.name, async () => {
      const harness = new BullMQHarness();
      await check.run(harness);
      await harness.close();
    });
  }
});

class BullMQHarness implements MessageQueueHarness {
  readonly #prefix = `test-${randomUUID()}`;
  readonly #proxies: TcpProxy[] = [];
  readonly #blobs = new RedisBlobStore(url, { keyPrefix: this.#prefix });

  async create(): Promise<MessageQueue> {
    const proxy = await TcpProxy.to(url);
    this.#proxies.push(proxy);
    const queue = new BullMQMessageQueue(proxy.url, { prefix: this.#prefix });
    return claimCheckedQueue(queue, this.#blobs, { thresholdBytes });
  }
  /** The server hears nothing more of the old queue, as of a process that was killed. */
  async crash(): Promise<MessageQueue> {
    this.#proxies.at(-1)?.cut();
    return this.create();
  }
  async elapse(ms: number): Promise<void> {
    await wait(ms);
  }
  async close(): Promise<void> {
    for (const proxy of this.#proxies) proxy.close();
    await this.#blobs.close();
  }
}
