import { systemClock } from '@certoai/loom-core';
import { ManualClock, messageQueueConformance } from '@certoai/loom-core/testing';
import type { MessageQueueHarness } from '@certoai/loom-core/testing';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, test } from 'vitest';
import { InMemoryMessageQueue } from '../../src/memory/in-memory-message-queue.js';

describe('InMemoryMessageQueue on a clock that is moved', () => {
  for (const check of messageQueueConformance) {
    test(check.name, () => {
      const clock = new ManualClock();
      const harness: MessageQueueHarness = {
        create: async () => new InMemoryMessageQueue({ clock }),
        elapse: (ms) => clock.advance(ms),
        movesClock: true,
      };
      return check.run(harness);
    });
  }
});

describe('InMemoryMessageQueue in real time', () => {
  for (const check of messageQueueConformance) {
    test.concurrent(check.name, () =>
      check.run({
        create: async () => new InMemoryMessageQueue({ clock: systemClock }),
        elapse: (ms) => wait(ms),
      }),
    );
  }
});
