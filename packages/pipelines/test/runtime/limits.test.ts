import { ActorRegistry, type ActorFunction, type RegisterOptions } from '@certoai/loom-core';
import { expect, test } from 'vitest';
import { PipelineOrchestrator } from '../../src/index.js';

/** Counts how many tasks of each key run at once, and lets them end one turn later. */
class Gauge {
  readonly most = new Map<string, number>();
  readonly order: string[] = [];
  readonly #running = new Map<string, number>();

  readonly actor: ActorFunction = async (input) => {
    const key = String((input as { readonly key: unknown }).key);
    const now = (this.#running.get(key) ?? 0) + 1;
    this.#running.set(key, now);
    this.most.set(key, Math.max(this.most.get(key) ?? 0, now));
    await new Promise((resolve) => setImmediate(resolve));
    this.#running.set(key, (this.#running.get(key) ?? 0) - 1);
    this.order.push(key);
    return key;
  };
}

function orchestratorWith(actor: ActorFunction, options?: RegisterOptions): PipelineOrchestrator {
  const registry = new ActorRegistry();
  registry.register('work', actor, options);
  return new PipelineOrchestrator(undefined, registry);
}

const scatter = (limit?: object) => ({
  stages: [
    { id: 's', mode: 'scatter', scatter: { over: 'input', concurrency: 1_000 }, actor: 'work', limit },
  ],
});
const noisyAndQuiet = [...Array.from({ length: 200 }, () => ({ key: 'noisy' })), { key: 'quiet' }];

test('a limit by key holds without any queue, and keys take turns', async () => {
  const gauge = new Gauge();
  await using orchestrator = orchestratorWith(gauge.actor);
  const definition = scatter({ key: '${item.key}', concurrency: 3 });
  const { output } = await orchestrator.execute(definition, noisyAndQuiet);
  expect(output).toEqual(noisyAndQuiet.map(({ key }) => key));
  expect(gauge.most.get('noisy')).toBe(3);
  expect(gauge.order.indexOf('quiet')).toBeLessThan(20);
});

test('executions share the limit of a key', async () => {
  const gauge = new Gauge();
  await using orchestrator = orchestratorWith(gauge.actor);
  const definition = { stages: [{ id: 's', actor: 'work', limit: { key: '${input.key}', concurrency: 2 } }] };
  await Promise.all(Array.from({ length: 20 }, () => orchestrator.execute(definition, { key: 'a' })));
  expect(gauge.most.get('a')).toBe(2);
});

test('an actor type says its limit once, for every stage that says none', async () => {
  const gauge = new Gauge();
  const key = (input: unknown): unknown => (input as { readonly key: unknown }).key;
  await using orchestrator = orchestratorWith(gauge.actor, { limit: { key, concurrency: 1 } });
  await orchestrator.execute(scatter(), noisyAndQuiet);
  expect(gauge.most.get('noisy')).toBe(1);
});

test('keys that are no text, or are too long for a queue, are told apart', async () => {
  const gauge = new Gauge();
  await using orchestrator = orchestratorWith(gauge.actor);
  const keys = [1, 2, null, { a: 1 }, 'x'.repeat(5_000), `${'x'.repeat(5_000)}y`, ''];
  const definition = scatter({ key: '${item.of}', concurrency: 1 });
  await orchestrator.execute(
    definition,
    keys.flatMap((of, place) => [
      { of, key: place },
      { of, key: place },
    ]),
  );
  expect([...gauge.most.values()]).toEqual(keys.map(() => 1));
  expect(gauge.order.slice(0, keys.length).sort()).toEqual(keys.map((_, place) => String(place)));
});

test('a task that waits for its key says so, and is cancelled before it begins', async () => {
  let begun = 0;
  await using orchestrator = orchestratorWith(() => {
    begun += 1;
    return new Promise(() => undefined);
  });
  const rate = { limit: 1, perMs: 3_600_000 };
  const limited = await orchestrator.start(scatter({ key: '${item}', concurrency: 1 }), ['a', 'a']);
  const rated = await orchestrator.start(scatter({ key: 'hourly', rate }), ['b', 'b']);
  await expect.poll(() => begun).toBe(2);
  const kinds = async (id: string): Promise<readonly string[]> =>
    (await orchestrator.executions.why(id)).map(({ kind }) => kind);
  await expect.poll(() => kinds(limited.id)).toEqual(['concurrency-limit', 'running']);
  await expect.poll(() => kinds(rated.id)).toEqual(['rate-limit', 'running']);
  await Promise.all([limited.cancel(), rated.cancel()]);
  expect(begun).toBe(2);
});

test('a limit that says nothing, and numbers that are none, are refused', async () => {
  await using orchestrator = orchestratorWith(() => null);
  for (const limit of [{}, { concurrency: 0 }, { rate: { limit: 1 } }, { key: '' }, { key: '${nothing.at}' }])
    await expect(orchestrator.start(scatter(limit), [])).rejects.toMatchObject({
      code: 'LOOM_INVALID_DEFINITION',
    });
  for (const limit of [{ concurrency: Number.NaN }, { rate: { limit: 0, perMs: 1 } }])
    expect(() => new ActorRegistry().register('x', () => null, { limit })).toThrow('limit.');
});
