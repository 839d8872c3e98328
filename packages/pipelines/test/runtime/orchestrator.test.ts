import {
  ActorRegistry,
  isLoomError,
  type JsonValue,
  type TaskContext,
  type TraceSink,
} from '@certoai/loom-core';
import { ManualClock } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { PipelineExecutionError, PipelineOrchestrator, type OrchestratorOptions } from '../../src/index.js';
import { stores } from '../kit/stores.js';

type Actors = Readonly<Record<string, (input: never, context: TaskContext) => unknown>>;

function registryOf(actors: Actors): ActorRegistry {
  const registry = new ActorRegistry();
  for (const [type, actor] of Object.entries(actors))
    registry.register(type, actor as (input: unknown) => unknown);
  return registry;
}

const double = (n: number): number => n * 2;
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe.each(stores)('an orchestrator on a store $name', ({ open }) => {
  async function orchestratorOf(actors: Actors, options: OrchestratorOptions = {}) {
    const under = await open(options.clock);
    const orchestrator = new PipelineOrchestrator(
      undefined,
      registryOf(actors),
      under.store,
      undefined,
      options,
    );
    return {
      orchestrator,
      store: under.store,
      async [Symbol.asyncDispose]() {
        await orchestrator.close();
        await under[Symbol.asyncDispose]();
      },
    };
  }

  async function run(
    actors: Actors,
    definition: Record<string, unknown>,
    input?: unknown,
  ): Promise<JsonValue> {
    await using fixture = await orchestratorOf(actors);
    return (await fixture.orchestrator.execute(definition, input)).output;
  }

  test('passes the output of one stage to the next', async () => {
    expect(
      await run(
        { double },
        {
          stages: [
            { id: 'a', actor: 'double' },
            { id: 'b', actor: 'double' },
          ],
        },
        3,
      ),
    ).toBe(12);
  });

  test.each([0, 1, 2, 50, 1_000, 10_000])('joins a fan-out of %i in input order', async (size) => {
    const items = Array.from({ length: size }, (_, n) => n);
    const actors = {
      slow: async (n: number) => {
        if (n % 7 === 0) await new Promise(setImmediate);
        return n + 1;
      },
      sum: (all: number[]) => all.reduce((a, b) => a + b, 0),
    };
    const definition = {
      stages: [
        { id: 'each', mode: 'scatter', scatter: { over: 'input', concurrency: 64 }, actor: 'slow' },
        { id: 'all', mode: 'gather', gather: { from: 'each' }, actor: 'sum' },
      ],
      output: { each: '${stages.each.output}', sum: '${stages.all.output}' },
    };
    expect(await run(actors, definition, items)).toEqual({
      each: items.map((n) => n + 1),
      sum: (size * (size + 1)) / 2,
    });
  });

  test('runs no more tasks of a stage at once than its concurrency', async () => {
    let running = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, (running += 1));
      await new Promise(setImmediate);
      running -= 1;
    };
    await run(
      { work },
      { stages: [{ id: 's', mode: 'scatter', scatter: { over: 'input', concurrency: 3 }, actor: 'work' }] },
      Array.from({ length: 20 }, () => 0),
    );
    expect(most).toBe(3);
  });

  test('nests a scatter and keeps its shape', async () => {
    const definition = {
      stages: [
        {
          id: 's',
          mode: 'scatter',
          scatter: {
            over: 'input.files',
            as: 'file',
            where: 'file.keep',
            scatter: { over: 'file.pages', as: 'page' },
          },
          actor: 'double',
          input: '${page}',
        },
      ],
    };
    const files = [
      { keep: true, pages: [1, 2] },
      { keep: false, pages: [9] },
      { keep: true, pages: [] },
      { keep: true, pages: [3] },
    ];
    expect(await run({ double }, definition, { files })).toEqual([[2, 4], [], [6]]);
  });

  test('goes on without failed items when told to, and says which failed', async () => {
    const actors = {
      odd: (n: number) => {
        if (n % 2 === 0) throw new RangeError(`even: ${n}`);
        return n;
      },
    };
    const definition = {
      stages: [
        { id: 's', mode: 'scatter', scatter: { over: 'input', onTaskFailure: 'continue' }, actor: 'odd' },
        { id: 'kept', mode: 'gather', gather: { from: 's' } },
      ],
      output: {
        all: '${stages.s.output}',
        kept: '${stages.kept.output}',
        failed: '${stages.s.errors[].index}',
      },
    };
    expect(await run(actors, definition, [1, 2, 3, 4])).toEqual({
      all: [1, null, 3, null],
      kept: [1, 3],
      failed: [1, 3],
    });
  });

  test('fails a stage with fewer successes than minSuccess', async () => {
    const actors = {
      never: () => {
        throw new Error('no');
      },
    };
    const definition = {
      stages: [
        {
          id: 's',
          mode: 'scatter',
          scatter: { over: 'input', onTaskFailure: 'continue', minSuccess: 1 },
          actor: 'never',
        },
      ],
    };
    const error = await rejection(run(actors, definition, [1, 2]));
    expect(error).toMatchObject({
      name: 'PipelineExecutionError',
      code: 'LOOM_EXECUTION_FAILED',
      stage: 's',
    });
    expect(String(error)).toContain('needs 1 of 2 tasks to succeed');
  });

  test('a partial gather goes on with exactly what it asked for', async () => {
    let open!: () => void;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const actors = {
      part: async (n: number) => {
        if (n > 1) await gate;
        return n;
      },
      take: (items: number[]) => {
        open();
        return items;
      },
    };
    const definition = {
      stages: [
        { id: 's', mode: 'scatter', scatter: { over: 'input' }, actor: 'part' },
        { id: 'two', mode: 'gather', gather: { from: 's', condition: 'count', count: 2 }, actor: 'take' },
      ],
    };
    expect(await run(actors, definition, [5, 0, 1, 7])).toEqual([0, 1]);
  });

  test('groups by a field and reduces each group', async () => {
    const definition = {
      stages: [
        {
          id: 'm',
          mode: 'map-reduce',
          mapReduce: { over: 'input', map: 'same', reduce: 'add', groupBy: 'currency' },
        },
      ],
    };
    const actors = {
      same: (x: unknown) => x,
      add: ({ key, items }: { key: string; items: { amount: number }[] }) => ({
        key,
        sum: items.reduce((a, { amount }) => a + amount, 0),
      }),
    };
    const input = [
      { currency: 'EUR', amount: 1 },
      { currency: 'CHF', amount: 2 },
      { currency: 'EUR', amount: 3 },
    ];
    expect(await run(actors, definition, input)).toEqual([
      { key: 'EUR', sum: 4 },
      { key: 'CHF', sum: 2 },
    ]);
  });

  test('skips a stage whose condition is false and goes on', async () => {
    const definition = {
      stages: [
        { id: 'a', actor: 'double' },
        { id: 'b', when: 'stages.a.output > `100`', actor: 'double' },
        { id: 'c', actor: 'see' },
      ],
      output: { b: '${stages.b.status}', c: '${stages.c.output}' },
    };
    expect(await run({ double, see: (x: unknown) => ({ got: x }) }, definition, 1)).toEqual({
      b: 'skipped',
      c: { got: null },
    });
  });

  test('chooses an actor by rules and by expression', async () => {
    const actors = { scan: () => 'scanned', text: () => 'read' };
    const definition = {
      stages: [
        {
          id: 's',
          mode: 'scatter',
          scatter: { over: 'input', as: 'page' },
          actor: { rules: [{ when: "page.kind == 'scan'", actor: 'scan' }], default: 'text' },
        },
        { id: 'named', dependsOn: [], actor: '${input[0].by}' },
      ],
    };
    expect(await run(actors, definition, [{ kind: 'scan', by: 'text' }, { kind: 'pdf' }])).toEqual({
      s: ['scanned', 'read'],
      named: 'read',
    });
  });

  test('names execution, stage, task, attempt, actor and cause of a failure', async () => {
    const boom = (): never => {
      throw Object.assign(new TypeError('bad page'), { code: 'E_PAGE' });
    };
    await using fixture = await orchestratorOf({ boom });
    const handle = await fixture.orchestrator.start(
      { stages: [{ id: 's', mode: 'scatter', scatter: { over: 'input' }, actor: 'boom' }] },
      [1],
    );
    const error = await rejection(handle.result());
    expect(error).toBeInstanceOf(PipelineExecutionError);
    expect(error).toMatchObject({
      executionId: handle.id,
      status: 'failed',
      stage: 's',
      index: 0,
      attempt: 1,
      actor: 'boom',
      cause: { name: 'TypeError', message: 'bad page', code: 'E_PAGE' },
    });
    expect(String(error)).toBe(
      `PipelineExecutionError: Execution "${handle.id}" failed in stage "s", task 0, attempt 1, actor "boom": bad page`,
    );
  });

  test('onFailure: continue lets later stages see the error', async () => {
    const actors = {
      boom: () => {
        throw new Error('lost');
      },
      see: (x: unknown) => x,
    };
    const definition = {
      stages: [
        { id: 'a', actor: 'boom', onFailure: 'continue' },
        { id: 'b', actor: 'see', input: '${stages.a.error.message}' },
      ],
    };
    expect(await run(actors, definition)).toBe('lost');
  });

  test('tries again with growing delays, on its own clock, and stops at what cannot be retried', async () => {
    const clock = new ManualClock({ startAt: 0 });
    const at: number[] = [];
    const flaky = (_: unknown, { attempt }: TaskContext): string => {
      at.push(clock.now());
      if (attempt < 3) throw new Error('not yet');
      return `attempt ${attempt}`;
    };
    await using fixture = await orchestratorOf(
      {
        flaky,
        fatal: () => {
          throw Object.assign(new Error('never'), { name: 'Fatal' });
        },
      },
      { clock },
    );
    const retry = {
      maxAttempts: 5,
      backoff: 'exponential',
      initialDelayMs: 60_000,
      maxDelayMs: 3_600_000,
      jitter: false,
      nonRetryable: ['Fatal'],
    };
    const handle = await fixture.orchestrator.start({ stages: [{ id: 's', actor: 'flaky', retry }] });
    for (let step = 0; step < 2; step += 1) {
      await expect
        .poll(() => fixture.orchestrator.executions.why(handle.id))
        .toContainEqual(expect.objectContaining({ kind: 'backoff', stage: 's' }));
      await clock.advance(60_000 * 2 ** step);
    }
    expect((await handle.result()).output).toBe('attempt 3');
    expect(at).toEqual([0, 60_000, 180_000]);
    const error = await rejection(
      fixture.orchestrator.execute({ stages: [{ id: 's', actor: 'fatal', retry }] }),
    );
    expect(error).toMatchObject({ attempt: 1 });
  });

  test('a task over its timeout fails with LOOM_TIMEOUT and its signal says so', async () => {
    const clock = new ManualClock({ startAt: 0 });
    let reason: unknown;
    const hang = (_: unknown, { signal }: TaskContext) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          reason = signal.reason;
          reject(new Error('late'));
        }),
      );
    await using fixture = await orchestratorOf({ hang }, { clock });
    const handle = await fixture.orchestrator.start({
      stages: [{ id: 's', actor: 'hang', timeoutMs: 1_000 }],
    });
    await expect
      .poll(() => fixture.orchestrator.executions.why(handle.id))
      .toContainEqual(expect.objectContaining({ kind: 'running' }));
    await clock.advance(1_000);
    expect(await rejection(handle.result())).toMatchObject({
      code: 'LOOM_EXECUTION_FAILED',
      cause: { code: 'LOOM_TIMEOUT' },
    });
    expect(isLoomError(reason, 'LOOM_TIMEOUT')).toBe(true);
  });

  test.each([
    [
      'a stage',
      { stages: [{ id: 's', actor: 'hang', stageTimeoutMs: 1_000 }] },
      { status: 'failed', cause: { code: 'LOOM_TIMEOUT' } },
    ],
    [
      'an execution',
      { timeoutMs: 1_000, stages: [{ id: 's', actor: 'hang' }] },
      { status: 'timed-out', code: 'LOOM_TIMEOUT' },
    ],
  ])('%s over its timeout ends and its tasks are told', async (_what, definition, expected) => {
    const clock = new ManualClock({ startAt: 0 });
    let reason: unknown;
    const hang = (_: unknown, { signal }: TaskContext) =>
      new Promise(() =>
        signal.addEventListener('abort', () => {
          reason = signal.reason;
        }),
      );
    await using fixture = await orchestratorOf({ hang }, { clock });
    const handle = await fixture.orchestrator.start(definition);
    await expect
      .poll(() => fixture.orchestrator.executions.why(handle.id))
      .toContainEqual(expect.objectContaining({ kind: 'running' }));
    await clock.advance(1_000);
    expect(await rejection(handle.result())).toMatchObject(expected);
    expect(isLoomError(reason, 'LOOM_TIMEOUT')).toBe(true);
  });

  test('cancel reaches running code, and what waits never starts', async () => {
    const started: number[] = [];
    let reason: unknown;
    const hang = (n: number, { signal }: TaskContext) =>
      new Promise(() => {
        started.push(n);
        signal.addEventListener('abort', () => {
          reason = signal.reason;
        });
      });
    await using fixture = await orchestratorOf({ hang });
    const handle = await fixture.orchestrator.start(
      {
        stages: [
          { id: 's', mode: 'scatter', scatter: { over: 'input', concurrency: 2 }, actor: 'hang' },
          { id: 'after', actor: 'hang' },
        ],
      },
      [1, 2, 3],
    );
    await expect.poll(() => started.length).toBe(2);
    await handle.cancel({ reason: 'wrong file' });
    expect(isLoomError(reason, 'LOOM_CANCELLED')).toBe(true);
    expect(await rejection(handle.result())).toMatchObject({
      code: 'LOOM_CANCELLED',
      status: 'cancelled',
      cause: { message: 'wrong file' },
    });
    await handle.cancel();
    expect(started).toEqual([1, 2]);
    expect((await handle.status()).stages.map(({ status }) => status)).toEqual(['cancelled', 'waiting']);
  });

  test('a signal given at start cancels, also when it was aborted before', async () => {
    await using fixture = await orchestratorOf({ hang: () => new Promise(() => undefined) });
    const definition = { stages: [{ id: 's', actor: 'hang' }] };
    await expect(
      fixture.orchestrator.start(definition, null, { signal: AbortSignal.abort(new Error('gone')) }),
    ).rejects.toThrow('gone');
    const controller = new AbortController();
    const handle = await fixture.orchestrator.start(definition, null, { signal: controller.signal });
    controller.abort(new Error('left the page'));
    expect(await rejection(handle.result())).toMatchObject({
      status: 'cancelled',
      cause: { message: 'left the page' },
    });
  });

  test('pause lets running tasks end and starts nothing until resume', async () => {
    const done: number[] = [];
    const gates: (() => void)[] = [];
    const work = (n: number) =>
      new Promise((resolve) =>
        gates.push(() => {
          done.push(n);
          resolve(n);
        }),
      );
    await using fixture = await orchestratorOf({ work });
    const handle = await fixture.orchestrator.start(
      { stages: [{ id: 's', mode: 'scatter', scatter: { over: 'input', concurrency: 1 }, actor: 'work' }] },
      [1, 2],
    );
    await expect.poll(() => gates.length).toBe(1);
    await handle.pause();
    gates[0]?.();
    await expect.poll(async () => (await handle.status()).stages[0]?.done).toBe(1);
    expect(gates).toHaveLength(1);
    expect((await fixture.orchestrator.executions.why(handle.id)).map(({ kind }) => kind)).toContain(
      'paused',
    );
    await handle.resume();
    await expect.poll(() => gates.length).toBe(2);
    gates[1]?.();
    expect((await handle.result()).output).toEqual([1, 2]);
  });

  test('the same idempotency key gives the first execution, running or finished', async () => {
    let runs = 0;
    await using fixture = await orchestratorOf({ once: () => (runs += 1) });
    const definition = { stages: [{ id: 's', actor: 'once' }] };
    const start = () => fixture.orchestrator.start(definition, null, { idempotencyKey: 'order-7' });
    const handles = await Promise.all([start(), start(), start()]);
    expect(new Set(handles.map(({ id }) => id)).size).toBe(1);
    await handles[0]?.result();
    expect((await (await start()).result()).output).toBe(1);
    expect(runs).toBe(1);
  });

  test('refuses before anything is stored: unknown actor, bad definition, bad input, bad options', async () => {
    await using fixture = await orchestratorOf({ double });
    const { orchestrator, store } = fixture;
    const stages = [{ id: 's', actor: 'double' }];
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    const once =
      (...args: Parameters<typeof orchestrator.start>) =>
      () =>
        orchestrator.start(...args);
    const refused: [string, () => Promise<unknown>][] = [
      ['LOOM_UNKNOWN_ACTOR', once({ stages: [{ id: 's', actor: 'dubble' }] })],
      ['LOOM_INVALID_DEFINITION', once({ stages: [] })],
      ['LOOM_INVALID_INPUT', once({ input: { type: 'number' }, stages }, 'three')],
      ['LOOM_NOT_SERIALISABLE', once({ stages }, cyclic)],
      ['LOOM_NOT_SERIALISABLE', once({ stages }, { n: 1n })],
      ['LOOM_INVALID_OPTION', once({ stages }, 1, { idempotencyKey: '' })],
      ['LOOM_INVALID_OPTION', once({ stages }, 1, { tags: [''] })],
    ];
    for (const priority of [Number.NaN, Infinity, 1.5, 5_000])
      refused.push(['LOOM_INVALID_OPTION', once({ stages }, 1, { priority })]);
    for (const timeoutMs of [Number.NaN, 0, -1, Infinity])
      refused.push(['LOOM_INVALID_OPTION', once({ stages }, 1, { timeoutMs })]);
    for (const [code, start] of refused) expect(await rejection(start())).toMatchObject({ code });
    expect(String(await rejection(refused[0]![1]()))).toContain('Did you mean "double"?');
    expect((await store.list({})).items).toEqual([]);
  });

  test('an output that is no JSON fails its task by name and is not tried again', async () => {
    const actors = { odd: () => ({ rows: [{ at: () => 1 }] }) };
    const error = await rejection(
      run(actors, { stages: [{ id: 's', actor: 'odd', retry: { maxAttempts: 3 } }] }),
    );
    expect(error).toMatchObject({ stage: 's', attempt: 1, cause: { code: 'LOOM_NOT_SERIALISABLE' } });
    expect(String(error)).toContain('$.rows[0].at');
  });

  test('a definition changed after start changes nothing that runs', async () => {
    await using fixture = await orchestratorOf({ double, other: () => 'other' });
    const definition = {
      stages: [
        { id: 'a', actor: 'double' },
        { id: 'b', actor: 'double' },
      ],
    };
    const starting = fixture.orchestrator.start(definition, 1);
    for (const stage of definition.stages) stage.actor = 'other';
    expect((await (await starting).result()).output).toBe(4);
    expect((await fixture.orchestrator.execute(definition, 1)).output).toBe('other');
  });

  test('an array that is none fails its stage and names expression and type', async () => {
    const error = await rejection(
      run(
        { double },
        { stages: [{ id: 's', mode: 'scatter', scatter: { over: 'input.files' }, actor: 'double' }] },
        { files: 'a.pdf' },
      ),
    );
    expect(error).toMatchObject({ stage: 's', cause: { code: 'LOOM_EXPRESSION_FAILED' } });
    expect(String(error)).toContain('"input.files" gave a string');
  });

  test('a stage with more tasks than the limit fails before any of them runs', async () => {
    let runs = 0;
    await using fixture = await orchestratorOf({ work: () => (runs += 1) }, { maxTasksPerStage: 5 });
    const definition = { stages: [{ id: 's', mode: 'scatter', scatter: { over: 'input' }, actor: 'work' }] };
    expect(await rejection(fixture.orchestrator.execute(definition, [1, 2, 3, 4, 5, 6]))).toMatchObject({
      stage: 's',
    });
    expect(runs).toBe(0);
  });

  test('runs a mode of the user', async () => {
    await using fixture = await orchestratorOf({ double });
    fixture.orchestrator.registerExecutor('ladder', {
      plan: ({ input, options }) =>
        Array.from({ length: (options as { steps: number }).steps }, (_, step) => ({
          actor: 'double',
          input: Number(input) + step,
        })),
      collect: (outputs) => outputs.map(Number).reduce((a, b) => a + b, 0),
    });
    const result = await fixture.orchestrator.execute(
      { stages: [{ id: 's', mode: 'ladder', with: { steps: '${input.steps}' }, input: '${input.from}' }] },
      { steps: 3, from: 10 },
    );
    expect(result.output).toBe(20 + 22 + 24);
    expect(() => fixture.orchestrator.registerExecutor('scatter', { plan: () => [] })).toThrow('one of Loom');
  });

  test('events tell the story in order, and a listener that throws changes nothing', async () => {
    await using fixture = await orchestratorOf({ double });
    const handle = await fixture.orchestrator.start(
      { name: 'story', stages: [{ id: 'a', actor: 'double' }] },
      2,
    );
    const told: string[] = [];
    for await (const event of handle.events()) told.push(event.type);
    expect(told).toEqual([
      'execution:started',
      'stage:started',
      'task:started',
      'task:completed',
      'stage:completed',
      'execution:finished',
    ]);
    const finished: string[] = [];
    for await (const event of handle.events()) finished.push(event.type);
    expect(finished).toEqual([]);
  });

  test('a finished execution can be asked again: status, outputs, no reasons to wait', async () => {
    await using fixture = await orchestratorOf({ double });
    const { orchestrator } = fixture;
    const { executionId, traceId, stages } = await orchestrator.execute(
      {
        name: 'asked',
        stages: [
          { id: 'a', actor: 'double' },
          { id: 'b', actor: 'double' },
        ],
      },
      1,
      { tags: ['t'] },
    );
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(Object.keys(stages)).toEqual(['a', 'b']);
    expect((await orchestrator.executions.list({ tags: ['t'] })).items.map(({ id }) => id)).toEqual([
      executionId,
    ]);
    expect(await orchestrator.executions.output(executionId)).toBe(4);
    expect(await orchestrator.executions.output(executionId, 'a')).toBe(2);
    expect(await orchestrator.executions.why(executionId)).toEqual([]);
    expect((await (await orchestrator.executions.attach(executionId)).result()).output).toBe(4);
    expect(await rejection(orchestrator.executions.get('nope'))).toMatchObject({ code: 'LOOM_NOT_FOUND' });
    expect(await rejection(orchestrator.executions.output(executionId, 'c'))).toMatchObject({
      code: 'LOOM_NOT_FOUND',
    });
  });

  test('after close nothing starts, and who waits is told', async () => {
    await using fixture = await orchestratorOf({ hang: () => new Promise(() => undefined) });
    const definition = { stages: [{ id: 's', actor: 'hang' }] };
    const handle = await fixture.orchestrator.start(definition);
    const waiting = rejection(handle.result());
    await Promise.all([fixture.orchestrator.close(), fixture.orchestrator.close()]);
    expect(await waiting).toMatchObject({ code: 'LOOM_CLOSED' });
    expect(await rejection(fixture.orchestrator.start(definition))).toMatchObject({ code: 'LOOM_CLOSED' });
  });
});

describe('what is asked right after the start', () => {
  const definition = {
    stages: [
      { id: 'a', actor: 'work' },
      { id: 'b', actor: 'work' },
    ],
  };
  function orchestratorThatCounts() {
    let runs = 0;
    const orchestrator = new PipelineOrchestrator(undefined, registryOf({ work: () => (runs += 1) }));
    return { orchestrator, runs: () => runs };
  }

  test('cancel stops it before anything runs', async () => {
    const { orchestrator, runs } = orchestratorThatCounts();
    await using closing = orchestrator;
    const handle = await closing.start(definition);
    await handle.cancel();
    expect(await rejection(handle.result())).toMatchObject({ status: 'cancelled' });
    await new Promise(setImmediate);
    expect(runs()).toBe(0);
  });

  test('pause holds it, and both are told', async () => {
    const { orchestrator, runs } = orchestratorThatCounts();
    await using closing = orchestrator;
    const handle = await closing.start(definition);
    const told: string[] = [];
    const listening = (async () => {
      for await (const { type } of handle.events()) told.push(type);
    })();
    await handle.pause();
    await new Promise(setImmediate);
    expect({ runs: runs(), status: (await handle.status()).status }).toEqual({ runs: 0, status: 'paused' });
    await handle.resume();
    expect((await handle.result()).output).toBe(2);
    await listening;
    expect(told.filter((type) => type.startsWith('execution'))).toEqual([
      'execution:started',
      'execution:paused',
      'execution:resumed',
      'execution:finished',
    ]);
  });
});

test('a map-reduce whose map fails has failed, and says with what', async () => {
  await using orchestrator = new PipelineOrchestrator(
    undefined,
    registryOf({
      map: () => {
        throw new Error('no map');
      },
      reduce: () => 'reduced',
      see: (x: unknown) => x,
    }),
  );
  const stages = [
    {
      id: 'm',
      mode: 'map-reduce',
      mapReduce: { over: 'input', map: 'map', reduce: 'reduce' },
      onFailure: 'continue',
    },
    {
      id: 'see',
      actor: 'see',
      input: {
        status: '${stages.m.status}',
        error: '${stages.m.error.message}',
        failed: '${stages.m.errors[].index}',
      },
    },
  ];
  expect((await orchestrator.execute({ stages }, [1])).output).toEqual({
    status: 'failed',
    error: 'no map',
    failed: [0],
  });
});

test('a handler sees the traceparent of its own attempt, in the trace the execution was started under', async () => {
  const asked: unknown[] = [];
  const seen: unknown[] = [];
  const tracer: TraceSink = {
    observe: () => undefined,
    traceparent: (attempt) => {
      asked.push(attempt);
      return `of attempt ${attempt.attempt}`;
    },
  };
  const registry = new ActorRegistry();
  registry.register('look', (_, { trace }) => {
    seen.push(trace);
    if (seen.length === 1) throw new Error('again');
  });
  await using orchestrator = new PipelineOrchestrator(undefined, registry, undefined, tracer);
  const retry = { maxAttempts: 2, initialDelayMs: 0 };
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const { executionId, traceId } = await orchestrator.execute(
    { stages: [{ id: 's', actor: 'look', retry }] },
    null,
    { headers: { traceparent, 'x-tenant': 't' } },
  );
  expect(seen).toEqual([
    { traceparent: 'of attempt 1', 'x-tenant': 't' },
    { traceparent: 'of attempt 2', 'x-tenant': 't' },
  ]);
  expect(asked[0]).toEqual({ executionId, stage: 's', index: 0, attempt: 1, startedUnder: traceparent });
  expect(traceId).toBe('a'.repeat(32));
});
