import { isLoomError } from '@certoai/loom-core';
import { RedisOutboxStore } from '@certoai/loom-storage/redis';
import { expect, onTestFinished, test } from 'vitest';
import { OwnRedis, noOwnRedis } from '../../../../scripts/redis/own-redis.js';

if (noOwnRedis) console.warn(`full-redis.integration.test.ts is skipped: ${noOwnRedis}`);

test.skipIf(noOwnRedis !== undefined)(
  'a full Redis takes no commit, and can be emptied',
  { timeout: 60_000 },
  async () => {
    const redis = await new OwnRedis().start();
    onTestFinished(() => redis.remove());
    const store = new RedisOutboxStore(redis.url);
    onTestFinished(() => store.close());
    await store.commit({
      writes: [],
      messages: [{ key: 'a', content: '1' }, { content: '2' }, { key: 'a', content: '3' }],
    });
    await redis.command((client) => client.config('SET', 'maxmemory', '1'));
    const refused = store.commit({
      writes: [{ key: 'a', value: '1' }],
      messages: [{ key: 'b', content: '4' }],
    });
    await expect(refused).rejects.toSatisfy((error) => isLoomError(error, 'LOOM_STORE_FULL'));
    expect(await store.read('a')).toBeUndefined();
    expect((await store.stats()).waiting).toBe(3);
    const { lanes } = await store.claim({ token: 't', leaseMs: 60_000, limit: 10 });
    await store.settle(
      't',
      lanes.map(({ lane, messages: [first, next] }) => {
        const id = next?.id;
        const failed = id
          ? ({ kind: 'park', id, attempts: 1, reason: 'no', blocks: true } as const)
          : undefined;
        return { lane, sent: [first?.id as string], failed };
      }),
    );
    expect(await store.stats()).toEqual({ waiting: 0, parked: 1, oldestAgeMs: null });
    expect(await store.unpark('discard')).toBe(1);
  },
);
