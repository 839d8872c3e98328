import { ActorRegistry, ActorWorker, type TaskContext } from '@certoai/loom-core';
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
