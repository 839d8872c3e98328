import { ActorRegistry, ActorWorker, type ExecutionEvent, type TaskContext } from '@certoai/loom-core';
import { ManualClock } from '@certoai/loom-core/testing';
import { InMemoryMessageQueue } from '@certoai/loom-storage/memory';
import { expect, test } from 'vitest';
import { PipelineOrchestrator } from '../../src/index.js';

/** An orchestrator and a worker that share nothing but a queue. */
async function overQueue(actors: Readonly<Record<string, (input: never, context: TaskContext) => unknown>>) {
  const queue = new InMemoryMessageQueue();
  const worker = new ActorWorker('elsewhere', { queue });
  for (const [type, actor] of Object.entries(actors))
    worker.registerActor(type, actor as (input: unknown) => unknown);
  await worker.start();
  const orchestrator = new PipelineOrchestrator(queue, new ActorRegistry());
  return {
    orchestrator,
    worker,
    async [Symbol.asyncDispose]() {
      await orchestrator.close();
      await worker.close();
      await queue.close();
    },
  };
}

test('tasks of actors that live elsewhere go over the queue and come back in order', async () => {
  await using fixture = await overQueue({ double: (n: number) => n * 2 });
  const definition = {
    stages: [
      { id: 's', mode: 'scatter', scatter: { over: 'input' }, actor: 'double' },
      { id: 'one', actor: 'double', input: '${sum(stages.s.output)}' },
    ],
  };
  const items = Array.from({ length: 300 }, (_, n) => n);
  const { output } = await fixture.orchestrator.execute(definition, items);
  expect(output).toBe(items.reduce((sum, n) => sum + n, 0) * 4);
});

test('a failure elsewhere is tried again by the policy of the stage, and named in the end', async () => {
  const attempts: number[] = [];
  await using fixture = await overQueue({
    flaky: (_: unknown, { attempt }: TaskContext) => {
      attempts.push(attempt);
      throw new RangeError(`attempt ${attempt}`);
    },
  });
  const retry = { maxAttempts: 3, backoff: 'fixed', initialDelayMs: 1, jitter: false };
  const error: unknown = await fixture.orchestrator
    .execute({ stages: [{ id: 's', actor: 'flaky', retry }] })
    .catch((thrown: unknown) => thrown);
  expect(attempts).toEqual([1, 2, 3]);
  expect(error).toMatchObject({
    stage: 's',
    attempt: 3,
    actor: 'flaky',
    cause: { name: 'RangeError', message: 'attempt 3' },
  });
});

test('an actor registered here is called here, the queue is not asked', async () => {
  await using fixture = await overQueue({ where: () => 'elsewhere' });
  fixture.orchestrator.worker.registerActor('where', () => 'here');
  expect((await fixture.orchestrator.execute({ stages: [{ id: 's', actor: 'where' }] })).output).toBe('here');
});

test('cancel does not wait for a worker that never answers', async () => {
  await using fixture = await overQueue({ hang: () => new Promise(() => undefined) });
  const handle = await fixture.orchestrator.start({ stages: [{ id: 's', actor: 'hang' }] });
  await expect.poll(() => fixture.worker.activity()['hang']?.running).toBe(1);
  await handle.cancel();
  expect(await handle.result().catch((error: unknown) => error)).toMatchObject({ status: 'cancelled' });
});

test('a task that is taken back ran from its first sign of life, and without one it was queued all the time', async () => {
  const queue = new InMemoryMessageQueue();
  await using worker = new ActorWorker('elsewhere', { queue });
  let begin!: () => void;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  worker.registerActor(
    'slow',
    async (_: unknown, context: TaskContext) => {
      await begun;
      context.progress('begun');
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve, { once: true }));
    },
    { concurrency: 1 },
  );
  await worker.start();
  const clock = new ManualClock({ startAt: 1_000 });
  const events: ExecutionEvent[] = [];
  const sink = { observe: (event: ExecutionEvent) => void events.push(event) };
  await using orchestrator = new PipelineOrchestrator(queue, new ActorRegistry(), undefined, sink, { clock });
  const stage = { id: 's', mode: 'scatter', scatter: { over: 'input', concurrency: 2 }, actor: 'slow' };
  const handle = await orchestrator.start({ stages: [stage] }, [1, 2]);
  await expect.poll(() => worker.activity()['slow']?.running).toBe(1);
  await clock.advance(700);
  begin();
  await expect.poll(() => events.some(({ type }) => type === 'task:progressed')).toBe(true);
  await clock.advance(300);
  await handle.cancel();
  await handle.result().catch(() => undefined);
  const ends = events.filter((event) => event.type === 'task:cancelled');
  expect(ends).toMatchObject([
    { index: 0, at: 2_000, durationMs: 300, queuedMs: 700 },
    { index: 1, at: 2_000, durationMs: 0, queuedMs: 1_000 },
  ]);
});
