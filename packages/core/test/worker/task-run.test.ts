import { Actor, LoomError } from '@certoai/loom-core';
import type { ActorContext, TaskContext, TaskOutcome } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { boom, gate, openWorker, recordingLogger, unhandledDuring } from '../support/open-worker.ts';
import type { LogLine } from '../support/open-worker.ts';
import { completed, outcomesOf, task } from '../support/task.ts';

class Square extends Actor<number> {
  onReceive(input: number): number {
    return input * input;
  }
}

describe('running a task', () => {
  test('costs no promise when the handler needs none, a class once it has an instance', () => {
    const { worker } = openWorker();
    worker.registerActor('a', (input: number) => input + 1);
    worker.registerActor('b', Square);
    expect(worker.run(task({ input: 1 }))).toEqual(completed(2));
    expect(worker.run(task({ actor: 'b', input: 3 }))).toEqual(completed(9));
    worker.registerActor('c', () => boom());
    expect(worker.run(task({ actor: 'c' }))).toMatchObject({ kind: 'failed', error: { message: 'boom' } });
  });

  test('awaits a promise, also one of another library', async () => {
    const { worker } = openWorker();
    worker.registerActor('a', async (input: number) => input + 1);
    // oxlint-disable-next-line unicorn/no-thenable -- this is the one in question
    worker.registerActor('b', () => ({ then: (resolve: (value: number) => void) => resolve(5) }));
    const running = worker.run(task({ input: 1 }));
    expect(running).toBeInstanceOf(Promise);
    expect(await running).toEqual(completed(2));
    expect(await worker.run(task({ actor: 'b' }))).toEqual(completed(5));
  });

  test('gives the handler what it should know, and an envelope made of it', async () => {
    const { worker, clock } = openWorker();
    const seen: Partial<TaskContext>[] = [];
    const take = (_input: unknown, context: TaskContext): void => {
      const { attempt, idempotencyKey, executionId, stage, index, trace, envelope } = context;
      seen.push({ attempt, idempotencyKey, executionId, stage, index, trace, envelope });
    };
    worker.registerActor('a', take);
    worker.registerActor('b', { create: () => ({ onReceive: take }) });
    const headers = { traceparent: '00-1-2-01' };
    const given = {
      executionId: 'e',
      stage: 's',
      index: 3,
      attempt: 2,
      token: 9,
      idempotencyKey: 'i',
      input: [1],
      priority: 5,
      headers,
    };
    for (const actor of ['a', 'b']) {
      await worker.run(task({ ...given, actor }));
      expect(seen.pop()).toEqual({
        attempt: 2,
        idempotencyKey: 'i',
        executionId: 'e',
        stage: 's',
        index: 3,
        trace: headers,
        envelope: {
          id: 'e/s/3/9',
          to: actor,
          body: [1],
          correlationId: 'e',
          idempotencyKey: 'i',
          headers,
          priority: 5,
          createdAt: clock.now(),
        },
      });
    }
    await worker.run(task());
    expect(seen.pop()).toMatchObject({ trace: {}, envelope: { headers: {}, priority: 0 } });
  });

  test('has a logger that names execution, stage, index, attempt and actor', () => {
    const lines: LogLine[] = [];
    const { worker } = openWorker({ logger: recordingLogger(lines) });
    worker.registerActor('a', (_input, { logger }) => logger.info('Hello'));
    void worker.run(task({ executionId: 'e', stage: 's', index: 4, attempt: 2 }));
    expect(lines).toEqual([
      {
        level: 'info',
        message: 'Hello',
        fields: { worker: 'test', actor: 'a', executionId: 'e', stage: 's', index: 4, attempt: 2 },
      },
    ]);
  });

  test('of an unknown actor fails, with the nearest name', () => {
    const { worker } = openWorker();
    worker.registerActor('pdf-extractor', () => 1);
    expect(worker.run(task({ actor: 'pdf-extracter' }))).toMatchObject({
      kind: 'failed',
      error: {
        code: 'LOOM_UNKNOWN_ACTOR',
        message: 'No actor "pdf-extracter" is registered in worker "test". Did you mean "pdf-extractor"?',
      },
    });
    expect(worker.run(task({ actor: 'something else' }))).toMatchObject({
      error: { message: expect.stringContaining('Register it first.') },
    });
  });
});

describe('a failure', () => {
  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'text'],
    ['a number', 7],
    ['a symbol', Symbol('s')],
    ['an object', { a: 1 }],
    ['a function', () => 1],
    ['a BigInt', 1n],
  ])('may be %s, thrown or rejected with, by a function or an actor', async (_what, thrown) => {
    const { worker } = openWorker();
    const throwing = (): never => {
      throw thrown;
    };
    const rejecting = async (): Promise<never> => {
      throw thrown;
    };
    const forms = {
      a: throwing,
      b: rejecting,
      c: { create: () => ({ onReceive: throwing }) },
      d: { create: () => ({ onReceive: rejecting }) },
    };
    for (const [actor, source] of Object.entries(forms)) {
      worker.registerActor(actor, source);
      expect(await worker.run(task({ actor }))).toMatchObject({
        kind: 'failed',
        error: { name: 'NonError' },
      });
    }
  });

  const hostile = (): object => new Proxy({}, { get: boom, has: boom, getPrototypeOf: boom, ownKeys: boom });
  test('that nobody can look at is one all the same, and the worker goes on', async () => {
    const { worker } = openWorker();
    const forms = {
      a: () => {
        throw hostile();
      },
      b: async () => {
        throw hostile();
      },
      c: {
        create: () => ({
          onReceive: () => {
            throw hostile();
          },
        }),
      },
    };
    for (const [actor, source] of Object.entries(forms)) {
      worker.registerActor(actor, source);
      expect(await worker.run(task({ actor }))).toMatchObject({
        kind: 'failed',
        error: { name: 'NonError' },
      });
    }
    worker.registerActor('well', Square);
    expect(await worker.ask('well', 3)).toBe(9);
    await worker.ask('c', 1).catch(() => undefined);
    expect(await worker.ask('well', 4)).toBe(16);
  });

  test('keeps code, cause and `retryable: false`', async () => {
    const { worker } = openWorker();
    worker.registerActor('a', () => {
      throw Object.assign(new Error('no', { cause: new RangeError('deep') }), {
        code: 'E_NO',
        retryable: false,
      });
    });
    expect(await worker.run(task())).toMatchObject({
      kind: 'failed',
      error: {
        name: 'Error',
        message: 'no',
        code: 'E_NO',
        retryable: false,
        cause: { name: 'RangeError', message: 'deep' },
      },
    });
  });
});

describe('an output', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  test.each([
    ['a cycle', cycle, '$.self'],
    ['a BigInt', { n: 1n }, '$.n'],
    ['a function', { f: boom }, '$.f'],
    ['NaN', [Number.NaN], '$[0]'],
    ['a Map', { deep: [new Map()] }, '$.deep[0]'],
    [
      'a getter that throws',
      {
        get x() {
          return boom();
        },
      },
      '$',
    ],
  ])('that is %s fails the task by name and path, and is not tried again', async (_what, output, path) => {
    const { worker } = openWorker();
    worker.registerActor('a', () => output);
    worker.registerActor('b', { create: () => ({ onReceive: async () => output }) });
    for (const actor of ['a', 'b']) {
      expect(await worker.run(task({ actor }))).toMatchObject({
        kind: 'failed',
        error: {
          code: 'LOOM_NOT_SERIALISABLE',
          retryable: false,
          message: expect.stringContaining(`output of actor "${actor}" is not JSON: ${path}`),
        },
      });
    }
  });

  test('that is too large fails the task, with both sizes', async () => {
    const { worker } = openWorker({ maxPayloadBytes: 10 });
    worker.registerActor('a', (input: string) => input);
    expect(worker.run(task({ input: 'x'.repeat(8) }))).toEqual(completed('xxxxxxxx'));
    expect(worker.run(task({ input: 'ä'.repeat(5) }))).toMatchObject({
      kind: 'failed',
      error: {
        code: 'LOOM_PAYLOAD_TOO_LARGE',
        message: expect.stringContaining('The output of actor "a" has 12 bytes as JSON; the limit is 10.'),
      },
    });
  });

  test('that is nothing is null', () => {
    const { worker } = openWorker();
    worker.registerActor('a', () => undefined);
    expect(worker.run(task())).toEqual(completed(null));
  });
});

describe('a timeout', () => {
  test('fails the task by every name, and aborts the signal with the same error', async () => {
    const { worker, clock } = openWorker();
    const seen: unknown[] = [];
    worker.registerActor(
      'a',
      (_input, { signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => seen.push(signal.reason));
        }),
    );
    const running = worker.run(task({ executionId: 'e', stage: 's', index: 3, attempt: 2, timeoutMs: 50 }));
    await clock.advance(50);
    const message =
      'Actor "a" took longer than timeoutMs (50) for task 3 of stage "s", attempt 2 in execution e.';
    expect(await running).toMatchObject({ kind: 'failed', error: { code: 'LOOM_TIMEOUT', message } });
    expect(seen).toMatchObject([
      {
        code: 'LOOM_TIMEOUT',
        details: { executionId: 'e', stage: 's', index: 3, attempt: 2, actor: 'a', timeoutMs: 50 },
      },
    ]);
  });

  test('counts from the start of the handler, not while the task waits for a place', async () => {
    const { worker, clock } = openWorker();
    const hold = gate();
    worker.registerActor('a', () => hold.opened, { concurrency: 1 });
    const first = worker.run(task());
    const second = worker.run(task({ timeoutMs: 50 }));
    await clock.advance(1_000);
    hold.open();
    expect([await first, await second]).toEqual([completed(null), completed(null)]);
  });

  test('leaves no timer behind when the task was done in time', async () => {
    const { worker, clock } = openWorker();
    worker.registerActor('a', async () => 1);
    await worker.run(task({ timeoutMs: 60_000 }));
    await clock.advance(100);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('an abort', () => {
  test('ends the task as aborted, never as a timeout, though its handler takes no notice', async () => {
    const { worker, clock } = openWorker();
    const hold = gate();
    const controller = new AbortController();
    worker.registerActor('a', () => hold.opened);
    worker.registerActor('b', { create: () => ({ onReceive: () => hold.opened }) });
    const outcomes = ['a', 'b'].map((actor) =>
      worker.run(task({ actor, timeoutMs: 50 }), { signal: controller.signal }),
    );
    await settled();
    controller.abort(new Error('cancelled'));
    expect(await outcomesOf(outcomes)).toEqual([{ kind: 'aborted' }, { kind: 'aborted' }]);
    await clock.advance(100);
    hold.open();
  });

  test('reaches the handler with its reason, also when it looks only afterwards', async () => {
    const { worker } = openWorker();
    const reason = new Error('cancelled');
    const controller = new AbortController();
    const hold = gate();
    const seen: unknown[] = [];
    worker.registerActor('a', async (_input, context) => {
      await hold.opened;
      seen.push(context.signal.aborted, context.signal.reason);
    });
    const running = worker.run(task(), { signal: controller.signal });
    controller.abort(reason);
    expect(await running).toEqual({ kind: 'aborted' });
    hold.open();
    await settled();
    expect(seen).toEqual([true, reason]);
  });

  test('of a task that waits for a place ends it at once, and it never begins', async () => {
    const { worker } = openWorker();
    const hold = gate();
    const seen: unknown[] = [];
    worker.registerActor('a', (input) => (seen.push(input), hold.opened), { concurrency: 1 });
    const controller = new AbortController();
    const first = worker.run(task({ input: 1 }));
    const second = worker.run(task({ input: 2 }), { signal: controller.signal });
    const third = worker.run(task({ input: 3 }));
    controller.abort();
    expect(await second).toEqual({ kind: 'aborted' });
    expect(worker.activity()).toEqual({ a: { running: 1, waiting: 1, limit: 1 } });
    hold.open();
    await outcomesOf([first, third]);
    expect(seen).toEqual([1, 3]);
  });

  test('rejecting after it, or after a timeout, leaves no rejection unhandled', async () => {
    const { worker, clock } = openWorker();
    const hold = gate();
    const late = async (): Promise<never> => {
      await hold.opened;
      throw new Error('too late');
    };
    worker.registerActor('a', late);
    worker.registerActor('b', { create: () => ({ onReceive: late }) });
    const outcomes: TaskOutcome[] = [];
    const unhandled = await unhandledDuring(async () => {
      const controller = new AbortController();
      const runs = ['a', 'b'].flatMap((actor) => [
        worker.run(task({ actor }), { signal: controller.signal }),
        worker.run(task({ actor, timeoutMs: 10 })),
      ]);
      await clock.advance(10);
      controller.abort();
      outcomes.push(...(await outcomesOf(runs)));
      hold.open();
      await settled();
    });
    expect(outcomes.map(({ kind }) => kind)).toEqual(['aborted', 'failed', 'aborted', 'failed']);
    expect(unhandled).toEqual([]);
  });

  test('after the end changes nothing', async () => {
    const { worker } = openWorker();
    const controller = new AbortController();
    worker.registerActor('a', async () => 1);
    const outcome = await worker.run(task(), { signal: controller.signal });
    controller.abort();
    expect(outcome).toEqual(completed(1));
  });

  test('by the handler itself, while it runs, wins over its result', async () => {
    const { worker } = openWorker();
    const controller = new AbortController();
    worker.registerActor('a', async () => controller.abort());
    expect(await worker.run(task(), { signal: controller.signal })).toEqual({ kind: 'aborted' });
  });
});

describe('progress and heartbeats', () => {
  test('reach who runs the task, as long as it runs', async () => {
    const { worker } = openWorker();
    const seen: unknown[] = [];
    const hold = gate();
    let context!: TaskContext;
    const handler = (_input: unknown, given: TaskContext): Promise<void> => {
      context = given;
      given.progress({ done: 1 });
      given.heartbeat();
      return hold.opened;
    };
    worker.registerActor('a', handler);
    worker.registerActor('b', { create: () => ({ onReceive: handler }) });
    for (const actor of ['a', 'b']) {
      const options = {
        onProgress: (data: unknown) => void seen.push(data),
        onHeartbeat: () => void seen.push('beat'),
      };
      const running = worker.run(task({ actor }), options);
      await settled();
      hold.open();
      await running;
      context.progress('late');
      context.heartbeat();
    }
    expect(seen).toEqual([{ done: 1 }, 'beat', { done: 1 }, 'beat']);
  });

  test('to a listener that throws are logged, and the task goes on', async () => {
    const lines: LogLine[] = [];
    const { worker } = openWorker({ logger: recordingLogger(lines) });
    worker.registerActor('a', (_input, context) => (context.progress(1), context.heartbeat(), 'done'));
    expect(worker.run(task(), { onProgress: boom, onHeartbeat: boom })).toEqual(completed('done'));
    expect(lines.map(({ level, message }) => `${level}: ${message}`)).toEqual(
      Array(2).fill('warn: Listener of a running task failed'),
    );
  });

  test('go nowhere when nobody listens', () => {
    const { worker } = openWorker();
    worker.registerActor('a', (_input, context) => (context.progress(1), context.heartbeat(), 'done'));
    expect(worker.run(task(), {})).toEqual(completed('done'));
  });
});

describe('the instance behind a task', () => {
  class Counting extends Actor<string> {
    static made = 0;
    static stopped = 0;
    #count = 0;
    constructor() {
      super();
      Counting.made++;
    }
    async onReceive(input: string, context: ActorContext): Promise<number> {
      this.#count++;
      if (input === 'fail') throw new Error('boom');
      if (input === 'stop') context.stop();
      if (input === 'hang') await new Promise(() => {});
      if (input === 'bad') return 1n as never;
      return this.#count;
    }
    override onStop(): void {
      Counting.stopped++;
    }
  }

  test('is used again after a task it completed', async () => {
    Counting.made = 0;
    const { worker } = openWorker();
    worker.registerActor('a', Counting);
    expect([await worker.run(task()), await worker.run(task())]).toEqual([completed(1), completed(2)]);
    expect(Counting.made).toBe(1);
  });

  test.each(['fail', 'bad', 'stop'])('is not used again after "%s"', async (input) => {
    [Counting.made, Counting.stopped] = [0, 0];
    const { worker } = openWorker();
    worker.registerActor('a', Counting);
    await worker.run(task({ input }));
    expect(await worker.run(task())).toEqual(completed(1));
    await settled();
    expect([Counting.made, Counting.stopped]).toEqual([2, 1]);
  });

  test('is not used again after a timeout or an abort', async () => {
    const { worker, clock } = openWorker();
    worker.registerActor('a', Counting);
    const timedOut = worker.run(task({ input: 'hang', timeoutMs: 10 }));
    await clock.advance(10);
    await timedOut;
    expect(await worker.run(task())).toEqual(completed(1));
  });

  test('is another one for each task at the same time', async () => {
    Counting.made = 0;
    const { worker } = openWorker();
    worker.registerActor('a', Counting);
    expect(await outcomesOf([worker.run(task()), worker.run(task()), worker.run(task())])).toEqual(
      Array(3).fill(completed(1)),
    );
    expect(Counting.made).toBe(3);
  });

  test('that cannot be made fails the task with what its constructor or onStart threw, now or later', async () => {
    const { worker } = openWorker();
    class BadConstructor extends Square {
      constructor() {
        super();
        throw new RangeError('in constructor');
      }
    }
    class BadStart extends Square {
      override async onStart(): Promise<void> {
        throw new RangeError('in onStart');
      }
    }
    const create = (): never => {
      throw new RangeError('in create');
    };
    const forms = { BadConstructor, BadStart, factory: { create } };
    for (const [actor, source] of Object.entries(forms)) {
      worker.registerActor(actor, source);
      for (let round = 0; round < 2; round++) {
        expect(await worker.run(task({ actor })), actor).toMatchObject({
          kind: 'failed',
          error: { name: 'RangeError' },
        });
      }
    }
    expect(worker.activity()).toMatchObject({ BadConstructor: { running: 0, waiting: 0 } });
  });

  test('that is one instance serves one task at a time, between its messages', async () => {
    const { worker } = openWorker();
    let running = 0;
    let most = 0;
    worker.registerActor('a', {
      async onReceive(input: number) {
        most = Math.max(most, ++running);
        await settled(1);
        running--;
        return input;
      },
    });
    const all = await Promise.all([
      worker.run(task({ input: 1 })),
      worker.ask('a', 2),
      worker.run(task({ input: 3 })),
      worker.ask('a', 4),
    ]);
    expect(all).toEqual([completed(1), 2, completed(3), 4]);
    expect(most).toBe(1);
    expect(worker.activity()).toEqual({ a: { running: 0, waiting: 0, limit: 1 } });
  });

  test('a full mailbox of the one instance fails a task by its code', async () => {
    const { worker } = openWorker();
    const hold = gate();
    worker.registerActor('a', { onReceive: () => hold.opened }, { mailbox: { capacity: 1 } });
    await worker.tell('a', 1);
    await settled();
    await worker.tell('a', 2);
    expect(await worker.run(task())).toMatchObject({ kind: 'failed', error: { code: 'LOOM_MAILBOX_FULL' } });
    hold.open();
  });

  test('an error it throws is a LoomError of ours when it is one', async () => {
    const { worker } = openWorker();
    worker.registerActor('a', () => {
      throw new LoomError('LOOM_CONFLICT', 'taken');
    });
    expect(await worker.run(task())).toMatchObject({
      kind: 'failed',
      error: { name: 'LoomError', code: 'LOOM_CONFLICT' },
    });
  });
});
