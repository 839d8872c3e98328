import { silentLogger } from '@certoai/loom-core';
import type { InstanceRegistry, Logger } from '@certoai/loom-core';
import { instanceRegistryConformance } from '@certoai/loom-core/testing';
import type { InstanceRegistryHarness } from '@certoai/loom-core/testing';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, inject, test } from 'vitest';
import { BullMQMessageQueue } from '../../src/bullmq/index.js';
import { RedisInstanceRegistry } from '../../src/redis/index.js';

const { url } = inject('redis');

class RedisHarness implements InstanceRegistryHarness {
  readonly complaints: unknown[] = [];
  readonly prefixes = new Map<InstanceRegistry, readonly [keyPrefix: string, leaseMs: number]>();
  readonly #logger: Logger = {
    ...silentLogger,
    warn: (message, fields) => void this.complaints.push([message, fields]),
  };

  create({ leaseMs }: { readonly leaseMs: number }): Promise<InstanceRegistry> {
    return this.#open(`test-${randomUUID()}`, leaseMs);
  }
  another(registry: InstanceRegistry): Promise<InstanceRegistry> {
    return this.#open(...(this.prefixes.get(registry) as [string, number]));
  }
  async elapse(ms: number): Promise<void> {
    await wait(ms);
  }
  async #open(keyPrefix: string, leaseMs: number): Promise<InstanceRegistry> {
    const registry = new RedisInstanceRegistry(url, { keyPrefix, leaseMs, logger: this.#logger });
    this.prefixes.set(registry, [keyPrefix, leaseMs]);
    return registry;
  }
}

describe('RedisInstanceRegistry', () => {
  for (const check of instanceRegistryConformance) {
    test.concurrent(check.name, async () => {
      const harness = new RedisHarness();
      await check.run(harness);
      expect(harness.complaints).toEqual([]);
    });
  }
});

describe('BullMQMessageQueue.instances', () => {
  test('is the registry of the same Redis and prefix, and closes with its queue', async () => {
    const prefix = `test-${randomUUID()}`;
    const queue = new BullMQMessageQueue(url, { prefix });
    await using registry = new RedisInstanceRegistry(url, { keyPrefix: prefix });
    const seen: string[] = [];
    await queue.instances.watch(({ kind }) => void seen.push(kind));
    await registry.register({
      id: 'a',
      worker: 'worker',
      actors: [{ type: 'mailer', version: '1.0.0' }],
      status: 'ready',
      slots: { used: 0, total: 1 },
      startedAt: 0,
    });
    expect((await queue.instances.list({ actorType: 'mailer' })).map(({ id }) => id)).toEqual(['a']);
    await expect.poll(() => seen).toEqual(['registered']);
    const { instances } = queue;
    expect(instances).toBe(queue.instances);
    await queue.close();
    await expect(instances.list()).rejects.toMatchObject({ code: 'LOOM_CLOSED' });
    await expect(queue.instances.list()).rejects.toMatchObject({ code: 'LOOM_CLOSED' });
    expect(await registry.list()).toHaveLength(1);
  });
});

test('what is left of the dead goes by itself', async () => {
  const keyPrefix = `test-${randomUUID()}`;
  await using registry = new RedisInstanceRegistry(url, { keyPrefix, leaseMs: 200 });
  const actors = [{ type: 'mailer', version: '1.0.0' }];
  await registry.register({
    id: 'a',
    worker: 'w',
    actors,
    status: 'ready',
    slots: { used: 0, total: 1 },
    startedAt: 0,
  });
  const client = new Redis(url);
  try {
    expect((await client.keys(`*${keyPrefix}*`)).toSorted()).toEqual([
      `{${keyPrefix}}.instances`,
      `{${keyPrefix}}.instances.leases`,
      `{${keyPrefix}}.instances.types`,
    ]);
    await expect.poll(() => client.keys(`*${keyPrefix}*`), { timeout: 10_000 }).toEqual([]);
  } finally {
    client.disconnect();
  }
});
