// Pipelines on Redis beside BullMQ flows that do the same no-op work, on one server, in turns. Each section
// is bounded. Loom keeps what a flow does not (every input, output and state), and may run tasks in the
// process that decides (`here`) or in a worker of the queue (`queue`); a flow always goes through the queue.
import { ActorRegistry, ActorWorker } from '@certoai/loom-core';
import { PipelineOrchestrator } from '@certoai/loom-pipelines';
import { BullMQMessageQueue } from '@certoai/loom-storage';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import { FlowProducer, QueueEvents, Worker, type FlowJob } from 'bullmq';
import { Redis } from 'ioredis';
import { startRedis } from '../../../scripts/redis/start-redis.mjs';

const concurrency = 100;
const step = (value: { readonly n: number }) => ({ n: value.n + 1 });
const fiveSteps = { stages: ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, actor: 'step' })) };
const fanOut = {
  stages: [
    {
      id: 'each',
      mode: 'scatter',
      scatter: { over: 'input.items', as: 'x', concurrency },
      actor: 'step',
      input: { n: '${x}' },
    },
    { id: 'join', mode: 'gather', gather: { from: 'each' } },
  ],
};
const items = (count: number) => ({ items: Array.from({ length: count }, (_, n) => n) });

interface Contender extends AsyncDisposable {
  readonly name: string;
  fiveSteps(): Promise<unknown>;
  fanOut(count: number): Promise<unknown>;
}

async function loom(redis: Redis, where: 'here' | 'queue'): Promise<Contender> {
  const queue = new BullMQMessageQueue(redis);
  const registry = new ActorRegistry();
  const worker = new ActorWorker('bench', { queue, registry });
  registry.register('step', step, { concurrency });
  await worker.start();
  const store = new RedisExecutionStore(redis);
  const local = where === 'here' ? registry : new ActorRegistry();
  const orchestrator = new PipelineOrchestrator(where === 'queue' ? queue : undefined, local, store);
  await orchestrator.initialize();
  return {
    name: `loom, tasks ${where === 'here' ? 'here' : 'by queue'}`,
    fiveSteps: () => orchestrator.execute(fiveSteps, { n: 0 }),
    fanOut: (count) => orchestrator.execute(fanOut, items(count)),
    async [Symbol.asyncDispose]() {
      await orchestrator.close();
      await worker.close();
      await queue.close();
      await store.close();
    },
  };
}

/** A parent waits for its children as a gather does; a chain is a parent of a parent. */
async function flows(redis: Redis): Promise<Contender> {
  const connection = { host: '127.0.0.1', port: redis.options.port ?? 6379, maxRetriesPerRequest: null };
  const work = async (job: { readonly data: { readonly n: number } }) => step(job.data);
  const worker = new Worker('step', work, { connection, concurrency });
  const joiner = new Worker('join', async (job) => Object.values(await job.getChildrenValues()).length, {
    connection,
    concurrency,
  });
  const producer = new FlowProducer({ connection });
  const events = {
    step: new QueueEvents('step', { connection }),
    join: new QueueEvents('join', { connection }),
  };
  const opts = { removeOnComplete: { count: 1_000 } };
  await Promise.all([
    worker.waitUntilReady(),
    joiner.waitUntilReady(),
    events.step.waitUntilReady(),
    events.join.waitUntilReady(),
  ]);
  const chain = (length: number): FlowJob => ({
    name: 'step',
    queueName: 'step',
    data: { n: 0 },
    opts,
    children: length > 1 ? [chain(length - 1)] : [],
  });
  return {
    name: 'bullmq flow',
    fiveSteps: async () => (await producer.add(chain(5))).job.waitUntilFinished(events.step),
    async fanOut(count) {
      const children = items(count).items.map((n) => ({
        name: 'step',
        queueName: 'step',
        data: { n },
        opts,
      }));
      const { job } = await producer.add({ name: 'join', queueName: 'join', opts, children });
      return job.waitUntilFinished(events.join);
    },
    async [Symbol.asyncDispose]() {
      for (const part of [worker, joiner, producer, events.step, events.join]) await part.close();
    },
  };
}

async function times(count: number, width: number, work: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const started = performance.now();
      await work();
      took.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return took.sort((left, right) => left - right);
}

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/** Commands the server has processed, without those of scripts. */
async function commands(redis: Redis): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1]);
}

async function usedBytes(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
}

function line(what: string, name: string, value: number, unit: string, ratio: number, aim: string): void {
  const figures = `${value.toFixed(value < 100 ? 2 : 0).padStart(9)} ${unit.padEnd(3)}`;
  console.log(
    `${what.padEnd(34)} ${name.padEnd(28)} ${figures} ${ratio.toFixed(2).padStart(6)}x of a flow   ${aim}`,
  );
}

const { url, kind, stop } = await startRedis();
try {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  console.log(`on ${kind}, ${/redis_version:(\S+)/.exec(await redis.info('server'))?.[1]}`);
  const open = [() => flows(redis), () => loom(redis, 'here'), () => loom(redis, 'queue')];
  const measured = new Map<
    string,
    { fan: number; rate: number; p50: number; p99: number; perStage: number }
  >();
  for (const make of open) {
    await redis.flushall();
    await using contender = await make();
    await times(100, 10, () => contender.fiveSteps());
    await contender.fanOut(500);
    const alone = await times(300, 1, () => contender.fiveSteps());
    const before = await commands(redis);
    await times(50, 1, () => contender.fiveSteps());
    const perStage = ((await commands(redis)) - before) / 250;
    const rate = 1_000_000 / (await elapsed(() => times(1_000, 100, () => contender.fiveSteps())));
    const fan = Math.min(
      await elapsed(() => contender.fanOut(10_000)),
      await elapsed(() => contender.fanOut(10_000)),
    );
    measured.set(contender.name, { fan, rate, p50: at(alone, 0.5), p99: at(alone, 0.99), perStage });
  }
  const flow = measured.get('bullmq flow');
  for (const [name, { fan, rate, p50, p99, perStage }] of measured) {
    if (flow === undefined) break;
    line('fan-out of 10000 and join', name, 10_000_000 / fan, '/s', flow.fan / fan, 'aim >= 1');
    line('5 steps, 100 in flight', name, rate, '/s', rate / flow.rate, 'aim >= 1.5');
    line('5 steps alone, p50', name, p50, 'ms', p50 / flow.p50, 'aim <= 1');
    line('5 steps alone, p99', name, p99, 'ms', p99 / flow.p99, '');
    line('commands a stage, all of them', name, perStage, '', perStage / flow.perStage, '');
  }

  await redis.flushall();
  {
    await using contender = await loom(redis, 'here');
    await contender.fiveSteps();
    const [emptyBytes, emptyKeys] = [await usedBytes(redis), await redis.dbsize()];
    const running = contender.fanOut(10_000);
    let [peakBytes, peakKeys] = [0, 0];
    let done = false;
    void running.then(() => (done = true));
    while (!done) {
      peakBytes = Math.max(peakBytes, (await usedBytes(redis)) - emptyBytes);
      peakKeys = Math.max(peakKeys, (await redis.dbsize()) - emptyKeys);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const [afterBytes, afterKeys] = [
      (await usedBytes(redis)) - emptyBytes,
      (await redis.dbsize()) - emptyKeys,
    ];
    console.log(
      `a task of 10000: ${(peakBytes / 10_000).toFixed(0)} bytes and ${(peakKeys / 10_000).toFixed(3)} keys at most, ${(afterBytes / 10_000).toFixed(0)} bytes and ${(afterKeys / 10_000).toFixed(4)} keys once finished`,
    );
  }
  await redis.quit();
} finally {
  await stop();
}
