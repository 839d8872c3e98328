import { actorQueueName, LoomError } from '@certoai/loom-core';
import type { ActorContext, ActorWorker, TaskContext, TaskProgress } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { envelope, openQueue, taskBody } from '../support/open-queue.ts';
import type { OpenQueue } from '../support/open-queue.ts';
import { boom, gate, loomErrorOf, recordingLogger } from '../support/open-worker.ts';
import type { Gate, LogLine } from '../support/open-worker.ts';
import { completed, task } from '../support/task.ts';

const queueName = actorQueueName('a');

/** What was sent of the progress of tasks, and not of their end. */
function progressOf({ queue }: OpenQueue): unknown[] {
  return queue.sent.flatMap(({ queue: name, body }) =>
    name === 'reports' && 'progress' in (body as object) ? [(body as unknown as TaskProgress).progress] : [],
  );
}

/** A worker whose task of type "a" runs until the gate opens, and whose context the test has. */
async function openRunning(
  opened: OpenQueue,
  options?: Parameters<OpenQueue['open']>[0],
): Promise<{ readonly context: TaskContext; readonly hold: Gate<unknown>; readonly worker: ActorWorker }> {
  const worker = opened.open(options);
  const hold = gate<unknown>();
  let context: TaskContext | undefined;
  worker.registerActor('a', (_input, given) => {
    context = given;
    return hold.opened;
  });
  await worker.start();
  await opened.send(taskBody());
  await settled();
  return { context: context as TaskContext, hold, worker };
}

/** Makes `send` to the reports' queue do something else until it is undone. */
function interceptReports({ queue }: OpenQueue, instead: () => Promise<never>): () => void {
  const send = queue.send.bind(queue);
  queue.send = (name, messages) => (name === 'reports' ? instead() : send(name, messages));
  return () => {
    queue.send = send;
  };
}

describe('the report of a task', () => {
  test('says who ran it and for how long, from when its handler got it', async () => {
    const opened = openQueue();
    const { clock, open, send, reports } = opened;
    const worker = open();
    const holds = [gate(), gate()];
    let begun = 0;
    worker.registerActor('a', () => holds[begun++]?.opened, { concurrency: 1 });
    await worker.start();
    // A task of this process has the only place.
    const first = worker.run(task());
    await send(taskBody());
    await clock.advance(300);
    expect(begun).toBe(1);
    holds[0]?.open();
    await first;
    await clock.advance(120);
    holds[1]?.open();
    await clock.advance(10);
    expect(reports()).toMatchObject([{ outcome: completed(null), durationMs: 120, worker: 'test' }]);
  });

  test('is sent again until it is stored, and the handler does not run again for it', async () => {
    const lines: LogLine[] = [];
    const opened = openQueue();
    const { clock, queue, open, send, reports } = opened;
    const worker = open({ logger: recordingLogger(lines) });
    let runs = 0;
    worker.registerActor('a', () => ++runs);
    await worker.start();
    let refusals = 0;
    const restore = interceptReports(opened, async () => {
      refusals++;
      throw new LoomError('LOOM_STORE_FAILED', 'The store is away.');
    });
    await send(taskBody());
    await clock.advance(60_000);
    expect([runs, refusals > 5, reports()]).toEqual([1, true, []]);
    restore();
    await clock.advance(2_000);
    expect([runs, reports().map(({ outcome }) => outcome)]).toEqual([1, [completed(1)]]);
    expect(await queue.stats(queueName)).toMatchObject({ ready: 0, active: 0, delayed: 0, dead: 0 });
    expect(lines[0]).toMatchObject({
      level: 'warn',
      message: 'Report of a task was not sent; it is sent again',
      fields: { executionId: 'execution', error: { code: 'LOOM_STORE_FAILED' } },
    });
  });

  test('says so when it is larger than the queue takes', async () => {
    const opened = openQueue();
    const { clock, open, send, reports } = opened;
    const worker = open();
    worker.registerActor('a', () => 'large');
    await worker.start();
    const restore = interceptReports(opened, async () => {
      restore();
      throw new LoomError('LOOM_PAYLOAD_TOO_LARGE', 'It is too large.');
    });
    await send(taskBody());
    await clock.advance(2_000);
    expect(reports()).toMatchObject([
      { outcome: { kind: 'failed', error: { code: 'LOOM_PAYLOAD_TOO_LARGE', retryable: false } } },
    ]);
  });

  test('is given up when the worker closes: the task goes back', async () => {
    const opened = openQueue();
    const { clock, queue, open, send, reports } = opened;
    const worker = open();
    worker.registerActor('a', () => 1);
    await worker.start();
    const restore = interceptReports(opened, () => Promise.reject(new Error('away')));
    await send(taskBody());
    await clock.advance(10);
    const closing = worker.close();
    await clock.advance(10_000);
    await closing;
    restore();
    expect(await queue.stats(queueName)).toMatchObject({ ready: 1, active: 0 });
    const other = open();
    other.registerActor('a', () => 2);
    await other.start();
    await clock.advance(10);
    expect(reports().map(({ outcome }) => outcome)).toEqual([completed(2)]);
  });
});

describe('the progress of a task', () => {
  test('is sent to where its report goes: the first at once, then the latest of every quarter second', async () => {
    const opened = openQueue();
    const { clock, queue, reports } = opened;
    const { context, hold } = await openRunning(opened);
    context.progress(1);
    await settled();
    expect(queue.sent.filter(({ queue: name }) => name === 'reports')).toEqual([
      {
        queue: 'reports',
        body: expect.objectContaining({
          executionId: 'execution',
          stage: 'stage',
          index: 0,
          token: 1,
          progress: 1,
        }) as unknown,
      },
    ]);
    for (let n = 2; n <= 100; n++) {
      await clock.advance(10);
      context.progress({ n });
    }
    await clock.advance(250);
    expect(progressOf(opened)).toEqual([1, { n: 25 }, { n: 50 }, { n: 75 }, { n: 100 }]);
    await clock.advance(10_000);
    expect(progressOf(opened)).toHaveLength(5);
    context.progress('after a pause');
    await settled();
    expect(progressOf(opened)).toHaveLength(6);
    hold.open('done');
    await clock.advance(10);
    expect(reports().at(-1)?.outcome).toEqual(completed('done'));
  });

  test('is never sent after the report, nor does the report overtake what is under way', async () => {
    const opened = openQueue();
    const { clock, queue } = opened;
    const { context, hold } = await openRunning(opened);
    const slow = gate();
    const send = queue.send.bind(queue);
    queue.send = async (name, messages) => {
      const isProgress = messages.some(({ body }) => 'progress' in (body as object));
      if (name === 'reports' && isProgress) await slow.opened;
      return send(name, messages);
    };
    context.progress('under way');
    context.progress('too late');
    hold.open('done');
    await clock.advance(1_000);
    context.progress('much too late');
    expect(queue.sent.filter(({ queue: name }) => name === 'reports')).toEqual([]);
    slow.open();
    await settled();
    expect(
      queue.sent
        .filter(({ queue: name }) => name === 'reports')
        .map(({ body }) => Object.keys(body as object).at(-1)),
    ).toEqual(['progress', 'reports']);
    expect(progressOf(opened)).toEqual(['under way']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('that cannot be sent disturbs nothing', async () => {
    const lines: LogLine[] = [];
    const opened = openQueue();
    const { clock, reports } = opened;
    const { context, hold } = await openRunning(opened, { logger: recordingLogger(lines) });
    context.progress(() => 'no JSON');
    await clock.advance(250);
    const restore = interceptReports(opened, () => Promise.reject(new Error('away')));
    context.progress('away');
    await clock.advance(250);
    restore();
    context.progress('back');
    await clock.advance(250);
    hold.open('done');
    await clock.advance(10);
    expect(progressOf(opened)).toEqual(['back']);
    expect(reports().at(-1)?.outcome).toEqual(completed('done'));
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['debug', 'Progress of a task was not sent'],
      ['debug', 'Progress of a task was not sent'],
    ]);
  });
});

describe('what is withdrawn', () => {
  test('aborts the handler of its task with the reason, and is not reported', async () => {
    const opened = openQueue();
    const { clock, queue, open, send, reports } = opened;
    const worker = open();
    const reasons: unknown[] = [];
    worker.registerActor('a', async (_input, { signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      reasons.push(signal.reason);
      return 'nevertheless';
    });
    await worker.start();
    const id = await send(taskBody());
    await settled();
    expect(await queue.withdraw(queueName, [id])).toBe(1);
    await clock.advance(10_000);
    expect(reasons).toMatchObject([{ code: 'LOOM_CANCELLED' }]);
    expect(reports()).toEqual([]);
    expect(await queue.stats(queueName)).toMatchObject({ ready: 0, active: 0, delayed: 0, dead: 0 });
    expect(worker.activity()).toMatchObject({ a: { running: 0 } });
  });

  test('aborts the handler of a message too', async () => {
    const { clock, queue, open, send } = openQueue();
    const worker = open();
    const reasons: unknown[] = [];
    worker.registerActor('a', async (_message, context) => {
      const { signal } = context as ActorContext;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      reasons.push(signal.reason);
    });
    await worker.start();
    const id = await send({ kind: 'message', envelope: envelope() });
    await settled();
    await queue.withdraw(queueName, [id]);
    await clock.advance(10_000);
    expect(reasons).toMatchObject([{ code: 'LOOM_CANCELLED' }]);
    expect(await queue.stats(queueName)).toMatchObject({ ready: 0, active: 0, delayed: 0, dead: 0 });
  });
});

describe('what kills its workers', () => {
  /** As when the process that has it ends, again and again. */
  async function lose({ queue }: OpenQueue, times: number): Promise<void> {
    for (let n = 0; n < times; n++) {
      await settled();
      queue.loseLeases(queueName);
    }
    await settled();
  }

  test('is reported as failed after five times, when it is a task, and not given to a handler again', async () => {
    const opened = openQueue();
    const { clock, queue, open, send, reports } = opened;
    const worker = open();
    const attempts: number[] = [];
    worker.registerActor('a', (_input, { attempt }) => {
      attempts.push(attempt);
      return new Promise(() => {});
    });
    await worker.start();
    await send(taskBody({ attempt: 2 }));
    await lose(opened, 4);
    expect(reports()).toEqual([]);
    await lose(opened, 1);
    await clock.advance(10);
    expect(attempts).toEqual([2, 2, 2, 2, 2]);
    expect(reports()).toMatchObject([
      {
        executionId: 'execution',
        attempt: 2,
        token: 1,
        worker: 'test',
        durationMs: 0,
        outcome: { kind: 'failed', error: { code: 'LOOM_TASK_CRASHED', retryable: false } },
      },
    ]);
    const [{ outcome } = { outcome: undefined }] = reports();
    expect(outcome?.kind === 'failed' && outcome.error.message).toMatchInlineSnapshot(
      `"Actor "a" never finished task 0 of stage "stage", attempt 2 in execution execution. Delivered 5 times without an outcome: the process that had it ended, or its lease did. Look for what kills or blocks it: memory, a crash, a long loop."`,
    );
    expect(await queue.stats(queueName)).toMatchObject({ ready: 0, active: 0, delayed: 0, dead: 0 });
  });

  test('is a dead letter after as many times as the worker says, when it is a message', async () => {
    const opened = openQueue();
    const { open, send, deadReasons } = opened;
    const worker = open({ maxDeliveries: 2 });
    const attempts: number[] = [];
    worker.registerActor('a', (_message, { attempt }) => {
      attempts.push(attempt);
      return new Promise(() => {});
    });
    await worker.start();
    await send({ kind: 'message', envelope: envelope() });
    await lose(opened, 2);
    expect(await deadReasons()).toEqual([
      'Delivered 2 times without an outcome: the process that had it ended, or its lease did.',
    ]);
  });

  test.each([1, 2, 7])('with %s deliveries allowed, a handler may throw as often', async (maxDeliveries) => {
    const { clock, open, send, deadReasons } = openQueue();
    const worker = open({ maxDeliveries });
    let runs = 0;
    worker.registerActor('a', () => {
      runs++;
      boom();
    });
    await worker.start();
    await send({ kind: 'message', envelope: envelope() });
    await clock.advance(60_000);
    expect([runs, await deadReasons()]).toEqual([maxDeliveries, ['boom']]);
  });

  test('a message that finds its mailbox full each time is a dead letter in the end', async () => {
    const { clock, open, send, deadReasons } = openQueue();
    const worker = open({ maxDeliveries: 3 });
    worker.registerActor('a', () => new Promise(() => {}), { mailbox: { capacity: 1 } });
    await worker.start();
    for (const id of ['handled', 'waits', 'full'])
      await send({ kind: 'message', envelope: envelope({ id }) });
    await clock.advance(10);
    expect(await deadReasons()).toEqual([
      'The handler asked to retry after 3 deliveries, which is all it gets.',
    ]);
  });

  test('an answer that could not be sent while the worker closes does not bury its question', async () => {
    const { clock, queue, open, send } = openQueue();
    const worker = open({ maxDeliveries: 1 });
    worker.registerActor('a', () => 'well');
    await worker.start();
    const away = gate();
    const original = queue.send.bind(queue);
    queue.send = async (name, messages) => {
      if (name !== 'loom.replies.x') return original(name, messages);
      await away.opened;
      throw new Error('away');
    };
    await send({ kind: 'message', envelope: envelope({ replyTo: 'loom.replies.x' }) });
    await settled();
    const closing = worker.close();
    await settled();
    away.open();
    await clock.advance(10_000);
    await closing;
    expect(await queue.stats(queueName)).toMatchObject({ ready: 1, dead: 0 });
  });

  test.each([Number.NaN, 0, -1, 1.5, Infinity, '5'])('maxDeliveries is refused as %s', async (value) => {
    const { open } = openQueue();
    await loomErrorOf(() => open({ maxDeliveries: value as number }), 'LOOM_INVALID_OPTION');
  });
});
