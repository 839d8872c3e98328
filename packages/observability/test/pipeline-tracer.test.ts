import { isLoomError, type ErrorRecord, type ExecutionEvent, type TraceSink } from '@certoai/loom-core';
import { ExecutionTraceRecorder, PipelineTracer, type SpanTree } from '@certoai/loom-observability';
import { describe, expect, test } from 'vitest';
import { randomExecution } from './support/random-execution.js';
import { eventfulExecution } from './support/eventful-execution.js';
import { dice } from './support/random.js';
import { wideExecution } from './support/wide-execution.js';

function tracerOf(...streams: readonly (readonly ExecutionEvent[])[]): PipelineTracer {
  const tracer = new PipelineTracer();
  for (const event of streams.flat()) tracer.observe(event);
  return tracer;
}

function outline({ span, children }: SpanTree): unknown {
  const name =
    span.kind === 'execution'
      ? span.executionId
      : span.kind === 'stage'
        ? span.stage
        : span.kind === 'approval'
          ? span.approval
          : `${span.index}/${span.attempt}`;
  return children.length === 0 ? name : { [name]: children.map(outline) };
}

describe('a tracer', () => {
  test('passes what it observes on to its recorder, and reads what others recorded there', async () => {
    await using recorder = new ExecutionTraceRecorder();
    const tracer = new PipelineTracer(recorder);
    const sink: TraceSink = tracer;
    sink.observe({ type: 'execution:started', executionId: 'by-tracer', at: 1 });
    recorder.observe({ type: 'execution:started', executionId: 'by-recorder', at: 1 });
    const { items } = await tracer.executions();
    expect(items.map(({ executionId }) => executionId)).toEqual(['by-tracer', 'by-recorder']);
    expect(await tracer.summary('by-recorder')).toEqual(await recorder.summary('by-recorder'));
  });

  test('leaves a recorder it was given open, and closes the one it made', async () => {
    await using recorder = new ExecutionTraceRecorder();
    await new PipelineTracer(recorder).close();
    expect((await recorder.query()).items).toEqual([]);
    const tracer = new PipelineTracer();
    await tracer.close();
    await tracer.close();
    await expect(tracer.executions()).rejects.toSatisfy((error) => isLoomError(error, 'LOOM_CLOSED'));
    await expect(tracer.tree('a')).rejects.toSatisfy((error) => isLoomError(error, 'LOOM_CLOSED'));
  });

  test('says undefined for an execution nobody knows', async () => {
    await using tracer = tracerOf();
    expect(await tracer.tree('nobody')).toBeUndefined();
    expect(await tracer.summary('nobody')).toBeUndefined();
    expect(await tracer.criticalPath('nobody')).toBeUndefined();
    expect(await tracer.slowestStages({ executionId: 'nobody' })).toEqual([]);
    expect(await tracer.failureGroups({ executionId: 'nobody' })).toEqual([]);
  });
});

test('the cost of an execution is told by stage and model; of one without decisions it is nothing', async () => {
  await using tracer = tracerOf(eventfulExecution('a'), [
    { type: 'execution:started', executionId: 'b', at: 1 },
  ]);
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
  expect(await tracer.cost('a')).toEqual({
    executionId: 'a',
    ...usage,
    stages: [{ stage: 'judge', ...usage }],
  });
  expect(await tracer.cost('b')).toEqual({
    executionId: 'b',
    decisions: 0,
    inputTokens: 0,
    outputTokens: 0,
    cost: {},
    models: [],
    stages: [],
  });
  expect(await tracer.cost('nobody')).toBeUndefined();
});

test('the time that a human took, and that a compensation took after its stage, are on the critical path', async () => {
  await using tracer = tracerOf(eventfulExecution('a'));
  const path = (await tracer.criticalPath('a')) ?? [];
  expect(path.map(({ span, durationMs }) => [span.kind, durationMs])).toEqual([
    ['attempt', 100],
    ['attempt', 200],
    ['attempt', 10],
    ['approval', 8_000],
    ['attempt', 10],
    ['stage', 180],
    ['attempt', 100],
    ['compensation', 50],
    ['execution', 50],
    ['compensation', 200],
    ['execution', 100],
  ]);
});

test('an attempt to undo that failed is a failure of its own', async () => {
  await using tracer = tracerOf(eventfulExecution('a'));
  const groups = await tracer.failureGroups();
  expect(
    groups.map(({ fingerprint, count, retried, stages }) => [fingerprint, count, retried, stages]),
  ).toEqual(
    expect.arrayContaining([
      ['E_BUSY: Busy.', 1, 1, ['judge']],
      ['E_BANK: The bank is closed.', 1, 0, ['pay']],
      ['Error: No JSON.', 1, 1, ['judge']],
    ]),
  );
  expect(groups).toHaveLength(3);
});

describe('the tree', () => {
  test('has approvals below the attempts that wait for them, and compensations below their stage', async () => {
    await using tracer = tracerOf(eventfulExecution('a'));
    const tree = await tracer.tree('a');
    expect(tree && outline(tree)).toEqual({
      a: [{ judge: ['0/1', '0/2', '0/1', '0/2'] }, { approve: [{ '0/1': ['pay'] }] }, { pay: ['0/1'] }],
    });
  });

  test('has stages in the order they came, and attempts by task and number', async () => {
    const task = { executionId: 'a', token: 1, actor: 'x', at: 2 } as const;
    await using tracer = tracerOf([
      { type: 'execution:started', executionId: 'a', at: 1 },
      { ...task, stage: 'split', type: 'task:started', index: 1, attempt: 1 },
      { ...task, stage: 'split', type: 'task:started', index: 0, attempt: 2 },
      { ...task, stage: 'split', type: 'task:started', index: 0, attempt: 1 },
      { ...task, stage: 'classify', type: 'task:started', index: 0, attempt: 1 },
      { type: 'stage:skipped', executionId: 'a', stage: 'alarm', at: 2 },
    ]);
    const tree = await tracer.tree('a');
    expect(tree && outline(tree)).toEqual({
      a: [{ split: ['0/1', '0/2', '1/1'] }, { classify: ['0/1'] }, 'alarm'],
    });
  });

  test('holds every span of its execution once, and none of another', async () => {
    const streams = Array.from({ length: 30 }, (_, seed) =>
      randomExecution(dice(seed), { executionId: `e-${seed}` }),
    );
    await using tracer = tracerOf(...streams);
    for (let seed = 0; seed < 30; seed++) {
      const tree = await tracer.tree(`e-${seed}`);
      const spans = await tracer.recorder.spans(`e-${seed}`);
      const inTree = tree === undefined ? [] : flatten(tree).map(({ span }) => span);
      expect(inTree).toHaveLength(spans.length);
      expect(new Set(inTree)).toEqual(new Set(spans));
      expect(new Set(inTree.map(({ executionId }) => executionId))).toEqual(new Set([`e-${seed}`]));
    }
  });
});

describe('the critical path', () => {
  test('goes through what others waited for, and names the gaps by what they belong to', async () => {
    const at = (stage: string) => ({ executionId: 'a', stage }) as const;
    const error: ErrorRecord = { name: 'Error', message: 'again' };
    await using tracer = tracerOf([
      { type: 'execution:started', executionId: 'a', at: 0 },
      { ...at('fast'), type: 'stage:started', at: 10, tasks: 1 },
      { ...at('slow'), type: 'stage:started', at: 10, tasks: 1 },
      {
        ...at('fast'),
        type: 'task:completed',
        index: 0,
        attempt: 1,
        token: 1,
        actor: 'x',
        at: 20,
        durationMs: 10,
      },
      { ...at('fast'), type: 'stage:completed', at: 20, tasks: 1, failed: 0 },
      {
        ...at('slow'),
        type: 'task:failed',
        index: 0,
        attempt: 1,
        token: 1,
        actor: 'x',
        at: 30,
        durationMs: 15,
        error,
        willRetry: true,
        delayMs: 50,
      },
      {
        ...at('slow'),
        type: 'task:completed',
        index: 0,
        attempt: 2,
        token: 1,
        actor: 'x',
        at: 100,
        durationMs: 20,
      },
      { ...at('slow'), type: 'stage:completed', at: 100, tasks: 1, failed: 0 },
      { type: 'execution:finished', executionId: 'a', at: 105, status: 'completed' },
    ]);
    const path = await tracer.criticalPath('a');
    expect(
      path?.map(({ span, startedAt, endedAt }) => [outline({ span, children: [] }), startedAt, endedAt]),
    ).toEqual([
      ['a', 0, 10],
      ['slow', 10, 15],
      ['0/1', 15, 30],
      ['slow', 30, 80],
      ['0/2', 80, 100],
      ['a', 100, 105],
    ]);
    expect((await tracer.summary('a'))?.criticalPath).toEqual([
      { stage: 'slow', startedAt: 10, durationMs: 90 },
    ]);
  });

  test('of an execution that goes on leads to what it is doing now', async () => {
    const place = { executionId: 'a', stage: 's', index: 0, attempt: 1, token: 1, actor: 'x' } as const;
    await using tracer = tracerOf([
      { type: 'execution:started', executionId: 'a', at: 0 },
      { type: 'stage:started', executionId: 'a', stage: 's', at: 5, tasks: 2 },
      { ...place, type: 'task:started', at: 10 },
      { ...place, index: 1, type: 'task:completed', at: 40, durationMs: 2 },
    ]);
    const path = await tracer.criticalPath('a');
    expect(path?.map(({ span, startedAt, endedAt }) => [span.kind, startedAt, endedAt])).toEqual([
      ['execution', 0, 5],
      ['stage', 5, 10],
      ['attempt', 10, 40],
    ]);
    expect((await tracer.summary('a'))?.criticalPath).toEqual([{ stage: 's', startedAt: 5, durationMs: 35 }]);
  });

  test('covers the time of every execution without gap or overlap', async () => {
    const streams = Array.from({ length: 100 }, (_, seed) =>
      randomExecution(dice(seed), { executionId: `e-${seed}` }),
    );
    await using tracer = tracerOf(...streams);
    for (let seed = 0; seed < 100; seed++) {
      const summary = await tracer.summary(`e-${seed}`);
      const path = (await tracer.criticalPath(`e-${seed}`)) ?? [];
      let reached = summary?.startedAt ?? Number.NaN;
      for (const { startedAt, endedAt, durationMs, span } of path) {
        expect(startedAt).toBe(reached);
        expect(durationMs).toBe(endedAt - startedAt);
        expect(durationMs).toBeGreaterThan(0);
        expect(span.startedAt).toBeLessThanOrEqual(startedAt);
        expect(span.endedAt ?? Infinity).toBeGreaterThanOrEqual(endedAt);
        reached = endedAt;
      }
      expect(reached - (summary?.startedAt ?? 0)).toBe(summary?.durationMs);
    }
  });

  test('of 10 000 tasks one after the other has them all', async () => {
    await using tracer = tracerOf(wideExecution('a', 10_000));
    expect((await tracer.criticalPath('a'))?.length).toBeGreaterThanOrEqual(10_000);
  });
});

describe('the slowest stages', () => {
  const run = (executionId: string, name: string, slowMs: number): ExecutionEvent[] => [
    { type: 'execution:started', executionId, at: 0, name },
    { type: 'stage:started', executionId, stage: 'slow', at: 0, tasks: 1 },
    {
      type: 'task:completed',
      executionId,
      stage: 'slow',
      index: 0,
      attempt: 1,
      token: 1,
      actor: 'x',
      at: slowMs,
      durationMs: slowMs - 2,
    },
    { type: 'stage:completed', executionId, stage: 'slow', at: slowMs, tasks: 1, failed: 0 },
    { type: 'stage:started', executionId, stage: 'quick', at: slowMs, tasks: 1 },
    { type: 'stage:completed', executionId, stage: 'quick', at: slowMs + 1, tasks: 1, failed: 0 },
    { type: 'stage:skipped', executionId, stage: 'never', at: slowMs },
  ];

  test('are those with the longest mean duration, by pipeline', async () => {
    await using tracer = tracerOf(run('a', 'orders', 100), run('b', 'orders', 300), run('c', 'claims', 250));
    expect(await tracer.slowestStages()).toMatchObject([
      { name: 'claims', stage: 'slow', executions: 1, meanDurationMs: 250, longestExecutionId: 'c' },
      {
        name: 'orders',
        stage: 'slow',
        executions: 2,
        meanDurationMs: 200,
        longestDurationMs: 300,
        longestExecutionId: 'b',
        meanRunMs: 198,
        meanQueueWaitMs: 2,
        meanRetryWaitMs: 0,
      },
      { name: 'claims', stage: 'quick' },
      { name: 'orders', stage: 'quick' },
    ]);
  });

  test('are taken from the executions that the filter selects', async () => {
    await using tracer = tracerOf(run('a', 'orders', 100), run('b', 'orders', 300));
    expect((await tracer.slowestStages({ executionId: 'a' }))[0]).toMatchObject({ meanDurationMs: 100 });
    expect((await tracer.slowestStages({ limit: 1 }))[0]).toMatchObject({ meanDurationMs: 300 });
    expect(await tracer.slowestStages({ name: 'nobody' })).toEqual([]);
  });
});

describe('failure groups', () => {
  const place = { stage: 'price', token: 1, actor: 'pricer' } as const;
  const failed = (
    executionId: string,
    index: number,
    at: number,
    message: string,
    willRetry = false,
  ): ExecutionEvent => {
    const error = { name: 'TypeError', message, code: 'E_TOTAL' };
    return {
      ...place,
      type: 'task:failed',
      executionId,
      index,
      attempt: 1,
      at,
      durationMs: 1,
      error,
      willRetry,
    };
  };

  test('bring together what differs in ids, numbers and quoted values', async () => {
    await using tracer = tracerOf([
      failed('a', 0, 10, 'Invoice "x" has no total (line 7).', true),
      failed('a', 1, 11, 'Invoice "y" has no total (line 12).'),
      failed('b', 0, 12, 'Invoice "z" has no total (line 9).'),
      failed('b', 1, 13, 'The rate service is away.'),
    ]);
    expect(await tracer.failureGroups()).toEqual([
      {
        fingerprint: 'E_TOTAL: Invoice <value> has no total (line <number>).',
        name: 'TypeError',
        code: 'E_TOTAL',
        message: 'Invoice "z" has no total (line 9).',
        count: 3,
        retried: 1,
        executions: 2,
        stages: ['price'],
        firstAt: 10,
        lastAt: 12,
        lastExecutionId: 'b',
      },
      expect.objectContaining({ fingerprint: 'E_TOTAL: The rate service is away.', count: 1, executions: 1 }),
    ]);
  });

  test('count a failure where it came from, not again for its stage and its execution', async () => {
    const error = { name: 'TypeError', message: 'Invoice "x" has no total.', code: 'E_TOTAL' };
    await using tracer = tracerOf([
      failed('a', 0, 10, error.message),
      { type: 'stage:failed', executionId: 'a', stage: 'price', at: 11, error },
      { type: 'execution:finished', executionId: 'a', at: 12, status: 'failed', error },
    ]);
    expect(await tracer.failureGroups()).toMatchObject([{ count: 1, stages: ['price'] }]);
  });

  test('count an execution that ran out of time, though nothing in it failed', async () => {
    const error = { name: 'LoomError', message: 'Too late.', code: 'LOOM_TIMEOUT' };
    await using tracer = tracerOf([
      { type: 'execution:finished', executionId: 'a', at: 2, status: 'timed-out', error },
    ]);
    expect(await tracer.failureGroups()).toMatchObject([
      { fingerprint: 'LOOM_TIMEOUT: Too late.', count: 1 },
    ]);
  });

  test('count a stage or an execution that failed by itself', async () => {
    const timeout = {
      name: 'LoomError',
      message: 'The execution took longer than 500 ms.',
      code: 'LOOM_TIMEOUT',
    };
    await using tracer = tracerOf([
      {
        type: 'stage:failed',
        executionId: 'a',
        stage: 'split',
        at: 1,
        error: { name: 'LoomError', message: 'input.files is not a list.' },
      },
      { type: 'execution:finished', executionId: 'a', at: 2, status: 'timed-out', error: timeout },
    ]);
    expect(await tracer.failureGroups()).toMatchObject([
      { fingerprint: 'LOOM_TIMEOUT: The execution took longer than <number> ms.', count: 1, stages: [] },
      { fingerprint: 'LoomError: input.files is not a list.', count: 1, stages: ['split'] },
    ]);
  });

  test('are taken from the executions that the filter selects', async () => {
    await using tracer = tracerOf(
      [failed('a', 0, 1, 'One.')],
      [failed('b', 0, 2, 'Two.')],
      wideExecution('c', 2),
    );
    expect(await tracer.failureGroups({ executionId: 'a' })).toMatchObject([{ message: 'One.' }]);
    expect(await tracer.failureGroups({ stage: 'wide' })).toEqual([]);
  });
});

test('methods that take a filter refuse a wrong one', async () => {
  await using tracer = tracerOf();
  const wrong = { minDurationMs: -1 };
  for (const reading of [
    tracer.executions(wrong),
    tracer.slowestStages(wrong),
    tracer.failureGroups(wrong),
  ]) {
    await expect(reading).rejects.toSatisfy((error) => isLoomError(error, 'LOOM_INVALID_OPTION'));
  }
});

function flatten(tree: SpanTree): SpanTree[] {
  return [tree, ...tree.children.flatMap(flatten)];
}
