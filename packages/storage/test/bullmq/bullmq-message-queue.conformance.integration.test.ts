import { silentLogger } from '@certoai/loom-core';
import type { Logger, MessageQueue } from '@certoai/loom-core';
import { messageQueueConformance } from '@certoai/loom-core/testing';
import type { MessageQueueHarness } from '@certoai/loom-core/testing';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, inject, test } from 'vitest';
import { BullMQMessageQueue } from '../../src/bullmq/bullmq-message-queue.js';
import { TcpProxy } from '../../../../scripts/redis/tcp-proxy.js';

const { url } = inject('redis');

describe('BullMQMessageQueue', () => {
  for (const check of messageQueueConformance) {
    test.concurrent(check.name, async () => {
      const harness = new BullMQHarness();
      await check.run(harness);
      harness.close();
      expect(harness.complaints).toEqual([]);
    });
  }
});

class BullMQHarness implements MessageQueueHarness {
  readonly #prefix = `test-${randomUUID()}`;
  readonly #proxies: TcpProxy[] = [];
  /** Nothing is to be complained about unless a process died. */
  readonly complaints: unknown[] = [];
  #crashed = false;
  readonly #logger: Logger = {
    ...silentLogger,
    warn: (message, fields) => {
      if (!this.#crashed && message !== 'Redis is not set up for queues')
        this.complaints.push([message, fields]);
    },
  };

  async create(): Promise<MessageQueue> {
    const proxy = await TcpProxy.to(url);
    this.#proxies.push(proxy);
    return new BullMQMessageQueue(proxy.url, { prefix: this.#prefix, logger: this.#logger });
  }
  /** The server hears nothing more of the old queue, as of a process that was killed. */
  async crash(): Promise<MessageQueue> {
    this.#crashed = true;
    this.#proxies.at(-1)?.cut();
    return this.create();
  }
  async elapse(ms: number): Promise<void> {
    await wait(ms);
  }
  close(): void {
    for (const proxy of this.#proxies) proxy.close();
  }
}
