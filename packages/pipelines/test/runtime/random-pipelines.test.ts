import { ActorRegistry, type ExecutionStore } from '@certoai/loom-core';
import { describe, expect, test } from 'vitest';
import { PipelineOrchestrator } from '../../src/index.js';
import { crashingStore, type CrashPoint } from '../kit/crashing-store.js';
import { randomPipeline, registerActors, seeded, type RandomPipeline } from '../kit/random-pipeline.js';
import { stores } from '../kit/stores.js';

/** Tasks take their time in random order, and some fail before they succeed. */
function unsettledRegistry(seed: number, runs: Map<string, number>): ActorRegistry {
  const random = seeded(seed);
  const registry = new ActorRegistry();
  registerActors(
    (type, actor, options) => registry.register(type, actor, options),
    async (task, { attempt }) => {
      runs.set(task, (runs.get(task) ?? 0) + 1);
      for (let turns = Math.floor(random() * 4); turns > 0; turns -= 1) await new Promise(setImmediate);
      if (attempt < 3 && random() < 0.2) throw new Error(`not yet: ${task}`);
    },
  );
  return registry;
}

async function finish(
  store: ExecutionStore,
  seed: number,
  { definition, input }: RandomPipeline,
  runs: Map<string, number>,
) {
  await using orchestrator = new PipelineOrchestrator(undefined, unsettledRegistry(seed, runs), store);
  return (await orchestrator.execute(definition, input, { idempotencyKey: 'once' })).output;
}

/** Dies at `crash`, then goes on in a new orchestrator over what reached the store. */
async function finishDespite(
  inner: ExecutionStore,
  crash: CrashPoint,
  seed: number,
  pipeline: RandomPipeline,
  runs: Map<string, number>,
) {
  const registry = unsettledRegistry(seed, runs);
  const died = new Promise<void>((resolve) => {
    const orchestrator = new PipelineOrchestrator(
      undefined,
      registry,
      crashingStore(inner, crash, () => {
        void orchestrator.close();
        resolve();
      }),
    );
    orchestrator.execute(pipeline.definition, pipeline.input, { idempotencyKey: 'once' }).then(
      () => resolve(),
      () => undefined,
    );
  });
  await died;
  const output = await finish(crashingStore(inner), seed + 1, pipeline, runs);
  return { output, executions: (await inner.list({})).items.map(({ status }) => status) };
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, seed) => seed);

describe.each(stores)('random pipelines on a store $name', ({ name, open }) => {
  test.for(numbers(name === 'embedded' ? 25 : 100))(
    'seed %i comes to what a plain interpreter says',
    async (seed) => {
      await using under = await open();
      const pipeline = randomPipeline(seed, 9);
      const runs = new Map<string, number>();
      expect(await finish(under.store, seed, pipeline, runs)).toEqual(pipeline.expected);
      expect([...runs.keys()].sort()).toEqual([...pipeline.tasks].sort());
    },
  );

  test.for(numbers(name === 'embedded' ? 3 : 12))('seed %i survives a crash at every write', async (seed) => {
    const pipeline = randomPipeline(seed, 6);
    await using first = await open();
    const counting = crashingStore(first.store);
    await finish(counting, seed, pipeline, new Map());
    for (let write = 0; write <= counting.writes; write += 1) {
      for (const applied of [false, true]) {
        await using under = await open();
        const runs = new Map<string, number>();
        const { output, executions } = await finishDespite(
          under.store,
          { write, applied },
          seed,
          pipeline,
          runs,
        );
        expect({ write, applied, output, executions }).toEqual({
          write,
          applied,
          output: pipeline.expected,
          executions: ['completed'],
        });
        expect([...runs.keys()].sort()).toEqual([...pipeline.tasks].sort());
      }
    }
  });
});
