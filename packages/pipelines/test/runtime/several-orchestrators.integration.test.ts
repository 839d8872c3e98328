import { randomUUID } from 'node:crypto';
import { BullMQMessageQueue } from '@certoai/loom-storage';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import { describe, inject, test } from 'vitest';
import { severalOrchestrators, World, type SharedParts } from '../kit/several-orchestrators.js';
import { remoteEvents } from '../kit/remote-events.js';
import { workerRouting } from '../kit/worker-routing.js';

const { url } = inject('redis');

describe('several orchestrators on one Redis', () => {
  test.each([...severalOrchestrators, ...workerRouting, ...remoteEvents])('$name', async ({ run }) => {
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
