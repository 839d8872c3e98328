// Orchestrators, workers and clients as processes on one Redis behind a proxy, while everything that can go
// wrong does. LOOM_CHAOS_SECONDS makes it longer, LOOM_CHAOS_SEED repeats the order of faults.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ExecutionHead, JsonValue } from '@certoai/loom-core';
import { BullMQMessageQueue } from '@certoai/loom-storage/bullmq';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import { expect, test, vi } from 'vitest';
import { noOwnRedis, OwnRedis } from '../../../../scripts/redis/own-redis.js';
import { TcpProxy } from '../../../../scripts/redis/tcp-proxy.js';
import { PipelineOrchestrator, type ExecutionFinished } from '../../src/index.js';
import { randomPipeline, seeded } from '../kit/random-pipeline.js';
import { strike } from './faults.js';
import { Member, type Role } from './fleet.js';

const seconds = Number(process.env['LOOM_CHAOS_SECONDS'] ?? 40);
const seed = Number(process.env['LOOM_CHAOS_SEED'] ?? Math.floor(Math.random() * 1e6));
const runs = Math.max(200, seconds * 5);
/** After the last fault; what takes longer is stuck. */
const settleMs = 90_000;

test.skipIf(noOwnRedis !== undefined)(
  `whatever dies, freezes or is cut off, every execution comes to what it must (seed ${seed})`,
  { timeout: seconds * 1_000 + 3 * settleMs + 60_000 },
  async () => {
    const random = seeded(seed);
    const story: string[] = [];
    const folder = mkdtempSync(join(tmpdir(), 'loom-chaos-'));
    const redis = await new OwnRedis().start();
    const proxy = await TcpProxy.to(redis.url);
    const member = (role: Role, place: number, ...range: readonly number[]): Member =>
      new Member(role, (generation) =>
        [proxy.url, folder, seed + 1_000 * place + generation, ...range].map(String),
      );
    const everyMs = (seconds * 1_000) / (runs / 2) / 1.5;
    const clients = [member('client', 0, 0, runs / 2, everyMs), member('client', 1, runs / 2, runs, everyMs)];
    const others = [2, 3, 4].flatMap((place) => [
      member('orchestrator', place),
      member('worker', place + 10),
    ]);
    const members = [...clients, ...others];
    try {
      for (const one of members) one.start();
      await wait(3_000);
      const started = performance.now();
      const sinceStart = (): string => `${((performance.now() - started) / 1_000).toFixed(1)} s`;
      while (performance.now() - started < seconds * 1_000) {
        await wait(200 + random() * 1_200);
        story.push(`${sinceStart()} ${await strike({ redis, proxy, members }, random)}`);
      }
      story.push(`${sinceStart()} the last fault is over`);

      const store = new RedisExecutionStore(redis.url);
      const queue = new BullMQMessageQueue(redis.url);
      const orchestrator = new PipelineOrchestrator(queue, undefined, store);
      const unfinished = async (): Promise<readonly string[]> => {
        const missing = clients.filter(({ lines }) => !lines.includes('done')).map(() => 'a client');
        const open = await allHeads(store, ['running', 'paused']);
        return [...missing, ...open.map(({ id, idempotencyKey }) => `${idempotencyKey} ${id}`)];
      };
      const until = performance.now() + settleMs;
      for (let left = await unfinished(); left.length > 0; left = await unfinished()) {
        if (performance.now() > until) {
          const reasons = await Promise.all(
            left.slice(0, 3).map((one) => orchestrator.executions.why(one.split(' ')[1] ?? '').catch(String)),
          );
          const queues = await waitingIn(queue);
          for (const one of members) if (one.role !== 'worker') one.signal('SIGUSR2');
          await wait(3_000);
          const stuck = JSON.stringify({ left: left.slice(0, 5), count: left.length, reasons, queues });
          throw new Error(`these never finished: ${stuck}`);
        }
        await wait(250);
      }

      const heads = await allHeads(store);
      expect(heads).toHaveLength(runs);
      const expectedEffects: string[] = [];
      for (const { id, idempotencyKey = '', status } of heads) {
        const pipeline = randomPipeline(Number(idempotencyKey.slice('run-'.length)), 6);
        expect({ idempotencyKey, status }).toEqual({ idempotencyKey, status: 'completed' });
        const output: JsonValue = await orchestrator.executions.output(id);
        expect({ idempotencyKey, output }).toEqual({ idempotencyKey, output: pipeline.expected });
        expectedEffects.push(...pipeline.tasks.map((task) => `${id}/${task}`));
      }
      const done = effects(folder, '.done');
      expect([...new Set(done)].sort()).toEqual(expectedEffects.sort());

      const told = await endsTold(orchestrator, queue);
      expect(told.toSorted()).toEqual(heads.map(({ id }) => id).sort());

      await orchestrator.close();
      for (const one of members) await one.end();
      const leftOver = await leftBehind(redis, store, queue);
      await queue.close();
      await store.close();
      expect(leftOver.executions).toBe(0);
      console.log(
        `chaos, seed ${seed}: ${story.length - 1} faults, ${runs} executions, ${expectedEffects.length} effects, ${done.length - expectedEffects.length} of them done again by others; keys left: ${JSON.stringify(leftOver)}`,
      );
    } catch (error) {
      const said = members.map(({ role, generation, lines }) => {
        return `${role} (${generation} processes): ${lines.slice(-12).join('\n    ')}`;
      });
      console.error([`chaos failed, seed ${seed}`, ...story, ...said].join('\n'));
      throw error;
    } finally {
      for (const one of members) await one.end();
      proxy.close();
      await redis.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

async function allHeads(
  store: RedisExecutionStore,
  status?: readonly ExecutionHead['status'][],
): Promise<readonly ExecutionHead[]> {
  const heads: ExecutionHead[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list({ status, limit: 1_000, cursor });
    heads.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return heads;
}

/** What is in the queues of actors and orchestrators. */
async function waitingIn(queue: BullMQMessageQueue): Promise<Readonly<Record<string, unknown>>> {
  const names = [
    ...['digest', 'count', 'bucket'].map((type) => `loom.actors.${type}`),
    ...Array.from({ length: 8 }, (_, seat) => `loom.orchestrators.${seat}`),
  ];
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await queue.stats(name)])));
}

function effects(folder: string, ending: string): readonly string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').trim().split('\n'))
    .filter((line) => line !== '');
}

/** The executions whose end was told, as often as it was. */
async function endsTold(
  orchestrator: PipelineOrchestrator,
  queue: BullMQMessageQueue,
): Promise<readonly string[]> {
  const told: string[] = [];
  const consumer = await queue.consume('ended', async ({ body }) => {
    told.push((body as unknown as ExecutionFinished).executionId);
  });
  const outbox = await orchestrator.outbox();
  await vi.waitFor(async () => expect((await outbox.stats()).waiting).toBe(0), { timeout: settleMs });
  await vi.waitFor(
    async () =>
      expect(await queue.stats('ended')).toMatchObject({ ready: 0, active: 0, delayed: 0, dead: 0 }),
    { timeout: settleMs },
  );
  await consumer.close();
  return told;
}

/** What is in Redis once every execution has been removed. */
async function leftBehind(
  redis: OwnRedis,
  store: RedisExecutionStore,
  queue: BullMQMessageQueue,
): Promise<Readonly<Record<string, number>>> {
  for (let isMore = true; isMore;)
    isMore = (await store.prune({ finishedBefore: Date.now() + 1, limit: 1_000 })).removed.length > 0;
  const keys = await redis.command((client) => client.keys('*'));
  const dead = await Promise.all(
    ['digest', 'count', 'bucket'].map(async (type) => (await queue.stats(`loom.actors.${type}`)).dead),
  );
  return {
    executions: keys.filter((key) => key.startsWith('{loom}.e')).length,
    deadLetters: dead.reduce((sum, count) => sum + count, 0),
    // Dedupe ids stay known for an hour.
    dedupe: keys.filter((key) => key.includes(':de:')).length,
    all: keys.length,
  };
}
