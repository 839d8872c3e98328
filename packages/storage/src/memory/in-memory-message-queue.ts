import { LoomError, silentLogger, systemClock } from '@certoai/loom-core';
import type { Clock } from '@certoai/loom-core';
import { LocalMessageQueue } from '../internal/local-queue/local-message-queue.js';
import { InMemoryMessageKeeper } from './in-memory-message-keeper.js';

export interface InMemoryMessageQueueOptions {
  /**
   * Messages of all queues together, dead letters included, before `send` rejects with `LOOM_QUEUE_FULL`.
   * Count, 1 or more. @default 1_000_000
   */
  readonly capacity?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** Messages in the memory of this process: they are gone when it ends, or when the queue is closed. */
export class InMemoryMessageQueue extends LocalMessageQueue {
  /** @throws LoomError `LOOM_INVALID_OPTION` */
  constructor({ capacity = 1_000_000, clock = systemClock }: InMemoryMessageQueueOptions = {}) {
    if (!(Number.isSafeInteger(capacity) && capacity >= 1)) {
      const message = `capacity is ${capacity}; give a whole number, 1 or more.`;
      throw new LoomError('LOOM_INVALID_OPTION', message, { option: 'capacity', value: capacity });
    }
    super({ keeper: new InMemoryMessageKeeper(capacity), clock, logger: silentLogger });
  }
}
