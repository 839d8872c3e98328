// What five durable steps cost on Redis, beside the least work that could do it: one hash written six times, each
// write waited for, on the same server. Read the ratios: the machine is shared, and absolute figures with it. Rounds
// take turns, and each figure is the median of its rounds. `npx tsx packages/storage/bench/redis-execution-store.bench.ts`.
import type { ExecutionStore } from '@certoai/loom-core';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import { Redis } from 'ioredis';
import { startRedis } from '../../../scripts/redis/start-redis.mjs';

const rounds = 5;
const roundMs = 1_000;
const inFlight = 100;
const tasks = 10_000;

const definition = { hash: 'f'.repeat(64), text: '{"stages":[]}' };
const state = `{"stages":{"a":{"status":"completed"},"b":{"status":"running"}},"padding":"${'x'.repeat(240)}"}`;
const body = `{"value":"${'y'.repeat(60)}"}`;

interface Contender {
  readonly name: string;
  create(id: string): Promise<unknown>;
  step(id: string, version: number): Promise<unknown>;
  record(id: string, index: number): Promise<unknown>;
  close(): Promise<unknown>;
}

function hashes(url: string): Contender {
  const client = new Redis(url);
  return {
    name: 'floor: HSET',
    create: (id) => client.hset(id, 'version', 1, 'input', '1', 'state', state),
    step: (id, version) => client.hset(id, 'version', version, 'state', state, `task-${version}`, body),
    record: (id, index) => client.hset(id, index, body),
    close: () => client.quit(),
  };
}

function loom(store: ExecutionStore): Contender {
  const record = (executionId: string, node: string, index: number) =>
    ({ executionId, node, index, held: 1, kind: 'completed', attempt: 1, body, at: Date.now() }) as const;
  return {
    name: 'RedisExecutionStore',
    create: (id) =>
      store.create({
        id,
        definition,
        input: '1',
        state,
        createdAt: Date.now(),
        wakeAt: null,
        holder: 'bench',
      }),
    step: (id, version) =>
      store.commit({
        executionId: id,
        expectedVersion: version,
        status: version === 5 ? 'completed' : 'running',
        state,
        records: [record(id, `stage-${version}`, 0)],
        at: Date.now(),
      }),
    record: (id, index) => store.record(record(id, 'work', index)),
    close: () => store.close(),
  };
}

let lastId = 0;
const nextId = (): string => `01JD${String((lastId += 1) * 7_919).padStart(22, '0')}`;

async function fiveSteps(on: Contender): Promise<void> {
  const id = nextId();
  await on.create(id);
  for (let version = 1; version <= 5; version += 1) await on.step(id, version);
}

/** Executions of five steps a second. */
async function throughput(on: Contender): Promise<number> {
  const started = performance.now();
  let count = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() - started < roundMs) {
      await fiveSteps(on);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return (count / (performance.now() - started)) * 1_000;
}

/** Milliseconds for one execution of five steps with nothing beside it. */
async function alone(on: Contender): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < 50; run += 1) {
    const started = performance.now();
    await fiveSteps(on);
    times.push(performance.now() - started);
  }
  return median(times);
}

/** Milliseconds for many tasks of one execution that all end at once. */
async function fanIn(on: Contender): Promise<number> {
  const id = nextId();
  await on.create(id);
  const started = performance.now();
  await Promise.all(Array.from({ length: tasks }, (_, index) => on.record(id, index)));
  return performance.now() - started;
}

async function usedBytes(client: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
}

/** What a server holds for one execution, running and finished, and for one task; the payloads of 400 and 73 included. */
async function memory(url: string, on: Contender): Promise<Readonly<Record<string, number>>> {
  const client = new Redis(url);
  const ids = Array.from({ length: 2_000 }, nextId);
  const growth = async (count: number, work: () => Promise<unknown>): Promise<number> => {
    const before = await usedBytes(client);
    await work();
    return Math.round(((await usedBytes(client)) - before) / count);
  };
  const created = await growth(ids.length, () => Promise.all(ids.map((id) => on.create(id))));
  const steps = async (id: string): Promise<void> => {
    for (let version = 1; version <= 5; version += 1) await on.step(id, version);
  };
  const fiveStepsMore = await growth(ids.length, () => Promise.all(ids.map(steps)));
  const task = await growth(tasks, () => fanIn(on));
  await client.quit();
  return { created, 'finished after 5 tasks': created + fiveStepsMore, 'each of 10000 tasks': task };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

const redis = await startRedis();
const store = new RedisExecutionStore(redis.url);
await store.claim({ holder: 'bench', now: Date.now(), leaseMs: 600_000, limit: 0 });
const contenders = [hashes(redis.url), loom(store)];
const measured = contenders.map((on) => ({
  name: on.name,
  rates: [] as number[],
  p50s: [] as number[],
  fans: [] as number[],
}));
for (let round = 0; round <= rounds; round += 1) {
  for (const [place, on] of contenders.entries()) {
    const figures = { rate: await throughput(on), p50: await alone(on), fan: await fanIn(on) };
    if (round === 0) continue; // The first round warms up.
    measured[place]?.rates.push(figures.rate);
    measured[place]?.p50s.push(figures.p50);
    measured[place]?.fans.push(figures.fan);
  }
}
console.log(`Node ${process.version}, ${redis.kind}, ${rounds} rounds, ${inFlight} executions in flight.`);
console.table(
  measured.map(({ name, rates, p50s, fans }) => ({
    store: name,
    '5 steps/s': Math.round(median(rates)),
    'alone, ms': median(p50s).toFixed(2),
    [`${tasks} records, ms`]: Math.round(median(fans)),
  })),
);
const bytes: Record<string, unknown> = {};
for (const on of contenders) bytes[on.name] = await memory(redis.url, on);
console.log('Bytes in Redis:');
console.table(bytes);
for (const on of contenders) await on.close();
await redis.stop();
