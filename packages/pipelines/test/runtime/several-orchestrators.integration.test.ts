import { randomUUID } from 'node:crypto';
import { BullMQMessageQueue, RedisExecutionStore } from '@certoai/loom-storage';
import { describe, inject, test } from 'vitest';
import { severalOrchestrators, World, type SharedParts } from '../kit/several-orchestrators.js';

const { url } = inject('redis');

describe('several orchestrators on one Redis', () => {
  test.each(severalOrchestrators)('$name', async ({ run }) => {
    const keyPrefix = `loom-test-${randomUUID()}`;
    const opened: SharedParts[] = [];
    const open = async (): Promise<SharedParts> => {
      const parts = {
        store: new RedisExecutionStore(url, { keyPrefix }),
        queue: new BullMQMessageQueue(url, { prefix: keyPrefix }),
      };
      opened.push(parts);
      return parts;
    };
    try {
      await using world = new World({ open });
      await run(world);
    } finally {
      for (const { store, queue } of opened) {
        await queue.close();
        await store.close();
      }
    }
  });
});
