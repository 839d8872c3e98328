// What tracing costs: the same executions with a tracer and without one, in turns, in memory, on the embedded
// store with its traces in the same folder, and on Redis with its traces in memory. Throughput is of the wall clock;
// processor time is that of this process, all its threads, and tells more where other programs run.
// An argument selects one of `memory`, `embedded` and `redis`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActorRegistry, ReleaseStack, type ExecutionStore } from '@certoai/loom-core';
import { ExecutionTraceRecorder, openSqliteTraceStore, PipelineTracer } from '@certoai/loom-observability';
import { PipelineOrchestrator, type DefinitionInput } from '@certoai/loom-pipelines';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import { Redis } from 'ioredis';
import { startRedis } from '../../../scripts/redis/start-redis.mjs';

const rounds = 7;
const step = (value: { readonly n: number }) => ({ n: value.n + 1 });
const items = Array.from({ length: 1_000 }, (_, n) => n);

interface Shape {
  readonly name: string;
  readonly definition: DefinitionInput;
  readonly input: unknown;
  /** Executions at the same time. */
  readonly width: number;
}

const fiveStages: Shape = {
  name: '5 stages, 100 in flight',
  definition: { stages: ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, actor: 'step' })) },
  input: { n: 0 },
  width: 100,
};
const fanOut: Shape = {
  name: 'scatter of 1000 and gather',
  definition: {
    stages: [
      {
        id: 'each',
        mode: 'scatter',
        scatter: { over: 'input.items', as: 'x', concurrency: 1_000 },
        actor: 'step',
        input: { n: '${x}' },
      },
      { id: 'join', mode: 'gather', gather: { from: 'each' } },
    ],
  },
  input: { items },
  width: 1,
};

/** Where executions live. */
interface Place {
  readonly name: 'memory' | 'embedded' | 'redis';
  /** Executions of five stages, and fan-outs, in a round. */
  readonly counts: readonly [number, number];
  open(releases: ReleaseStack, isTraced: boolean): Promise<Opened>;
}
interface Opened {
  readonly store?: ExecutionStore | undefined;
  readonly recorder?: ExecutionTraceRecorder | undefined;
}

function inMemoryTraces(releases: ReleaseStack, isTraced: boolean): ExecutionTraceRecorder | undefined {
  const recorder = isTraced ? new ExecutionTraceRecorder() : undefined;
  if (recorder !== undefined) releases.add('recorder', () => recorder.close());
  return recorder;
}

const memory: Place = {
  name: 'memory',
  counts: [4_000, 30],
  open: async (releases, isTraced) => ({ recorder: inMemoryTraces(releases, isTraced) }),
};

const embedded: Place = {
  name: 'embedded',
  counts: [2_000, 15],
  async open(releases, isTraced) {
    const folder = mkdtempSync(join(tmpdir(), 'loom-bench-'));
    releases.add('folder', () => rmSync(folder, { recursive: true }));
    const store = await openEmbeddedStore({ path: folder });
    releases.add('store', () => store.close());
    if (!isTraced) return { store: store.executions };
    const traces = await openSqliteTraceStore({ folder });
    releases.add('traces', () => traces.close());
    const recorder = new ExecutionTraceRecorder(undefined, { store: traces });
    releases.add('recorder', () => recorder.close());
    return { store: store.executions, recorder };
  },
};

function onRedis(url: string): Place {
  return {
    name: 'redis',
    counts: [1_000, 10],
    async open(releases, isTraced) {
      const redis = new Redis(url, { maxRetriesPerRequest: null });
      releases.add('redis', () => redis.quit());
      const store = new RedisExecutionStore(redis);
      releases.add('store', () => store.close());
      return { store, recorder: inMemoryTraces(releases, isTraced) };
    },
  };
}

interface Contender {
  run(shape: Shape, count: number): Promise<void>;
  close(): Promise<void>;
}

async function contender(place: Place, isTraced: boolean): Promise<Contender> {
  const releases = new ReleaseStack();
  const registry = new ActorRegistry();
  registry.register('step', step, { concurrency: 10_000 });
  const { store, recorder } = await place.open(releases, isTraced);
  const tracer = recorder && new PipelineTracer(recorder);
  const orchestrator = new PipelineOrchestrator(undefined, registry, store, tracer);
  await orchestrator.initialize();
  releases.add('orchestrator', () => orchestrator.close());
  return {
    async run({ definition, input, width }, count) {
      let left = count;
      const lane = async (): Promise<void> => {
        for (; left > 0; left--) await orchestrator.execute(definition, input);
      };
      await Promise.all(Array.from({ length: width }, lane));
      await recorder?.flush();
      const { droppedEvents = 0, unwrittenRecords = 0 } = recorder?.loss() ?? {};
      if (droppedEvents + unwrittenRecords > 0)
        throw new Error('Traces were lost, so the figures are wrong.');
    },
    close: () => releases.close(),
  };
}

/** Microseconds of an execution: the median of all rounds. */
interface Cost {
  readonly wall: number;
  readonly processor: number;
}

async function measure(run: () => Promise<void>, count: number): Promise<Cost> {
  const before = process.cpuUsage();
  const started = performance.now();
  await run();
  const wall = ((performance.now() - started) * 1_000) / count;
  const { user, system } = process.cpuUsage(before);
  return { wall, processor: (user + system) / count };
}

function median(costs: readonly Cost[]): Cost {
  const middle = (values: readonly number[]): number =>
    values.toSorted((left, right) => left - right)[values.length >> 1] ?? Number.NaN;
  return {
    wall: middle(costs.map(({ wall }) => wall)),
    processor: middle(costs.map(({ processor }) => processor)),
  };
}

async function compare(place: Place): Promise<void> {
  const contenders = [await contender(place, false), await contender(place, true)] as const;
  for (const [number, shape] of [fiveStages, fanOut].entries()) {
    const count = place.counts[number] ?? 1;
    const [off, on]: [Cost[], Cost[]] = [[], []];
    for (let round = -1; round < rounds; round++) {
      // The first round compiles the code. Who goes first changes, because what one leaves behind slows the next.
      for (const traced of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const cost = await measure(() => (contenders[traced] as Contender).run(shape, count), count);
        if (round >= 0) (traced === 1 ? on : off).push(cost);
      }
    }
    report(place, shape, median(off), median(on));
  }
  for (const one of contenders) await one.close();
}

function report(place: Place, shape: Shape, off: Cost, on: Cost): void {
  const throughput = ((off.wall / on.wall) * 100).toFixed(0).padStart(3);
  const processor = ((on.processor / off.processor - 1) * 100).toFixed(0).padStart(3);
  const more = (on.processor - off.processor).toFixed(1).padStart(7);
  console.log(
    `${place.name.padEnd(9)} ${shape.name.padEnd(27)} ${throughput} % of the throughput without; ` +
      `${more} us of processor time an execution, ${processor} % of ${off.processor.toFixed(0)} us`,
  );
}

const [only] = process.argv.slice(2);
for (const place of [memory, embedded]) if (only === undefined || only === place.name) await compare(place);
if (only === undefined || only === 'redis') {
  const { url, kind, real, stop } = await startRedis();
  try {
    if (real) await compare(onRedis(url));
    else console.log(`redis: only ${kind} is here, which measures itself; set REDIS_URL`);
  } finally {
    await stop();
  }
}
