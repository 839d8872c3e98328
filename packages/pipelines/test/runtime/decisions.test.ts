import { ActorRegistry, ActorWorker, type TaskContext } from '@certoai/loom-core';
import { PipelineTracer } from '@certoai/loom-observability';
import { InMemoryMessageQueue } from '@certoai/loom-storage/memory';
import { expect, test } from 'vitest';
import { Loom, PipelineOrchestrator } from '../../src/index.js';

const definition = {
  name: 'claims',
  stages: [
    {
      id: 'judge',
      actor: 'judge',
      retry: { maxAttempts: 2, backoff: 'fixed', initialDelayMs: 1, jitter: false },
    },
    { id: 'pay', actor: 'pay' },
  ],
};

/** Asks a small model, fails, and asks it and a large one. */
function judge(_: unknown, context: TaskContext): string {
  context.decision({ model: 'small', inputTokens: 100, outputTokens: 10, cost: 0.1 });
  if (context.attempt === 1) throw new Error('No JSON.');
  context.decision({
    model: 'large',
    inputTokens: 1_000,
    outputTokens: 50,
    cost: 0.2,
    reasoning: 'Covered.',
  });
  return 'pay';
}

const usage = {
  decisions: 3,
  inputTokens: 1_200,
  outputTokens: 70,
  cost: { USD: 0.4 },
  models: [
    { model: 'large', decisions: 1, inputTokens: 1_000, outputTokens: 50, cost: { USD: 0.2 } },
    { model: 'small', decisions: 2, inputTokens: 200, outputTokens: 20, cost: { USD: 0.2 } },
  ],
};

test('a platform tells what the models of an execution cost, attempts that failed included', async () => {
  await using loom = new Loom({ observability: { tracing: true } });
  loom.registerActor('judge', judge);
  loom.registerActor('pay', () => 'paid');
  const { executionId } = await loom.executePipeline(definition, {});
  const tracer = await loom.tracer();
  expect(await tracer?.cost(executionId)).toEqual({
    executionId,
    ...usage,
    stages: [{ stage: 'judge', ...usage }],
  });
  const spans = await tracer?.recorder.spans(executionId);
  const decisions = spans?.flatMap((span) => (span.kind === 'attempt' ? (span.decisions ?? []) : []));
  expect(decisions?.map(({ model, reasoning }) => [model, reasoning])).toEqual([
    ['small', undefined],
    ['small', undefined],
    ['large', 'Covered.'],
  ]);
});

test('so it does when the actors are elsewhere, behind a queue', async () => {
  await using queue = new InMemoryMessageQueue();
  await using worker = new ActorWorker('elsewhere', { queue });
  worker.registerActor('judge', judge);
  worker.registerActor('pay', () => 'paid');
  await worker.start();
  await using tracer = new PipelineTracer();
  await using orchestrator = new PipelineOrchestrator(queue, new ActorRegistry(), undefined, tracer);
  const { executionId } = await orchestrator.execute(definition, {});
  expect(await tracer.cost(executionId)).toEqual({
    executionId,
    ...usage,
    stages: [{ stage: 'judge', ...usage }],
  });
});
