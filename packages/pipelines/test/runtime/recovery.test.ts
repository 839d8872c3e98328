import { ActorRegistry, type ExecutionStore, type TaskContext } from '@certoai/loom-core';
import { ManualClock } from '@certoai/loom-core/testing';
import { expect, test } from 'vitest';
import { PipelineOrchestrator, type OrchestratorOptions } from '../../src/index.js';
import { stores, type StoreUnderTest } from '../kit/stores.js';

type Actor = (input: never, context: TaskContext) => unknown;

function openEmbedded(): Promise<StoreUnderTest> {
  const [, embedded] = stores;
  if (embedded === undefined) throw new Error('no embedded store');
  return embedded.open();
}

function orchestratorOn(
  store: ExecutionStore,
  actors: Readonly<Record<string, Actor>>,
  options: OrchestratorOptions = {},
): PipelineOrchestrator {
  const registry = new ActorRegistry();
  for (const [type, actor] of Object.entries(actors))
    registry.register(type, actor as (input: unknown) => unknown);
  return new PipelineOrchestrator(undefined, registry, store, undefined, options);
}

const hang = (): Promise<never> => new Promise(() => undefined);
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test('tasks of a recovered execution wait for their actor, say so, and go on when it is registered', async () => {
  await using under = await openEmbedded();
  const first = orchestratorOn(under.store, { slow: hang });
  const { id } = await first.start({ stages: [{ id: 's', actor: 'slow' }] }, 4);
  await first.close();

  const registry = new ActorRegistry();
  await using second = new PipelineOrchestrator(undefined, registry, await under.reopen());
  await second.initialize();
  expect(await second.executions.why(id)).toEqual([
    {
      kind: 'no-worker',
      stage: 's',
      actor: 'slow',
      tasks: 1,
      message: 'No worker runs actor "slow" here; 1 task of stage "s" waits for registerActor("slow", …).',
    },
  ]);
  registry.register('slow', (n: number) => n + 1);
  expect((await (await second.executions.attach(id)).result()).output).toBe(5);
});

test('a recovered task keeps its attempt and its idempotency key', async () => {
  await using under = await openEmbedded();
  const clock = new ManualClock();
  const seen: { readonly attempt: number; readonly key: string }[] = [];
  const look = (_: unknown, { attempt, idempotencyKey }: TaskContext): unknown => {
    seen.push({ attempt, key: idempotencyKey });
    if (attempt === 1) throw new Error('first');
    return attempt === 2 && seen.length === 2 ? hang() : 'done';
  };
  const retry = { maxAttempts: 2, backoff: 'fixed', initialDelayMs: 60_000, jitter: false };
  const first = orchestratorOn(under.store, { look }, { clock });
  const { id } = await first.start({ stages: [{ id: 's', actor: 'look', retry }] });
  await expect
    .poll(() => first.executions.why(id))
    .toContainEqual(expect.objectContaining({ kind: 'backoff' }));
  await first.close();

  // Still in backoff: the next process waits for the rest of it.
  const second = orchestratorOn(await under.reopen(), { look }, { clock });
  await second.initialize();
  expect(await second.executions.why(id)).toContainEqual(expect.objectContaining({ kind: 'backoff' }));
  await clock.advance(60_000);
  await expect.poll(() => seen.length).toBe(2);
  await second.close();

  await using third = orchestratorOn(await under.reopen(), { look }, { clock });
  expect((await (await third.executions.attach(id)).result()).output).toBe('done');
  expect(seen).toEqual([1, 2, 2].map((attempt) => ({ attempt, key: `${id}/s/0` })));
});

test('a task that takes its process with it again and again fails in the end, and names how often', async () => {
  await using under = await openEmbedded();
  const definition = {
    stages: [{ id: 's', mode: 'scatter', scatter: { over: 'input', concurrency: 1 }, actor: 'poison' }],
  };
  const first = orchestratorOn(under.store, { poison: hang }, { maxCrashes: 2 });
  const { id } = await first.start(definition, [1, 2]);
  await first.close();
  for (let crash = 0; crash < 2; crash += 1) {
    const next = orchestratorOn(await under.reopen(), { poison: hang }, { maxCrashes: 2 });
    await next.initialize();
    await next.close();
  }
  await using last = orchestratorOn(await under.reopen(), { poison: hang }, { maxCrashes: 2 });
  const error = await rejection((await last.executions.attach(id)).result());
  expect(error).toMatchObject({ stage: 's', index: 0, cause: { code: 'LOOM_TASK_CRASHED' } });
  expect(String(error)).toContain('handed out 3 times');
});

test('pause, deadline and partial gathers survive a restart', async () => {
  await using under = await openEmbedded();
  const clock = new ManualClock();
  const part = (n: number): unknown => (n > 1 ? hang() : n);
  const definition = {
    stages: [
      {
        id: 'parts',
        mode: 'scatter',
        scatter: { over: 'input' },
        actor: 'part',
        stageTimeoutMs: 90_000,
        onFailure: 'continue',
      },
      { id: 'two', mode: 'gather', gather: { from: 'parts', condition: 'count', count: 2 }, actor: 'slow' },
    ],
    output: { two: '${stages.two.output}', parts: '${stages.parts.status}' },
  };
  const first = orchestratorOn(under.store, { part, slow: hang }, { clock });
  const handle = await first.start(definition, [0, 1, 7, 8]);
  await expect
    .poll(() => first.executions.why(handle.id))
    .toContainEqual(expect.objectContaining({ kind: 'running', stage: 'two' }));
  await handle.pause();
  await first.close();

  await using second = orchestratorOn(
    await under.reopen(),
    { part: (n: number) => n, slow: (items: unknown) => items },
    { clock },
  );
  const again = await second.executions.attach(handle.id);
  expect((await again.status()).status).toBe('paused');
  await again.resume();
  // What it went on with before is what it goes on with now, though more results are there by then.
  expect((await again.result()).output).toEqual({ two: [0, 1], parts: 'completed' });
});

test('finished executions are removed by age', async () => {
  await using under = await openEmbedded();
  const clock = new ManualClock();
  await using orchestrator = orchestratorOn(
    under.store,
    {
      quick: () => 1,
      boom: () => {
        throw new Error('x');
      },
    },
    { clock, retention: { completedMs: 3_600_000, failedMs: 7_200_000 } },
  );
  await orchestrator.execute({ name: 'ok', stages: [{ id: 's', actor: 'quick' }] });
  await rejection(orchestrator.execute({ name: 'bad', stages: [{ id: 's', actor: 'boom' }] }));
  const names = async (): Promise<unknown> =>
    (await orchestrator.executions.list()).items
      .map(({ name }) => name ?? '')
      .sort((a, b) => a.localeCompare(b));
  await clock.advance(3_600_001);
  await orchestrator.execute({ name: 'new', stages: [{ id: 's', actor: 'quick' }] });
  await clock.advance(60_000);
  await expect.poll(names).toEqual(['bad', 'new']);
  await clock.advance(3_600_000);
  await orchestrator.execute({ name: 'newer', stages: [{ id: 's', actor: 'quick' }] });
  await clock.advance(60_000);
  await expect.poll(names).toEqual(['newer']);
});

test('an execution that cannot be picked up says why, and goes on once its mode is registered', async () => {
  await using under = await openEmbedded();
  const twice = {
    plan: () => [
      { actor: 'echo', input: 1 },
      { actor: 'echo', input: 2 },
    ],
  };
  const first = orchestratorOn(under.store, { echo: hang });
  first.registerExecutor('twice', twice);
  const { id } = await first.start({ stages: [{ id: 's', mode: 'twice' }] });
  const healthy = await first.start({ stages: [{ id: 's', actor: 'echo' }] }, 'healthy');
  await first.close();

  await using second = orchestratorOn(await under.reopen(), { echo: (value: unknown) => value });
  expect((await (await second.executions.attach(healthy.id)).result()).output).toBe('healthy');
  const [reason] = await second.executions.why(id);
  expect(reason).toMatchObject({ kind: 'not-served' });
  expect(reason?.message).toContain('"twice"');
  second.registerExecutor('twice', twice);
  await expect.poll(() => second.executions.output(id)).toEqual([1, 2]);
});

test('errors of a stage that failed and went on are the same after a restart, as are the headers', async () => {
  await using under = await openEmbedded();
  const definition = {
    stages: [
      { id: 's', mode: 'scatter', scatter: { over: 'input' }, actor: 'boom', onFailure: 'continue' },
      { id: 'see', actor: 'see', input: '${stages.s.errors[].error.message}' },
    ],
  };
  const boom = (): never => {
    throw new Error('lost');
  };
  const first = orchestratorOn(under.store, { boom, see: hang });
  const { id } = await first.start(definition, [1], { headers: { traceparent: 't' } });
  await expect
    .poll(() => first.executions.why(id))
    .toContainEqual(expect.objectContaining({ kind: 'running', stage: 'see' }));
  await first.close();
  await using second = orchestratorOn(await under.reopen(), {
    boom,
    see: (x: unknown, { trace }: TaskContext) => ({ x, trace }),
  });
  expect((await (await second.executions.attach(id)).result()).output).toEqual({
    x: ['lost'],
    trace: { traceparent: 't' },
  });
});
