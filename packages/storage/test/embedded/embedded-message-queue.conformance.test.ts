import { ManualClock, messageQueueConformance, settled } from '@certoai/loom-core/testing';
import type { MessageQueueHarness } from '@certoai/loom-core/testing';
import type { MessageQueue } from '@certoai/loom-core';
import type { EmbeddedStore } from '@certoai/loom-storage/embedded';
import { afterEach, describe, test } from 'vitest';
import { OpenedStores, drivers } from './opened-stores.js';

describe.each(drivers)('EmbeddedStore.messages on %s', (driver) => {
  const stores = new OpenedStores();
  const owners = new Map<MessageQueue, EmbeddedStore>();
  let clock = new ManualClock();

  function messagesOf(store: EmbeddedStore): MessageQueue {
    owners.set(store.messages, store);
    return store.messages;
  }
  const harness: MessageQueueHarness = {
    create: async () => messagesOf(await stores.open({ driver, clock, sync: 'normal' })),
    crash: async (queue) => messagesOf(await stores.crash(owners.get(queue) as EmbeddedStore, clock)),
    async elapse(ms) {
      // Transactions take turns of the event loop that no clock knows of.
      await settled(2);
      await clock.advance(ms);
    },
    movesClock: true,
  };

  afterEach(async () => {
    clock = new ManualClock();
    owners.clear();
    await stores.abandon();
  });

  for (const check of messageQueueConformance) test(check.name, () => check.run(harness));
});
