import type { LoomError } from '@certoai/loom-core';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BullMQMessageQueue } from '../../src/bullmq/bullmq-message-queue.js';
import { OwnRedis } from '../../../../scripts/redis/own-redis.js';
import { TestAuthority, noTlsRedis, startTlsRedis } from '../../../../scripts/redis/tls-redis.js';

const host = '127.0.0.1';

describe.skipIf(noTlsRedis !== undefined)(
  `Over TLS, unless there is ${noTlsRedis ?? 'no server for it'}`,
  () => {
    let authority: TestAuthority;
    let redis: OwnRedis;
    let tlsPort: number;
    beforeAll(async () => {
      authority = new TestAuthority();
      ({ redis, tlsPort } = await startTlsRedis(authority));
    });
    afterAll(async () => {
      await redis.remove();
      authority.remove();
    });

    async function carries(queue: BullMQMessageQueue): Promise<void> {
      await using open = queue;
      const seen = new Promise((resolve) => {
        void open.consume('orders', async ({ body }) => resolve(body));
      });
      await open.send('orders', [{ body: 'secret' }]);
      expect(await seen).toBe('secret');
    }

    test('a queue and a store work with the authority in the options of ioredis, and a queue beside a URL', async () => {
      const tls = { ca: authority.certificate };
      await carries(new BullMQMessageQueue({ host, port: tlsPort, tls }));
      await carries(new BullMQMessageQueue(`rediss://${host}:${tlsPort}`, { tls }));
      await using store = new RedisExecutionStore({ host, port: tlsPort, tls });
      expect((await store.list({})).items).toEqual([]);
    });

    test('what is wrong with a certificate is said at once, and what to do', async () => {
      const stranger = new TestAuthority();
      onTestFinished(() => stranger.remove());
      for (const tls of [{ ca: stranger.certificate }, {}])
        await refusal({ host, port: tlsPort, tls }, /unable to verify|self-signed/);
      const other = { ca: authority.certificate, servername: 'elsewhere.example' };
      await refusal({ host, port: tlsPort, tls: other }, /altnames/);
    });
  },
);

async function refusal(connection: object, reason: RegExp): Promise<void> {
  await using queue = new BullMQMessageQueue(connection);
  await using store = new RedisExecutionStore(connection);
  const calls = [
    () => queue.stats('orders'),
    () => queue.consume('orders', async () => {}),
    () => store.list({}),
  ];
  for (const call of calls) {
    const error = (await call().then(
      () => undefined,
      (reasonGiven: unknown) => reasonGiven,
    )) as LoomError;
    expect(error).toMatchObject({ code: 'LOOM_STORE_FAILED' });
    expect(error.message).toMatch(reason);
    expect(error.message).toContain('host name that is in its certificate');
    expect(error.message).not.toContain(' ms');
  }
}
