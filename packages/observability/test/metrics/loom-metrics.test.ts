import { isLoomError, silentLogger, type ExecutionEvent, type QueueStats } from '@certoai/loom-core';
import { ManualClock, settled } from '@certoai/loom-core/testing';
import {
  LoomMetrics,
  type LoomMetricsOptions,
  type MetricSeries,
  type MetricSource,
} from '@certoai/loom-observability';
import { describe, expect, test } from 'vitest';
import { secondsLate } from '../../src/metrics/event-loop-lag.js';
import type { InstrumentKey } from '../../src/metrics/instruments.js';
import { randomExecution } from '../support/random-execution.js';
import { eventfulExecution } from '../support/eventful-execution.js';
import { dice } from '../support/random.js';
import { smallExecution } from '../support/small-execution.js';

async function seriesOf(metrics: LoomMetrics, key: InstrumentKey): Promise<readonly MetricSeries[]> {
  const families = await metrics.collect();
  return families.find((family) => family.key === key)?.series ?? [];
}

/** Values by what the labels say, those that are 0 left out. */
async function numbers(metrics: LoomMetrics, key: InstrumentKey): Promise<Record<string, number>> {
  const series = await seriesOf(metrics, key);
  return Object.fromEntries(
    series.flatMap((one) => {
      const value = 'value' in one ? one.value : one.count;
      return value === 0 ? [] : [[Object.values(one.labels).join(' '), value]];
    }),
  );
}

function measured(events: readonly ExecutionEvent[], options?: LoomMetricsOptions): LoomMetrics {
  const metrics = new LoomMetrics({ eventLoopLag: false, ...options });
  for (const event of events) metrics.observe(event);
  return metrics;
}

describe('events', () => {
  test('are counted by pipeline, stage, actor and outcome', async () => {
    const metrics = measured([...smallExecution('a'), ...smallExecution('b').slice(0, 4)]);
    expect(await numbers(metrics, 'executionsStarted')).toEqual({ orders: 2 });
    expect(await numbers(metrics, 'executionsFinished')).toEqual({ 'orders failed': 1 });
    expect(await numbers(metrics, 'executionsActive')).toEqual({ 'orders running': 1 });
    expect(await numbers(metrics, 'stagesFinished')).toEqual({
      'orders price completed': 1,
      'orders mail failed': 1,
    });
    expect(await numbers(metrics, 'tasksStarted')).toEqual({
      'orders price pricer': 3,
      'orders mail mailer': 2,
    });
    expect(await numbers(metrics, 'tasksRetried')).toEqual({ 'orders price pricer': 2 });
    expect(await numbers(metrics, 'tasksFinished')).toEqual({
      'orders price pricer completed': 1,
      'orders mail mailer completed': 1,
      'orders mail mailer failed': 1,
    });
  });

  test('say what models cost, what humans decided, what was undone and what breakers let pass', async () => {
    const metrics = measured(eventfulExecution('a'));
    expect(await numbers(metrics, 'modelTokens')).toEqual({
      'claims small input': 200,
      'claims small output': 20,
      'claims large input': 1_000,
      'claims large output': 50,
    });
    expect(await numbers(metrics, 'modelCost')).toEqual({ 'claims small USD': 0.2, 'claims large USD': 0.2 });
    expect(await numbers(metrics, 'approvalsRequested')).toEqual({ 'claims approve': 1 });
    expect(await numbers(metrics, 'approvalsDecided')).toEqual({ 'claims approve approved': 1 });
    expect(await numbers(metrics, 'compensationsFinished')).toEqual({
      'claims judge retried': 1,
      'claims judge completed': 1,
    });
    expect(await numbers(metrics, 'breakerChecks')).toEqual({ 'bank refused': 1, 'bank passed': 1 });
  });

  test('count what a model cost without numbers that are none', async () => {
    const place = {
      executionId: 'a',
      stage: 's',
      index: 0,
      attempt: 1,
      token: 1,
      actor: 'x',
      at: 1,
    } as const;
    const decided = (number: number, decision: object): ExecutionEvent => ({
      ...place,
      type: 'task:decided',
      number,
      decision: { model: 'm', ...decision },
    });
    const metrics = measured([
      decided(0, { inputTokens: -1, outputTokens: NaN, cost: Infinity }),
      decided(1, { inputTokens: 3, cost: 1, currency: 'coins' }),
      decided(2, { inputTokens: 4, cost: 1, currency: 'EUR' }),
    ]);
    expect(await numbers(metrics, 'modelTokens')).toEqual({ 'unknown m input': 7 });
    expect(await numbers(metrics, 'modelCost')).toEqual({ 'unknown m EUR': 1 });
  });

  test('tell so many names of rare things apart and count the rest as other', async () => {
    const checks = Array.from({ length: 5 }, (_, number): ExecutionEvent => ({
      executionId: 'a',
      stage: 's',
      type: 'breaker:checked',
      at: 1,
      breaker: `b-${number}`,
      state: 'closed',
      passed: true,
    }));
    const metrics = measured([...checks, ...checks], { maxSeries: 2 });
    expect(await numbers(metrics, 'breakerChecks')).toEqual({
      'b-0 passed': 2,
      'b-1 passed': 2,
      'other passed': 6,
    });
  });

  test('are measured in seconds, run time and time in the queue apart', async () => {
    const metrics = measured(smallExecution('a'));
    const [execution] = await seriesOf(metrics, 'executionDuration');
    expect(execution).toMatchObject({ labels: { pipeline: 'orders', status: 'failed' }, sum: 1, count: 1 });
    const [price, mail] = await seriesOf(metrics, 'taskDuration');
    expect(price).toMatchObject({ labels: { actor: 'pricer' }, sum: 0.09, count: 2 });
    expect(mail).toMatchObject({ labels: { actor: 'mailer' }, sum: 0.5, count: 2 });
    const [queued] = await seriesOf(metrics, 'taskQueueDuration');
    expect(queued).toMatchObject({ labels: { actor: 'mailer' }, sum: 0.72, count: 2 });
    expect(await numbers(metrics, 'stageDuration')).toEqual({ 'orders price': 1, 'orders mail': 1 });
  });

  test('fall into the bucket whose bound they do not pass', async () => {
    const task = { executionId: 'a', stage: 's', index: 0, attempt: 1, token: 1, actor: 'x', at: 1 } as const;
    const metrics = measured(
      [4, 5, 6, 3_600_001].map((durationMs) => ({ ...task, type: 'task:completed', durationMs })),
    );
    const [series] = await seriesOf(metrics, 'taskDuration');
    // At 5 ms, at 25 ms, and above the last bound.
    expect(
      series && 'counts' in series ? [...series.counts.entries()].filter(([, count]) => count > 0) : [],
    ).toEqual([
      [0, 2],
      [1, 1],
      [13, 1],
    ]);
  });

  test('of a pause move an execution from running to paused and back, however often they come', async () => {
    const paused: ExecutionEvent = { type: 'execution:paused', executionId: 'a', at: 2 };
    const resumed: ExecutionEvent = { type: 'execution:resumed', executionId: 'a', at: 3, reason: 'resumed' };
    const metrics = measured([...smallExecution('a').slice(0, 1), paused, paused]);
    expect(await numbers(metrics, 'executionsActive')).toEqual({ 'orders paused': 1 });
    metrics.observe(resumed);
    metrics.observe(resumed);
    expect(await numbers(metrics, 'executionsActive')).toEqual({ 'orders running': 1 });
    metrics.observe(paused);
    metrics.observe({ type: 'execution:finished', executionId: 'a', at: 4, status: 'cancelled' });
    expect(await numbers(metrics, 'executionsActive')).toEqual({});
    expect(await numbers(metrics, 'executionsFinished')).toEqual({ 'orders cancelled': 1 });
  });

  test('of an execution that began elsewhere are counted, and its duration is not made up', async () => {
    const recovered = { type: 'execution:resumed', executionId: 'a', at: 5, reason: 'recovered' } as const;
    const finished = { type: 'execution:finished', executionId: 'a', at: 9, status: 'completed' } as const;
    const metrics = measured([recovered, recovered, finished, finished]);
    expect(await numbers(metrics, 'executionsFinished')).toEqual({ 'unknown completed': 2 });
    expect(await numbers(metrics, 'executionDuration')).toEqual({});
    expect(await numbers(metrics, 'executionsActive')).toEqual({});
    expect(await numbers(metrics, 'executionsStarted')).toEqual({});
    metrics.observe({ ...recovered, name: 'orders' });
    expect(await numbers(metrics, 'executionsActive')).toEqual({ 'orders running': 1 });
  });

  test('add up to the same sums as the events themselves, whatever they are', async () => {
    const events = Array.from({ length: 200 }, (_, seed) =>
      randomExecution(dice(seed), { executionId: `e-${seed}` }),
    ).flat();
    const metrics = measured(events);
    const count = (type: ExecutionEvent['type']): number =>
      events.filter((event) => event.type === type).length;
    const sum = async (key: InstrumentKey): Promise<number> =>
      Object.values(await numbers(metrics, key)).reduce((total, value) => total + value, 0);
    expect(await sum('executionsStarted')).toBe(count('execution:started'));
    expect(await sum('executionsFinished')).toBe(count('execution:finished'));
    expect(await sum('executionsActive')).toBe(200 - count('execution:finished'));
    expect(await sum('tasksStarted')).toBe(count('task:started'));
    const ends = count('task:completed') + count('task:failed') + count('task:cancelled');
    expect((await sum('tasksFinished')) + (await sum('tasksRetried'))).toBe(ends);
    expect(await sum('taskDuration')).toBe(ends - count('task:cancelled'));
  });

  test('that are none change nothing and throw nothing', async () => {
    const metrics = measured(smallExecution('a'));
    const before = await metrics.collect();
    const rude = new Proxy(
      {},
      {
        get: () => {
          throw new Error('hands off');
        },
      },
    );
    const strange = [
      undefined,
      null,
      7,
      {},
      rude,
      { type: 'task:completed', executionId: 'a', at: Number.NaN },
      { type: 'execution:finished', executionId: 'a', at: 1, status: 'running' },
      {
        type: 'task:completed',
        executionId: 'a',
        stage: 's',
        index: 0,
        attempt: 1,
        token: 1,
        actor: 'x',
        at: 1,
        durationMs: Infinity,
      },
    ];
    for (const event of strange) metrics.observe(event as ExecutionEvent);
    expect(await metrics.collect()).toEqual(before);
  });

  test('keep their sums when who listens to values fails', async () => {
    const metrics = measured([]);
    const stop = metrics.onValue(() => {
      throw new Error('exporter is away');
    });
    for (const event of smallExecution('a')) metrics.observe(event);
    expect(await numbers(metrics, 'tasksFinished')).toMatchObject({ 'orders mail mailer failed': 1 });
    stop();
    stop();
  });
});

describe('names without end', () => {
  const task = { executionId: 'e', index: 0, attempt: 1, token: 1, at: 2 } as const;

  test('are counted under other beyond the limit, and nothing is lost', async () => {
    const events: ExecutionEvent[] = [];
    for (let one = 0; one < 500; one++) {
      events.push({ type: 'execution:started', executionId: 'e', at: 1, name: `p-${one}` });
      events.push({ ...task, type: 'task:started', stage: `s-${one}`, actor: `a-${one}` });
      events.push({ ...task, type: 'task:started', stage: 'fixed', actor: `b-${one}` });
    }
    const metrics = measured(events, { maxSeries: 10 });
    const pipelines = await numbers(metrics, 'executionsStarted');
    expect(Object.keys(pipelines)).toHaveLength(11);
    expect(pipelines['other']).toBe(490);
    const tasks = await numbers(metrics, 'tasksStarted');
    expect(Object.keys(tasks)).toHaveLength(11);
    expect(Object.values(tasks).reduce((sum, value) => sum + value)).toBe(1_000);
    for (const { series } of await metrics.collect()) {
      const labels = series.map((one) => JSON.stringify(one.labels));
      expect(new Set(labels).size).toBe(labels.length);
      expect(labels.length).toBeLessThanOrEqual(11 * 4);
    }
  });

  test('that are called other, too long or empty share a series with those they look like', async () => {
    const long = 'x'.repeat(1_000);
    const events: ExecutionEvent[] = ['other', long, `${long}y`, '', 'a', 'b'].map((name) => ({
      type: 'execution:started',
      executionId: 'e',
      at: 1,
      name,
    }));
    events.push({ ...task, type: 'task:started', stage: long, actor: `${long}1` });
    events.push({ ...task, type: 'task:started', stage: `${long}2`, actor: `${long}3` });
    const metrics = measured(events, { maxSeries: 3 });
    expect(await numbers(metrics, 'executionsStarted')).toEqual({
      other: 2,
      ['x'.repeat(128)]: 2,
      unknown: 1,
      a: 1,
    });
    expect(await numbers(metrics, 'tasksStarted')).toEqual({ 'other other other': 2 });
  });

  test('of executions do not fill the memory: the oldest is followed no more', async () => {
    const metrics = measured([], { maxExecutions: 100 });
    for (let one = 0; one < 1_000; one++)
      metrics.observe({ type: 'execution:started', executionId: `e-${one}`, at: 1, name: 'p' });
    expect(await numbers(metrics, 'executionsActive')).toEqual({ 'p running': 100 });
    metrics.observe({ type: 'execution:finished', executionId: 'e-0', at: 2, status: 'completed' });
    metrics.observe({ type: 'execution:finished', executionId: 'e-999', at: 2, status: 'completed' });
    expect(await numbers(metrics, 'executionsActive')).toEqual({ 'p running': 99 });
    expect(await numbers(metrics, 'executionsFinished')).toEqual({
      'unknown completed': 1,
      'p completed': 1,
    });
  });
});

describe('sources', () => {
  const stats: QueueStats = {
    ready: 3,
    delayed: 2,
    active: 1,
    dead: 4,
    paused: false,
    oldestReadyAgeMs: 1_500,
  };

  test('are read when somebody collects, and not before', async () => {
    const metrics = measured([]);
    let reads = 0;
    metrics.watch({ kind: 'queue', name: 'mail', read: async () => ({ ...stats, ready: ++reads }) });
    expect(reads).toBe(0);
    expect(await numbers(metrics, 'queueMessages')).toMatchObject({ 'mail ready': 1, 'mail dead': 4 });
    expect(await numbers(metrics, 'queueOldestAge')).toEqual({ mail: 1.5 });
    expect(await numbers(metrics, 'queueMessages')).toMatchObject({ 'mail ready': 3 });
  });

  test('say how workers, approvals, breakers and traces stand', async () => {
    const metrics = measured([]);
    metrics.watch({
      kind: 'workers',
      read: () => [
        { worker: 'w', slots: { used: 1, total: 8 } },
        { worker: 'w', slots: { used: 2, total: 8 } },
      ],
    });
    metrics.watch({ kind: 'approvals', read: () => ({ open: 5, overdue: 2 }) });
    metrics.watch({ kind: 'breakers', read: () => ({ rates: 'open', mail: 'closed' }) });
    const loss = {
      droppedEvents: 3,
      malformedEvents: 0,
      evictedExecutions: 1,
      evictedSpans: 9,
      unwrittenRecords: 0,
    };
    metrics.watch({ kind: 'traces', read: () => loss });
    expect(await numbers(metrics, 'workerSlots')).toEqual({ 'w used': 3, 'w total': 16 });
    expect(await numbers(metrics, 'approvals')).toEqual({ open: 5, overdue: 2 });
    expect(await numbers(metrics, 'breakerState')).toEqual({ 'rates open': 1, 'mail closed': 1 });
    expect(await seriesOf(metrics, 'breakerState')).toHaveLength(6);
    expect(await numbers(metrics, 'tracesLost')).toEqual({
      droppedEvents: 3,
      evictedExecutions: 1,
      evictedSpans: 9,
    });
  });

  test('without end share the name other', async () => {
    const metrics = measured([], { maxSeries: 2 });
    for (let queue = 0; queue < 5; queue++)
      metrics.watch({
        kind: 'queue',
        name: `q-${queue}`,
        read: () => ({ ...stats, oldestReadyAgeMs: queue * 1_000 }),
      });
    const messages = await numbers(metrics, 'queueMessages');
    expect(messages).toMatchObject({ 'q-0 ready': 3, 'q-1 ready': 3, 'other ready': 9 });
    expect(await numbers(metrics, 'queueOldestAge')).toEqual({ 'q-1': 1, other: 4 });
  });

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('away');
      },
    ],
    ['rejects', () => Promise.reject(new Error('away'))],
    ['says nothing', () => undefined],
    ['says what is no number', () => ({ ...stats, active: Number.NaN })],
    ['says less than nothing', () => ({ ...stats, dead: -1 })],
    ['says an age that is none', () => ({ ...stats, oldestReadyAgeMs: Infinity })],
  ])('that %s is left out and counted, and reported once', async (_, read) => {
    const lines: unknown[] = [];
    const logger = {
      ...silentLogger,
      warn: (message: string, fields?: object) => void lines.push({ message, ...fields }),
    };
    const metrics = measured([], { logger });
    metrics.watch({ kind: 'queue', name: 'bad', read: read as () => QueueStats });
    metrics.watch({ kind: 'queue', name: 'good', read: () => stats });
    expect(Object.keys(await numbers(metrics, 'queueMessages'))).toEqual([
      'good ready',
      'good delayed',
      'good active',
      'good dead',
    ]);
    expect(await numbers(metrics, 'sourceFailures')).toEqual({ queue: 2 });
    expect(lines).toMatchObject([{ message: 'Source of metrics failed', source: 'queue', late: false }]);
  });

  test('that hangs holds nobody up, and hangs once', async () => {
    const clock = new ManualClock();
    const metrics = measured([], { clock, sourceTimeoutMs: 2_000 });
    let calls = 0;
    let answer!: (stats: QueueStats) => void;
    metrics.watch({
      kind: 'queue',
      name: 'slow',
      read: () => {
        calls += 1;
        return new Promise((resolve) => (answer = resolve));
      },
    });
    for (let round = 0; round < 3; round++) {
      const collected = metrics.collect();
      await settled(10);
      await clock.advance(2_000);
      await collected;
    }
    expect(calls).toBe(1);
    answer(stats);
    await settled(10);
    const collected = numbers(metrics, 'queueMessages');
    await settled(10);
    answer(stats);
    expect(await collected).toMatchObject({ 'slow ready': 3 });
    expect(calls).toBe(2);
    expect(await numbersNow(metrics, clock)).toEqual({ queue: 4 });
  });

  async function numbersNow(metrics: LoomMetrics, clock: ManualClock): Promise<Record<string, number>> {
    const failures = numbers(metrics, 'sourceFailures');
    await settled(10);
    await clock.advance(2_000);
    return failures;
  }

  test('are read no more once they are taken away', async () => {
    const metrics = measured([]);
    const stop = metrics.watch({ kind: 'approvals', read: () => ({ open: 1, overdue: 0 }) });
    stop();
    stop();
    expect(await numbers(metrics, 'approvals')).toEqual({});
    metrics.watch({ kind: 'approvals', read: () => ({ open: 1, overdue: 0 }) });
    metrics.close();
    metrics.close();
    expect(await numbers(metrics, 'approvals')).toEqual({});
  });

  test('are read once for collections that come together', async () => {
    const metrics = measured([]);
    let reads = 0;
    metrics.watch({ kind: 'approvals', read: () => ({ open: ++reads, overdue: 0 }) });
    await Promise.all([metrics.collect(), metrics.collect(), metrics.collect()]);
    expect(reads).toBe(1);
  });

  test.each([
    undefined,
    null,
    {},
    { kind: 'queues', read: () => stats },
    { kind: 'queue', name: '', read: () => stats },
    { kind: 'queue', read: () => stats },
    { kind: 'approvals', read: 7 },
  ])('%j is refused', (source) => {
    const metrics = measured([]);
    expect(() => metrics.watch(source as MetricSource)).toThrow(
      expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }),
    );
  });
});

test('an event loop that is on time has no lag', () => {
  expect([0, 10e6, 10.5e6, 60e6].map(secondsLate)).toEqual([0, 0, 0.0005, 0.05]);
});

test('the lag of an event loop that was blocked is about as long as that', async () => {
  using metrics = new LoomMetrics();
  expect(await numbers(metrics, 'eventLoopLag')).toEqual({});
  let readings: Record<string, number> = {};
  // The measurement begins some turns later.
  for (let round = 0; round < 100 && readings['max'] === undefined; round++) {
    await new Promise((resolve) => setTimeout(resolve, 30));
    block(60);
    await new Promise((resolve) => setTimeout(resolve, 30));
    readings = await numbers(metrics, 'eventLoopLag');
  }
  expect(readings['max']).toBeGreaterThan(0.03);
  expect(Object.keys(readings)).toEqual(expect.arrayContaining(['mean', 'p99', 'max']));
  expect(readings['mean']).toBeLessThan(readings['max'] as number);
});

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('options', () => {
  const counts = ['maxSeries', 'maxExecutions', 'sourceTimeoutMs'] as const;
  const wrong = [Number.NaN, 0, -1, 1.5, Infinity, 2 ** 53, '7', null, {}];
  test.each(counts.flatMap((option) => wrong.map((value) => [option, value] as const)))(
    '%s may not be %j',
    (option, value) => {
      try {
        new LoomMetrics({ [option]: value });
        expect.unreachable();
      } catch (error) {
        expect(isLoomError(error, 'LOOM_INVALID_OPTION')).toBe(true);
        expect(String(error)).toContain(`${option} is `);
      }
    },
  );

  test('an explicit undefined is the default', async () => {
    const options = {
      maxSeries: undefined,
      maxExecutions: undefined,
      sourceTimeoutMs: undefined,
      eventLoopLag: undefined,
      clock: undefined,
      logger: undefined,
    };
    using metrics = new LoomMetrics(options);
    for (const event of smallExecution('a')) metrics.observe(event);
    expect(await numbers(metrics, 'executionsStarted')).toEqual({ orders: 1 });
    expect(() => new LoomMetrics({ eventLoopLag: 1 as never })).toThrow(/eventLoopLag is 1/);
  });
});
