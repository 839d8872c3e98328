import { outboxStoreConformance } from '@certoai/loom-core/testing';
import { describe, expect, inject, test } from 'vitest';
import { RedisOutboxHarness } from './redis-outbox-harness.js';

const { url } = inject('redis');

describe('RedisOutboxStore', () => {
  for (const check of outboxStoreConformance) {
    test(check.name, async () => {
      const harness = new RedisOutboxHarness(url);
      try {
        await check.run(harness);
      } finally {
        await harness.close();
      }
    });
  }

  test('leaves states and a counter behind, and nothing of messages that were sent or discarded', async () => {
    const harness = new RedisOutboxHarness(url);
    try {
      const store = await harness.create();
      const messages = [{ key: 'a', content: '1' }, { key: 'a', content: '2' }, { content: '3' }];
      await store.commit({ writes: [{ key: 's', value: '1' }], messages });
      const { lanes } = await store.claim({ token: 't', leaseMs: 60_000, limit: 10 });
      const outcomes = lanes.map(({ lane, messages: [first] }) => {
        const failed = {
          kind: 'park',
          id: first?.id as string,
          attempts: 1,
          reason: 'ä: no\n',
          blocks: false,
        } as const;
        return { lane, sent: [], failed };
      });
      await store.settle('t', outcomes);
      expect((await store.parked({ limit: 10 })).map(({ reason }) => reason)).toEqual(['ä: no\n', 'ä: no\n']);
      expect(await store.unpark('discard')).toBe(2);
      const rest = await store.claim({ token: 'u', leaseMs: 60_000, limit: 10 });
      await store.settle(
        'u',
        rest.lanes.map((one) => ({ lane: one.lane, sent: one.messages.map(({ id }) => id) })),
      );
      expect((await harness.keys(store)).filter((key) => !key.startsWith('xr'))).toEqual(['xn', 'xss']);
    } finally {
      await harness.close();
    }
  });
});
