import { randomUUID } from 'node:crypto';
import { ActorRegistry, ActorWorker } from '@certoai/loom-core';
import { BullMQMessageQueue } from '@certoai/loom-storage';
import { Redis } from 'ioredis';
import { describe, expect, inject, test } from 'vitest';
import { Loom, PipelineOrchestrator } from '../../src/index.js';

const { url } = inject('redis');
const { hostname: host, port } = new URL(url);

/** Settings of a Redis that no other test shares. */
const ownRedis = () => ({ host, port: Number(port), keyPrefix: `loom-test-${randomUUID()}` });
const definition = {
  stages: [
    { id: 'each', mode: 'scatter', scatter: { over: 'input.items' }, actor: 'double' },
    { id: 'sum', actor: 'add' },
  ],
};
const double = (n: number): number => n * 2;
const add = (items: readonly number[]): number => items.reduce((sum, n) => sum + n, 0);

describe('Loom on Redis', () => {
  test('runs, and what one process left another finishes', async () => {
    const redis = ownRedis();
    const first = new Loom({ redis });
    first.registerActor('double', double);
    first.registerActor('add', () => new Promise(() => undefined));
    const handle = await first.startPipeline(definition, { items: [1, 2, 3] });
    await expect.poll(async () => (await handle.status()).stages[0]?.status).toBe('completed');
    expect(await first.health()).toMatchObject({ live: true, ready: true });
    await first.close();

    await using second = new Loom({ redis });
    second.registerActor('double', double);
    second.registerActor('add', add);
    expect((await (await second.executions.attach(handle.id)).result()).output).toBe(12);
  });

  test('large inputs, outputs, errors and values of config travel by reference, here and to workers', async () => {
    const redis = ownRedis();
    const large = 'x'.repeat(2_000_000);
    await using loom = new Loom({ redis, layered: { get: () => ({ large }) } });
    loom.registerActor('echo', (input: unknown) => input);
    loom.registerActor('fail', () => {
      throw new Error(large);
    });
    const { output, executionId } = await loom.executePipeline(
      { stages: [{ id: 's', actor: 'echo' }] },
      { large },
    );
    expect(output).toEqual({ large });
    expect(await loom.executions.output(executionId, 's')).toEqual({ large });
    await expect(loom.executePipeline({ stages: [{ id: 's', actor: 'fail' }] }, 1)).rejects.toMatchObject({
      stage: 's',
    });
    const configured = { stages: [{ id: 's', actor: 'echo', input: '${length(config.large)}' }] };
    expect((await loom.executePipeline(configured)).output).toBe(large.length);
    const client = new Redis(url);
    const rows = await client.keys(`{${redis.keyPrefix}}.e*`);
    for (const key of rows) expect(await client.memory('USAGE', key)).toBeLessThan(300_000);
    expect(rows.length).toBeGreaterThan(0);
    await client.quit();
  });

  test('an orchestrator takes the client, and a worker with a queue serves its tasks', async () => {
    const keyPrefix = `loom-test-${randomUUID()}:`;
    const redis = new Redis(url, { keyPrefix, maxRetriesPerRequest: null });
    const queue = new BullMQMessageQueue(redis);
    const worker = new ActorWorker('payment-service', { queue });
    worker.registerActor('double', double);
    worker.registerActor('add', add);
    await worker.start();
    const orchestrator = new PipelineOrchestrator(queue, new ActorRegistry(), redis);
    try {
      const { output } = await orchestrator.execute(definition, { items: [4, 5] });
      expect(output).toBe(18);
      expect(redis.status).toBe('ready');
    } finally {
      await orchestrator.close();
      await worker.close();
      await queue.close();
      await redis.quit();
    }
  });
});
