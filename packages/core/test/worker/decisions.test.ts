import { Actor, type ModelDecision } from '@certoai/loom-core';
import { expect, test } from 'vitest';
import { openQueue, taskBody } from '../support/open-queue.ts';
import { openWorker, recordingLogger, type LogLine } from '../support/open-worker.ts';
import { task } from '../support/task.ts';

const decision: ModelDecision = {
  model: 'small',
  inputTokens: 10,
  outputTokens: 2,
  cost: 0.001,
  outcome: 'approve',
};

test('what a model decided goes with the outcome, whatever the outcome and the kind of actor', async () => {
  const { worker } = openWorker();
  worker.registerActor('function', (_input, context) => {
    context.decision(decision);
    context.decision({ model: 'large', reasoning: 'why' });
    return 1;
  });
  worker.registerActor('failing', async (_input, context) => {
    context.decision(decision);
    throw new Error('no');
  });
  class Deciding extends Actor {
    onReceive(): number {
      this.context.decision(decision);
      return 1;
    }
  }
  worker.registerActor('class', Deciding);
  expect(await worker.run(task({ actor: 'function' }))).toEqual({
    kind: 'completed',
    output: '1',
    decisions: [decision, { model: 'large', reasoning: 'why' }],
  });
  expect(await worker.run(task({ actor: 'failing' }))).toMatchObject({
    kind: 'failed',
    decisions: [decision],
  });
  expect(await worker.run(task({ actor: 'class' }))).toMatchObject({
    kind: 'completed',
    decisions: [decision],
  });
});

test('is a copy, and what cannot be one is logged and harms nobody', async () => {
  const lines: LogLine[] = [];
  const { worker } = openWorker({ logger: recordingLogger(lines) });
  const changing = { model: 'small' };
  worker.registerActor('a', (_input, context) => {
    context.decision(changing);
    changing.model = 'other';
    context.decision({ model: 'x'.repeat(70_000) });
    context.decision({ model: 1n } as unknown as ModelDecision);
    return 1;
  });
  expect(await worker.run(task())).toEqual({
    kind: 'completed',
    output: '1',
    decisions: [{ model: 'small' }],
  });
  expect(lines.map(({ message }) => message)).toEqual(Array(2).fill('Decision was not recorded'));
});

test('comes with the report of a task from the queue; for a message it is nobody’s', async () => {
  const { clock, open, send, reports } = openQueue();
  const worker = open();
  worker.registerActor('a', (_input, context) => (context.decision(decision), 1));
  await worker.start();
  await send(taskBody());
  await clock.advance(10);
  expect(reports()).toMatchObject([{ outcome: { kind: 'completed', decisions: [decision] } }]);
  expect(await worker.ask('a', 'hi')).toBe(1);
});
