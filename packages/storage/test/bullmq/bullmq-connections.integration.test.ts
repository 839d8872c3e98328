import { isLoomError } from '@certoai/loom-core';
import type { Logger, MessageQueue } from '@certoai/loom-core';
import { Queue } from 'bullmq';
import { Cluster, Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { BullMQMessageQueue } from '../../src/bullmq/bullmq-message-queue.js';
import { checkRedis } from '../../src/bullmq/check-redis.js';
import { ChildProgram } from '../child-program.js';
import { OwnRedis, noOwnRedis } from '../../../../scripts/redis/own-redis.js';

const { url } = inject('redis');
const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

function clientOf(options: { readonly keyPrefix?: string } = {}): Redis {
  const client = new Redis({ host: '127.0.0.1', port: Number(new URL(url).port), ...options });
  releases.push(() => client.disconnect());
  return client;
}

function closing<Queue extends MessageQueue>(queue: Queue): Queue {
  releases.push(() => queue.close());
  return queue;
}

/** Sends and consumes one message, by way of every kind of connection. */
async function works(queue: MessageQueue): Promise<void> {
  const seen: unknown[] = [];
  await queue.send('orders', [{ body: 1 }, { body: 2 }]);
  const consumer = await queue.consume('orders', async ({ body }) => {
    seen.push(body);
    if (body === 2) return { kind: 'dead-letter', reason: 'enough' };
    return undefined;
  });
  await vi.waitFor(() => expect(seen).toEqual([1, 2]), { timeout: 10_000 });
  await vi.waitFor(async () =>
    expect(await queue.stats('orders')).toMatchObject({ ready: 0, active: 0, dead: 1 }),
  );
  expect(await queue.deadLetters.redrive('orders')).toBe(1);
  await consumer.close();
  expect(await queue.deadLetters.discard('orders')).toBeGreaterThanOrEqual(0);
}

async function keysOf(pattern: string): Promise<readonly string[]> {
  return clientOf().keys(pattern);
}

describe('BullMQMessageQueue and its connections', () => {
  test('works with a client, leaves it open, and does not listen to it', async () => {
    const client = clientOf();
    const prefix = `test-${randomUUID()}`;
    const listeners = client.eventNames().map((name) => [name, client.listenerCount(name)]);
    const queue = new BullMQMessageQueue(client, { prefix });
    await works(queue);
    await queue.close();
    expect(client.status).toBe('ready');
    expect(await client.ping()).toBe('PONG');
    expect(client.eventNames().map((name) => [name, client.listenerCount(name)])).toEqual(listeners);
    expect(client.options.maxRetriesPerRequest).toBe(20);
  });

  test('works with options and with a URL, also in the second argument', async () => {
    const [prefix, other] = [`test-${randomUUID()}`, `test-${randomUUID()}`];
    await works(
      closing(new BullMQMessageQueue({ host: '127.0.0.1', port: Number(new URL(url).port) }, { prefix })),
    );
    await works(closing(new BullMQMessageQueue(url, { prefix: other, connectionName: 'mine' })));
    const names = String(await clientOf().client('LIST'));
    expect(names).toContain('name=mine');
  });

  test('makes the keyPrefix of a client, of options or of the second argument the prefix of all keys', async () => {
    const prefixes = [randomUUID(), randomUUID(), randomUUID()];
    const port = Number(new URL(url).port);
    await works(closing(new BullMQMessageQueue(clientOf({ keyPrefix: `${prefixes[0]}:` }))));
    await works(closing(new BullMQMessageQueue({ port, keyPrefix: `${prefixes[1]}:` })));
    await works(closing(new BullMQMessageQueue(url, { keyPrefix: `${prefixes[2]}` })));
    for (const prefix of prefixes) {
      const keys = await keysOf(`*${prefix}*`);
      expect(keys.length).toBeGreaterThan(0);
      expect(keys.every((key) => key.startsWith(`${prefix}:orders:`))).toBe(true);
    }
  });

  test('is read by the tools of BullMQ', async () => {
    const prefix = `test-${randomUUID()}`;
    const queue = closing(new BullMQMessageQueue(url, { prefix }));
    await queue.send('orders', [{ body: { n: 1 } }, { body: { n: 2 }, delayMs: 60_000 }]);
    const tool = new Queue('orders', { prefix, connection: clientOf() });
    releases.push(() => tool.close());
    expect(await tool.getJobCounts('prioritized', 'delayed')).toEqual({ prioritized: 1, delayed: 1 });
    expect((await tool.getPrioritized())[0]?.data).toEqual({ n: 1 });
  });

  test('leaves nothing of an acknowledged message behind', async () => {
    const prefix = `test-${randomUUID()}`;
    const queue = closing(new BullMQMessageQueue(url, { prefix }));
    await queue.consume('orders', async () => {});
    await queue.send(
      'orders',
      Array.from({ length: 100 }, (_, body) => ({ body })),
    );
    await vi.waitFor(async () => expect(await queue.stats('orders')).toMatchObject({ ready: 0, active: 0 }), {
      timeout: 10_000,
    });
    const types = (await keysOf(`${prefix}:*`))
      .map((key) => key.slice(`${prefix}:orders:`.length))
      .toSorted();
    expect(
      types.filter((type) => !['events', 'id', 'marker', 'meta', 'pc', 'stalled-check'].includes(type)),
    ).toEqual([]);
  });

  test('opens nothing before it is used, and refuses at once what is no Redis', () => {
    const queue = new BullMQMessageQueue('redis://127.0.0.1:1');
    expect(queue.capabilities).toEqual({ durable: true, shared: true });
    for (const wrong of [undefined, null, '', 7, true, { sendCommand: () => {} }]) {
      const attempt = (): unknown => new BullMQMessageQueue(wrong as never);
      expect(attempt).toThrow(expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }));
      expect(attempt).toThrow(/ioredis client/);
    }
    for (const options of [null, 7, { prefix: '' }, { prefix: 7 }]) {
      expect(() => new BullMQMessageQueue(url, options as never)).toThrow(
        expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }),
      );
    }
  });

  test('ends a process by itself after close', async () => {
    const program = new ChildProgram(new URL('./programs/short-life.ts', import.meta.url), [
      url,
      `test-${randomUUID()}`,
    ]);
    releases.push(() => program.kill());
    await program.line('closed');
    const ended = await Promise.race([program.exit(), wait(5_000, 'still running')]);
    expect(ended).toBe(0);
    expect(program.lines).toEqual(['loaded before use: none', 'closed']);
  });
});

describe.skipIf(noOwnRedis !== undefined)('BullMQMessageQueue on servers of its own', () => {
  async function own(): Promise<OwnRedis> {
    const redis = await new OwnRedis().start();
    releases.push(() => redis.remove());
    return redis;
  }

  test('works as an ACL user who may touch keys of one prefix only', async () => {
    const redis = await own();
    await redis.command((client) =>
      client.call('ACL', 'SETUSER', 'loom', 'on', '>secret', '~app:*', '+@all', '-@dangerous', '+info'),
    );
    const client = new Redis({ port: redis.port, username: 'loom', password: 'secret', keyPrefix: 'app:' });
    releases.push(() => client.disconnect());
    await works(closing(new BullMQMessageQueue(client)));
    const refused = closing(new BullMQMessageQueue(client, { prefix: 'other' }));
    const error = await refused.send('orders', [{ body: 1 }]).catch((reason: unknown) => reason);
    expect(isLoomError(error, 'LOOM_STORE_FAILED') && error.message).toMatch(/NOPERM|permissions/);
  });

  test('checks what an ioredis client is connected to', async () => {
    const redis = await own();
    await redis.command(async (client) => expect(await checkRedis(client)).toEqual([]));
    await redis.command((client) => client.call('REPLICAOF', '127.0.0.1', '1'));
    await redis.command(async (client) =>
      expect(await checkRedis(client)).toMatchObject([{ check: 'role' }]),
    );
  });

  test('says what is wrong with the password', async () => {
    const redis = await own();
    await redis.command((client) => client.call('ACL', 'SETUSER', 'loom', 'on', '>secret', '~*', '+@all'));
    const queue = closing(new BullMQMessageQueue({ port: redis.port, username: 'loom', password: 'wrong' }));
    const error = await queue.send('orders', [{ body: 1 }]).catch((reason: unknown) => reason);
    expect(isLoomError(error, 'LOOM_STORE_FAILED') && error.message).toMatch(/WRONGPASS/);
  });

  test('works on a Redis Cluster, with all keys of a queue in one slot', async () => {
    const redis = await new OwnRedis().startCluster();
    releases.push(() => redis.remove());
    const cluster = new Cluster([{ host: '127.0.0.1', port: redis.port }]);
    releases.push(() => cluster.disconnect());
    expect(await checkRedis(cluster)).toEqual([]);
    await works(closing(new BullMQMessageQueue(cluster)));
    const keys = await redis.command((client) => client.keys('*'));
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.every((key) => key.startsWith('{loom}:orders:'))).toBe(true);
    expect(cluster.status).toBe('ready');
  });

  test('warns its logger of a server that is not set up for queues, and writes to no console', async () => {
    const redis = await own();
    await redis.command(async (client) => {
      await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
      await client.config('SET', 'appendonly', 'no');
    });
    const spies = (['log', 'warn', 'error'] as const).map((method) =>
      vi.spyOn(console, method).mockImplementation(() => {}),
    );
    const warnings: unknown[] = [];
    const logger: Logger = {
      debug() {},
      info() {},
      warn: (message, fields) => void warnings.push([message, fields?.['check']]),
      error() {},
      child: () => logger,
    };
    await works(closing(new BullMQMessageQueue(redis.url, { logger })));
    await vi.waitFor(() =>
      expect(warnings).toEqual([
        ['Redis is not set up for queues', 'maxmemory-policy'],
        ['Redis is not set up for queues', 'persistence'],
      ]),
    );
    expect(spies.flatMap((spy) => spy.mock.calls)).toEqual([]);
    for (const spy of spies) spy.mockRestore();
  });
});
