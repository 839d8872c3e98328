import type { ExecutionEvent } from '@certoai/loom-core';
import type { AttemptSpan, ExecutionSpan, RootSpan, StageSpan } from '@certoai/loom-observability';
import { describe, expect, test } from 'vitest';
import { ExecutionTrace } from '../../src/recording/execution-trace.js';
import { drain, fold, sorted, unbounded } from '../support/fold.js';

const executionId = '01J9F00000000000000000000A';
const error = { name: 'TypeError', message: 'no total', code: 'E_TOTAL' };
const execution = { executionId } as const;
const stage = { executionId, stage: 'price' } as const;
const task = { ...stage, index: 0, attempt: 1, token: 1, actor: 'pricer' } as const;

function rootOf(spans: readonly ExecutionSpan[]): RootSpan | undefined {
  return spans.find((span) => span.kind === 'execution');
}

function stageOf(spans: readonly ExecutionSpan[], name = 'price'): StageSpan | undefined {
  return spans.filter((span) => span.kind === 'stage').find((span) => span.stage === name);
}

function attemptOf(spans: readonly ExecutionSpan[], index = 0, attempt = 1): AttemptSpan | undefined {
  const attempts = spans.filter((span) => span.kind === 'attempt');
  return attempts.find((span) => span.index === index && span.attempt === attempt);
}

const wholeRun: readonly ExecutionEvent[] = [
  { ...execution, type: 'execution:started', at: 100, name: 'orders' },
  { ...stage, type: 'stage:started', at: 110, tasks: 1 },
  { ...task, type: 'task:started', at: 115 },
  { ...task, type: 'task:failed', at: 125, durationMs: 10, error, willRetry: true, delayMs: 40 },
  { ...task, attempt: 2, type: 'task:started', at: 168 },
  { ...task, attempt: 2, type: 'task:completed', at: 188, durationMs: 20 },
  { ...stage, type: 'stage:completed', at: 190, tasks: 1, failed: 0 },
  { ...execution, type: 'execution:finished', at: 191, status: 'completed' },
];

describe('a run with a retry', () => {
  test('has run time, backoff and waiting for a place apart', () => {
    const { spans } = fold(wholeRun);
    expect(attemptOf(spans, 0, 1)).toMatchObject({
      status: 'failed',
      startedAt: 115,
      endedAt: 125,
      durationMs: 10,
      error,
      willRetry: true,
      retryDelayMs: 40,
      queueWaitMs: 5,
    });
    expect(attemptOf(spans, 0, 1)).not.toHaveProperty('retryWaitMs');
    expect(attemptOf(spans, 0, 2)).toMatchObject({
      status: 'completed',
      startedAt: 168,
      durationMs: 20,
      retryWaitMs: 40,
      queueWaitMs: 3,
    });
  });

  test('is summed up', () => {
    expect(fold(wholeRun).trace.summary()).toEqual({
      executionId,
      traceId: '01925e0000000000000000000000000a',
      name: 'orders',
      tags: [],
      status: 'completed',
      startedAt: 100,
      endedAt: 191,
      lastEventAt: 191,
      durationMs: 91,
      tasks: 1,
      attempts: 2,
      retries: 1,
      failedAttempts: 1,
      failedTasks: 0,
      runMs: 30,
      queueWaitMs: 8,
      queuedMs: 0,
      retryWaitMs: 40,
      stages: [
        {
          stage: 'price',
          status: 'completed',
          startedAt: 110,
          endedAt: 190,
          durationMs: 80,
          tasks: 1,
          attempts: 2,
          retries: 1,
          failedAttempts: 1,
          failedTasks: 0,
          runMs: 30,
          queueWaitMs: 8,
          queuedMs: 0,
          retryWaitMs: 40,
          actors: ['pricer'],
          errorCodes: ['E_TOTAL'],
        },
      ],
      criticalPath: [{ stage: 'price', startedAt: 110, durationMs: 80 }],
      partial: false,
    });
  });
});

describe('an attempt', () => {
  test('that ran synchronously starts when it started, not when that was announced', () => {
    const { spans } = fold([
      { ...stage, type: 'stage:started', at: 100, tasks: 1 },
      { ...task, type: 'task:started', at: 150 },
      { ...task, type: 'task:completed', at: 150, durationMs: 50 },
    ]);
    expect(attemptOf(spans)).toMatchObject({ startedAt: 100, endedAt: 150, durationMs: 50, queueWaitMs: 0 });
  });

  test('that is handed out again after its process died keeps its span and starts later', () => {
    const events: ExecutionEvent[] = [
      { ...stage, type: 'stage:started', at: 100, tasks: 1 },
      { ...task, type: 'task:started', at: 101 },
      { ...execution, type: 'execution:resumed', at: 500, reason: 'recovered' },
      { ...task, type: 'task:started', at: 510 },
    ];
    const { spans, trace } = fold(events);
    expect(attemptOf(spans)).toMatchObject({ status: 'running', startedAt: 510 });
    expect(trace.summary()).toMatchObject({ attempts: 1, retries: 0 });
  });

  test('that had reported when its process died, and the report was lost, runs again', () => {
    const { spans } = fold([
      { ...task, type: 'task:started', at: 101 },
      { ...task, type: 'task:completed', at: 110, durationMs: 9 },
      { ...task, type: 'task:started', at: 500 },
    ]);
    expect(attemptOf(spans)).toMatchObject({ status: 'running', startedAt: 500 });
    expect(attemptOf(spans)).not.toHaveProperty('endedAt');
  });

  test('that failed, whose report was lost, and that then succeeded, has no error any more', () => {
    const { spans, trace } = fold([
      { ...task, type: 'task:failed', at: 110, durationMs: 9, error, willRetry: true, delayMs: 50 },
      { ...task, type: 'task:started', at: 500 },
      { ...task, type: 'task:completed', at: 520, durationMs: 20 },
      { ...task, attempt: 2, type: 'task:started', at: 530 },
    ]);
    expect(attemptOf(spans)).toMatchObject({ status: 'completed' });
    expect(attemptOf(spans)).not.toHaveProperty('error');
    expect(attemptOf(spans, 0, 2)).not.toHaveProperty('retryWaitMs');
    expect(trace.summary()).toMatchObject({ failedAttempts: 0, stages: [{ errorCodes: [] }] });
  });

  test('that runs again after a failure that was not stored makes nobody wait', () => {
    const { spans } = fold([
      { ...task, type: 'task:failed', at: 110, durationMs: 9, error, willRetry: true, delayMs: 50 },
      { ...task, attempt: 2, type: 'task:started', at: 170 },
      { ...task, type: 'task:started', at: 500 },
    ]);
    expect(attemptOf(spans, 0, 2)).not.toHaveProperty('retryWaitMs');
    expect(attemptOf(spans, 0, 2)).not.toHaveProperty('queueWaitMs');
  });

  test('that ran twice and succeeded makes nobody wait either', () => {
    const { spans } = fold([
      { ...task, type: 'task:failed', at: 110, durationMs: 9, error, willRetry: true, delayMs: 50 },
      { ...task, attempt: 2, type: 'task:started', at: 170 },
      { ...task, type: 'task:completed', at: 500, durationMs: 9 },
    ]);
    expect(attemptOf(spans, 0, 2)).not.toHaveProperty('retryWaitMs');
  });

  test('that is handed out by a timer that was early did not wait for a place', () => {
    const { spans } = fold([
      { ...task, type: 'task:failed', at: 110, durationMs: 9, error, willRetry: true, delayMs: 50 },
      { ...task, attempt: 2, type: 'task:started', at: 159 },
    ]);
    expect(attemptOf(spans, 0, 2)).toMatchObject({ retryWaitMs: 50, queueWaitMs: 0 });
  });

  test('that failed before its actor was known has no start event, and still lasts', () => {
    const { spans, trace } = fold([
      { ...execution, type: 'execution:started', at: 99 },
      { ...stage, type: 'stage:started', at: 100, tasks: 1 },
      { ...task, actor: '', type: 'task:failed', at: 103, durationMs: 1, error, willRetry: false },
    ]);
    expect(attemptOf(spans)).toMatchObject({ startedAt: 102, endedAt: 103, actor: '' });
    expect(trace.summary().stages[0]?.actors).toEqual([]);
    expect(trace.summary()).toMatchObject({ failedTasks: 1, partial: false });
  });

  test('without a report is cancelled with its stage', () => {
    const { spans, trace } = fold([
      { ...stage, type: 'stage:started', at: 100, tasks: 2 },
      { ...task, type: 'task:started', at: 101 },
      { ...task, index: 1, type: 'task:started', at: 101 },
      { ...task, index: 1, type: 'task:failed', at: 105, durationMs: 4, error, willRetry: false },
      { ...stage, type: 'stage:failed', at: 106, error },
    ]);
    expect(attemptOf(spans, 0)).toMatchObject({
      status: 'cancelled',
      startedAt: 101,
      endedAt: 106,
      durationMs: 5,
      unreported: true,
    });
    expect(trace.summary()).toMatchObject({ attempts: 2, failedAttempts: 1, failedTasks: 1, runMs: 9 });
  });

  test('whose report comes after the end of its stage is what it reported', () => {
    const { spans } = fold([
      { ...task, type: 'task:started', at: 101 },
      { ...stage, type: 'stage:cancelled', at: 102 },
      { ...task, type: 'task:completed', at: 104, durationMs: 3 },
    ]);
    expect(attemptOf(spans)).toMatchObject({ status: 'completed', startedAt: 101, endedAt: 104 });
  });

  test('that ended before it began by a clock that was set back took no time', () => {
    const { spans } = fold([
      { ...task, type: 'task:started', at: 1_000 },
      { ...task, type: 'task:completed', at: 400, durationMs: -600 },
    ]);
    expect(attemptOf(spans)).toMatchObject({
      status: 'completed',
      startedAt: 1_000,
      endedAt: 1_000,
      durationMs: 0,
    });
  });

  test('that ran in another process names its worker, and has its time in the queue apart', () => {
    const { spans, trace } = fold([
      { ...stage, type: 'stage:started', at: 100, tasks: 1 },
      { ...task, type: 'task:started', at: 105 },
      { ...task, type: 'task:completed', at: 145, durationMs: 10, queuedMs: 30, worker: 'w-1' },
    ]);
    expect(attemptOf(spans)).toMatchObject({
      token: 1,
      worker: 'w-1',
      startedAt: 135,
      endedAt: 145,
      durationMs: 10,
      queueWaitMs: 35,
      queuedMs: 30,
    });
    expect(trace.summary()).toMatchObject({ runMs: 10, queueWaitMs: 35, queuedMs: 30 });
  });

  test('is told by its latest hand-out, whatever the clocks of the processes say', () => {
    const events: ExecutionEvent[] = [
      { ...stage, type: 'stage:started', at: 100, tasks: 1 },
      { ...task, type: 'task:started', at: 900 },
      { ...task, type: 'task:failed', at: 950, durationMs: 50, error, willRetry: false, worker: 'dead' },
      { ...task, token: 2, type: 'task:started', at: 400 },
    ];
    const running = fold(events);
    expect(attemptOf(running.spans)).toMatchObject({ status: 'running', token: 2, startedAt: 400 });
    expect(running.trace.summary()).toMatchObject({ lastEventAt: 400, failedAttempts: 0 });
    const done = {
      ...task,
      token: 2,
      type: 'task:completed',
      at: 410,
      durationMs: 10,
      worker: 'w-2',
    } as const;
    for (const order of [
      [...events, done],
      [done, ...events],
      [...events.toReversed(), done],
    ]) {
      const { spans, trace } = fold(order);
      expect(attemptOf(spans)).toMatchObject({ status: 'completed', token: 2, worker: 'w-2', endedAt: 410 });
      expect(trace.summary()).toMatchObject({ attempts: 1, failedAttempts: 0, lastEventAt: 410 });
    }
  });

  test('that was cancelled lasted as long as it ran, and not until its stage ended', () => {
    const { spans, trace } = fold([
      { ...execution, type: 'execution:started', at: 90 },
      { ...stage, type: 'stage:started', at: 100, tasks: 2 },
      { ...task, type: 'task:started', at: 101 },
      { ...task, index: 1, type: 'task:started', at: 101 },
      { ...task, type: 'task:cancelled', at: 120, durationMs: 15, queuedMs: 4, worker: 'w-1' },
      { ...stage, type: 'stage:cancelled', at: 130 },
    ]);
    expect(attemptOf(spans, 0)).toMatchObject({
      status: 'cancelled',
      endedAt: 120,
      durationMs: 15,
      worker: 'w-1',
    });
    expect(attemptOf(spans, 0)).not.toHaveProperty('unreported');
    expect(attemptOf(spans, 1)).toMatchObject({ status: 'cancelled', endedAt: 130, unreported: true });
    expect(trace.summary()).toMatchObject({ attempts: 2, failedAttempts: 0, failedTasks: 0, runMs: 44 });
  });

  test('keeps a worker name of any length short', () => {
    const { spans } = fold([
      { ...task, type: 'task:completed', at: 9, durationMs: 1, worker: 'w'.repeat(5_000) },
    ]);
    expect(attemptOf(spans)?.worker).toHaveLength(128);
  });

  test('keeps no progress', () => {
    const { spans } = fold([
      { ...task, type: 'task:started', at: 1 },
      { ...task, type: 'task:progressed', at: 2, progress: { iban: 'DE00' } },
    ]);
    expect(JSON.stringify(spans)).not.toContain('DE00');
  });
});

describe('a stage', () => {
  test('without tasks, or that was skipped, lasts no time and is complete', () => {
    const { spans, trace } = fold([
      { ...execution, type: 'execution:started', at: 1 },
      { ...stage, type: 'stage:completed', at: 5, tasks: 0, failed: 0 },
      { ...stage, stage: 'mail', type: 'stage:skipped', at: 6 },
    ]);
    expect(stageOf(spans)).toMatchObject({ status: 'completed', startedAt: 5, endedAt: 5, durationMs: 0 });
    expect(stageOf(spans, 'mail')).toMatchObject({ status: 'skipped', durationMs: 0, position: 1 });
    expect(trace.summary()).toMatchObject({ tasks: 0, attempts: 0, partial: false });
  });

  test('that no event ended is cancelled with its execution', () => {
    const { spans } = fold([
      { ...execution, type: 'execution:started', at: 1 },
      { ...stage, type: 'stage:started', at: 2, tasks: 1 },
      { ...task, type: 'task:started', at: 3 },
      { ...execution, type: 'execution:finished', at: 9, status: 'timed-out', error },
    ]);
    expect(stageOf(spans)).toMatchObject({ status: 'cancelled', endedAt: 9 });
    expect(attemptOf(spans)).toMatchObject({ status: 'cancelled', endedAt: 9 });
    expect(rootOf(spans)).toMatchObject({ status: 'timed-out', error });
  });

  test('that is found at work after its end says that its start is missing', () => {
    const trace = new ExecutionTrace(executionId, unbounded);
    trace.fold({ ...execution, type: 'execution:started', at: 1 });
    trace.fold({ ...stage, type: 'stage:failed', at: 5, error });
    expect(stageOf(trace.takeChanged(10))).not.toHaveProperty('startMissing');
    trace.fold({ ...task, type: 'task:completed', at: 7, durationMs: 1 });
    expect(stageOf(trace.takeChanged(10))).toMatchObject({ startMissing: true });
    expect(trace.summary()).toMatchObject({ partial: true });
  });

  test('that began in another process says so, and starts when it was seen first', () => {
    const { spans, trace } = fold([
      { ...execution, type: 'execution:resumed', at: 50, reason: 'recovered' },
      { ...task, index: 3, type: 'task:started', at: 60 },
      { ...task, index: 4, type: 'task:completed', at: 70, durationMs: 15 },
      { ...stage, type: 'stage:completed', at: 90, tasks: 5, failed: 0 },
      { ...execution, type: 'execution:finished', at: 91, status: 'completed' },
    ]);
    expect(rootOf(spans)).toMatchObject({
      startMissing: true,
      startedAt: 50,
      recoveredAt: 50,
      status: 'completed',
    });
    expect(stageOf(spans)).toMatchObject({
      startMissing: true,
      startedAt: 55,
      tasks: 5,
      status: 'completed',
    });
    expect(attemptOf(spans, 3)).not.toHaveProperty('queueWaitMs');
    expect(trace.summary()).toMatchObject({ partial: true, attempts: 2, tasks: 5 });
  });
});

describe('an execution', () => {
  test('is paused until it is resumed, and a process that picks it up leaves it paused', () => {
    const paused: ExecutionEvent[] = [
      { ...execution, type: 'execution:started', at: 1 },
      { ...execution, type: 'execution:paused', at: 10 },
      { ...execution, type: 'execution:resumed', at: 20, reason: 'recovered' },
    ];
    expect(fold(paused).trace.summary()).toMatchObject({ status: 'paused', durationMs: 19 });
    const resumed = fold([...paused, { ...execution, type: 'execution:resumed', at: 30, reason: 'resumed' }]);
    expect(resumed.trace.summary()).toMatchObject({ status: 'running', lastEventAt: 30 });
    expect(rootOf(resumed.spans)).toMatchObject({ pausedAt: 10, resumedAt: 30, recoveredAt: 20 });
  });

  test('that is paused and resumed within a millisecond runs, whichever is heard of first', () => {
    const paused: ExecutionEvent = { ...execution, type: 'execution:paused', at: 10 };
    const resumed: ExecutionEvent = { ...execution, type: 'execution:resumed', at: 10, reason: 'resumed' };
    expect(fold([paused, resumed]).trace.summary().status).toBe('running');
    expect(fold([resumed, paused]).trace.summary().status).toBe('running');
  });

  test('that two processes ended is ended by the later', () => {
    const early: ExecutionEvent = {
      ...execution,
      type: 'execution:finished',
      at: 10,
      status: 'failed',
      error,
    };
    const late: ExecutionEvent = { ...execution, type: 'execution:finished', at: 20, status: 'completed' };
    for (const events of [
      [early, late],
      [late, early],
    ]) {
      expect(fold(events).trace.summary()).toMatchObject({ status: 'completed', endedAt: 20 });
    }
  });

  test('keeps tags and attributes of events that have them', () => {
    const { spans, trace } = fold([
      { ...execution, type: 'execution:started', at: 1, tags: ['gold', 'eu'] },
      { ...task, type: 'task:started', at: 2, attributes: { model: 'm-1' } } as ExecutionEvent,
      {
        ...task,
        type: 'task:completed',
        at: 3,
        durationMs: 1,
        attributes: { tokens: 12, raw: {} },
      } as ExecutionEvent,
    ]);
    expect(trace.summary().tags).toEqual(['gold', 'eu']);
    expect(attemptOf(spans)?.attributes).toEqual({ model: 'm-1', tokens: 12 });
  });

  test('that was started under a traceparent is part of that trace, whenever this is heard', () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    const started = { ...execution, type: 'execution:started', at: 1, traceparent } as ExecutionEvent;
    const later: ExecutionEvent[] = [
      { ...stage, type: 'stage:started', at: 2, tasks: 1 },
      { ...task, type: 'task:started', at: 3 },
    ];
    const { spans, trace } = fold([started, ...later]);
    expect(spans.map((span) => span.traceId)).toEqual([traceId, traceId, traceId]);
    expect(rootOf(spans)?.parentSpanId).toBe('b7ad6b7169203331');
    expect(trace.summary().traceId).toBe(traceId);
    // Span ids are those of the execution, so that two of them in one trace share none.
    expect(spans.map((span) => span.spanId)).toEqual(fold(later).spans.map((span) => span.spanId));

    const late = new ExecutionTrace(executionId, unbounded);
    for (const event of later) late.fold(event);
    const stored = new Map<string, ExecutionSpan>();
    drain(late, stored);
    late.fold(started);
    expect(sorted(drain(late, stored))).toEqual(sorted(spans));
  });

  test.each([
    'nothing of the kind',
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
    'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more',
    7,
  ])('that was started under %j, which is no traceparent, has a trace of its own', (traceparent) => {
    const { trace, spans } = fold([
      { ...execution, type: 'execution:started', at: 1, traceparent } as ExecutionEvent,
    ]);
    expect(trace.summary().traceId).toBe('01925e0000000000000000000000000a');
    expect(rootOf(spans)).not.toHaveProperty('parentSpanId');
  });

  test('keeps attributes of a stage and its own', () => {
    const { trace, spans } = fold([
      { ...execution, type: 'execution:started', at: 1, attributes: { region: 'eu' } } as ExecutionEvent,
      { ...stage, type: 'stage:started', at: 2, tasks: 1, attributes: { pool: 'gpu' } } as ExecutionEvent,
    ]);
    expect(rootOf(spans)?.attributes).toEqual({ region: 'eu' });
    expect(stageOf(spans)?.attributes).toEqual({ pool: 'gpu' });
    const revived = ExecutionTrace.from(executionId, spans, unbounded);
    revived.fold({
      ...stage,
      type: 'stage:started',
      at: 2,
      tasks: 1,
      attributes: { slots: 4 },
    } as ExecutionEvent);
    expect(stageOf(revived.takeChanged(10))?.attributes).toEqual({ pool: 'gpu', slots: 4 });
    expect(trace.hasChanges).toBe(false);
  });

  test('has as many spans as there is room for, and a known span never needs any', () => {
    let room = 2;
    const trace = new ExecutionTrace(executionId, { ...unbounded, admit: () => room-- > 0 });
    expect(trace.fold({ ...task, type: 'task:started', at: 1 })).toBe('folded');
    expect(trace.fold({ ...task, index: 1, type: 'task:started', at: 1 })).toBe('no-room');
    expect(trace.fold({ ...task, type: 'task:completed', at: 2, durationMs: 1 })).toBe('folded');
    expect(trace.summary()).toMatchObject({ attempts: 1 });
    const small = new ExecutionTrace(executionId, { ...unbounded, maxSpans: 2 });
    expect(small.fold({ ...task, type: 'task:started', at: 1 })).toBe('no-room');
    expect(small.spans).toBe(2);
    // The stage was at work, and that is known though its attempt is not.
    expect(small.summary()).toMatchObject({ startedAt: 1, stages: [{ startedAt: 1, attempts: 0 }] });
  });

  test('is not changed by an event that throws when it is read', () => {
    const trace = new ExecutionTrace(executionId, unbounded);
    trace.fold({ ...execution, type: 'execution:started', at: 5 });
    const before = trace.summary();
    const rude = {
      get name(): string {
        throw new Error('hands off');
      },
      message: '',
    };
    const events: ExecutionEvent[] = [
      { ...stage, type: 'stage:failed', at: 1, error: rude },
      { ...task, type: 'task:failed', at: 1, durationMs: 1, error: rude, willRetry: false },
      { ...execution, type: 'execution:finished', at: 1, status: 'failed', error: rude },
    ];
    for (const event of events) expect(() => trace.fold(event)).toThrow('hands off');
    expect(trace.summary()).toEqual(before);
  });
});

test.each([
  ['a time that is none', { ...execution, type: 'execution:started', at: Number.NaN }],
  ['a type nobody knows', { ...execution, type: 'execution:exploded', at: 1 }],
  ['no type', { ...execution, at: 1 }],
  ['a name that is no text', { ...execution, type: 'execution:started', at: 1, name: 7 }],
  ['an end that is no end', { ...execution, type: 'execution:finished', at: 1, status: 'running' }],
  ['a stage without a name', { ...stage, stage: '', type: 'stage:skipped', at: 1 }],
  ['a failure without an error', { ...stage, type: 'stage:failed', at: 1 }],
  ['a negative number of tasks', { ...stage, type: 'stage:started', at: 1, tasks: -1 }],
  ['an index between two tasks', { ...task, index: 0.5, type: 'task:started', at: 1 }],
  ['an index beyond all bounds', { ...task, index: 2 ** 31, type: 'task:started', at: 1 }],
  ['attempt 0', { ...task, attempt: 0, type: 'task:started', at: 1 }],
  ['an attempt beyond all bounds', { ...task, attempt: 2 ** 20 + 1, type: 'task:started', at: 1 }],
  ['a token that is none', { ...task, token: 0.5, type: 'task:started', at: 1 }],
  ['no token', { ...task, token: undefined, type: 'task:completed', at: 1, durationMs: 1 }],
  [
    'a time in the queue that is none',
    { ...task, type: 'task:cancelled', at: 1, durationMs: 1, queuedMs: -1 },
  ],
  ['a worker without a name', { ...task, type: 'task:completed', at: 1, durationMs: 1, worker: {} }],
  ['no actor', { ...stage, index: 0, attempt: 1, token: 1, type: 'task:started', at: 1 }],
  ['a duration that is none', { ...task, type: 'task:completed', at: 1, durationMs: Number.NaN }],
  [
    'an endless delay',
    { ...task, type: 'task:failed', at: 1, durationMs: 1, error, willRetry: true, delayMs: Infinity },
  ],
])('an event with %s changes nothing', (_, event) => {
  const trace = new ExecutionTrace(executionId, unbounded);
  trace.fold({ ...execution, type: 'execution:started', at: 5 });
  const before = trace.summary();
  expect(trace.fold(event as ExecutionEvent)).toBe('malformed');
  expect(trace.summary()).toEqual(before);
});
