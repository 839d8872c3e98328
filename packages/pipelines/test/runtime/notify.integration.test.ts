import { randomUUID } from 'node:crypto';
import { ActorRegistry, type MessageQueue } from '@certoai/loom-core';
import { BullMQMessageQueue } from '@certoai/loom-storage';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import { describe, expect, inject, test, vi } from 'vitest';
import { Loom, PipelineOrchestrator, type ExecutionFinished } from '../../src/index.js';
import { NotifyingProcess } from '../kill/notifying.js';

const { url } = inject('redis');
const { hostname: host, port } = new URL(url);

/** Settings of a Redis that no other test shares. */
const ownRedis = () => ({ host, port: Number(port), keyPrefix: `loom-test-${randomUUID()}` });

async function listen(messages: MessageQueue): Promise<readonly ExecutionFinished[]> {
  const told: ExecutionFinished[] = [];
  await messages.consume('ended', async ({ body }) => void told.push(body as unknown as ExecutionFinished));
  return told;
}

/** Resolves when nothing is on its way any more. */
async function allSent(outbox: Awaited<ReturnType<Loom['outbox']>>, messages: MessageQueue): Promise<void> {
  await vi.waitFor(async () => expect((await outbox.stats()).waiting).toBe(0), { timeout: 20_000 });
  await vi.waitFor(async () =>
    expect(await messages.stats('ended')).toMatchObject({ ready: 0, active: 0, delayed: 0, dead: 0 }),
  );
}

describe('on Redis, a queue is told', { timeout: 60_000 }, () => {
  test.each(['before', 'after'] as const)(
    'once, when the process dies %s it has sent the message',
    async (moment) => {
      const redis = ownRedis();
      await using first = new NotifyingProcess(moment, JSON.stringify(redis));
      const id = await first.said('started');
      await first.died();
      await using loom = new Loom({ redis });
      const messages = await loom.messages();
      const told = await listen(messages);
      // Who died had begun to send: its lease has to end.
      await vi.waitFor(() => expect(told.length).toBeGreaterThan(0), { timeout: 30_000 });
      await allSent(await loom.outbox(), messages);
      expect(told).toMatchObject([{ executionId: id, status: 'completed', output: moment }]);
    },
  );

  test('once, by the orchestrator that took over from one that was killed', async () => {
    const redis = ownRedis();
    await using first = new NotifyingProcess('never', JSON.stringify(redis));
    const id = await first.said('started');
    await first.said('begun');
    const open = async (): Promise<PipelineOrchestrator> => {
      const registry = new ActorRegistry();
      registry.register('work', () => 'by another');
      const store = new RedisExecutionStore(redis);
      const queue = new BullMQMessageQueue(redis);
      const orchestrator = new PipelineOrchestrator(queue, registry, store, undefined, { leaseMs: 500 });
      await orchestrator.initialize();
      return orchestrator;
    };
    await using messages = new BullMQMessageQueue(redis);
    const told = await listen(messages);
    const others = await Promise.all([open(), open()]);
    try {
      await first[Symbol.asyncDispose]();
      await vi.waitFor(() => expect(told.length).toBeGreaterThan(0), { timeout: 30_000 });
      await allSent(await others[0].outbox(), messages);
      expect(told).toMatchObject([{ executionId: id, status: 'completed', output: 'by another' }]);
    } finally {
      for (const one of others) await one.close();
    }
  });

  test('of large outputs, by reference', async () => {
    const redis = ownRedis();
    await using loom = new Loom({ redis });
    loom.registerActor('echo', (input: unknown) => input);
    const messages = await loom.messages();
    const told = await listen(messages);
    const large = 'x'.repeat(2_000_000);
    const definition = { stages: [{ id: 's', actor: 'echo' }] };
    await loom.executePipeline(definition, large, { notify: { queue: 'ended' } });
    await vi.waitFor(() => expect(told).toHaveLength(1), { timeout: 20_000 });
    expect(told[0]?.output === large).toBe(true);
    // One without the blobs gets what is in the queue.
    await using plain = new BullMQMessageQueue(redis);
    let size = Number.POSITIVE_INFINITY;
    await plain.consume('plain', async ({ body }) => void (size = JSON.stringify(body).length));
    await loom.executePipeline(definition, large, { notify: { queue: 'plain' } });
    await vi.waitFor(() => expect(size).toBeLessThan(1_000), { timeout: 20_000 });
  });
});
