import type { Clock, MessageQueue } from '@certoai/loom-core';
import { ManualClock, messageQueueConformance, settled } from '@certoai/loom-core/testing';
import type { MessageQueueHarness } from '@certoai/loom-core/testing';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import { InMemoryMessageQueue } from '@certoai/loom-storage/memory';
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, describe, test } from 'vitest';
import { claimCheckedQueue } from '../../src/blobs/claim-checked-queue.js';
import { InMemoryBlobStore } from '../../src/blobs/in-memory-blob-store.js';
import { BlobFolders } from './blob-folders.js';

function inMemory(clock?: Clock): MessageQueue {
  return claimCheckedQueue(new InMemoryMessageQueue({ clock }), new InMemoryBlobStore(), {
    thresholdBytes: 1,
    clock,
  });
}

describe('claimCheckedQueue in memory, on a clock that is moved', () => {
  for (const check of messageQueueConformance) {
    test(check.name, () => {
      const clock = new ManualClock();
      const create = async (): Promise<MessageQueue> => inMemory(clock);
      return check.run({ create, elapse: (ms) => clock.advance(ms), movesClock: true });
    });
  }
});

describe('claimCheckedQueue in memory, in real time', () => {
  for (const check of messageQueueConformance) {
    test.concurrent(check.name, () =>
      check.run({ create: async () => inMemory(), elapse: (ms) => wait(ms) }),
    );
  }
});

describe('claimCheckedQueue on the embedded store', () => {
  const folders = new BlobFolders();
  afterAll(() => folders.clear());
  for (const check of messageQueueConformance)
    test(check.name, () => check.run(new EmbeddedHarness(folders)));
});

class EmbeddedHarness implements MessageQueueHarness {
  readonly movesClock = true;
  readonly #clock = new ManualClock();
  readonly #folders: BlobFolders;
  /** Survives in this process what stands for the end of one. */
  readonly #blobs = Object.assign(new InMemoryBlobStore(), {
    capabilities: { durable: true, shared: false },
  });
  #path = '';

  constructor(folders: BlobFolders) {
    this.#folders = folders;
  }
  create(): Promise<MessageQueue> {
    return this.#open(this.#folders.make());
  }
  /** Opens a copy of what is on disk: all that a process killed at this moment would leave behind. */
  async crash(): Promise<MessageQueue> {
    const copy = this.#folders.make();
    for (const file of readdirSync(this.#path)) {
      if (!file.endsWith('-shm')) copyFileSync(join(this.#path, file), join(copy, file));
    }
    return this.#open(copy);
  }
  async elapse(ms: number): Promise<void> {
    // Transactions take turns of the event loop that no clock knows of.
    await settled(2);
    await this.#clock.advance(ms);
  }
  async #open(path: string): Promise<MessageQueue> {
    this.#path = path;
    const clock = this.#clock;
    const { messages } = await openEmbeddedStore({ path, clock, sync: 'normal' });
    return claimCheckedQueue(messages, this.#blobs, { thresholdBytes: 1, clock });
  }
}
