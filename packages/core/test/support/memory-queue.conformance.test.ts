import { ManualClock, messageQueueConformance } from '@certoai/loom-core/testing';
import { describe, test } from 'vitest';
import { MemoryQueue } from './memory-queue.ts';

// A fake that passes the port's own suite can stand for any adapter in the tests beside it.
describe('MemoryQueue', () => {
  for (const check of messageQueueConformance) {
    test(check.name, () => {
      const clock = new ManualClock();
      return check.run({
        create: async () => new MemoryQueue(clock),
        elapse: (ms) => clock.advance(ms),
        movesClock: true,
      });
    });
  }
});
