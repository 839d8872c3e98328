import { Actor, actorQueueName, ActorRegistry, ActorWorker } from '@certoai/loom-core';
import type { ActorContext, JsonValue } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  boom,
  errorOf,
  gate,
  loomErrorOf,
  openWorker,
  recordingLogger,
  unhandledDuring,
} from '../support/open-worker.ts';
import type { LogLine } from '../support/open-worker.ts';
import type { MemoryQueue } from '../support/memory-queue.ts';
import { envelope, openQueue, taskBody } from '../support/open-queue.ts';
import { completed, task } from '../support/task.ts';

describe('messages between two workers', () => {
  test('are told and handled in the other process, with everything that goes with them', async () => {
    const { clock, queue, open } = openQueue();
    const seen: unknown[] = [];
    const server = open();
    server.registerActor('a', (message: unknown, context) => {
      const { to, correlationId, headers, priority, body } = context.envelope;
      seen.push([
        message,
        context.attempt,
        context.idempotencyKey,
        { to, correlationId, headers, priority, body },
      ]);
    });
    await server.start();
    const client = open();
    const headers = { traceparent: '00-1-2-01' };
    await client.tell(
      'a',
      { n: 1 },
      { key: 'k', headers, correlationId: 'c', idempotencyKey: 'i', priority: 3 },
    );
    client.actorOf('a').tell('plain');
    await clock.advance(10);
    expect(seen).toEqual([
      [{ n: 1 }, 1, 'i', { to: 'a/k', correlationId: 'c', headers, priority: 3, body: { n: 1 } }],
      ['plain', 1, expect.any(String), expect.objectContaining({ to: 'a', body: 'plain' })],
    ]);
    expect(await queue.stats(actorQueueName('a'))).toMatchObject({ ready: 0, active: 0, dead: 0 });
  });

  test('wait in the queue for a worker that registers and starts later', async () => {
    const { clock, open } = openQueue();
    const seen: unknown[] = [];
    await open().tell('a', 'early');
    const server = open();
    await server.start();
    await clock.advance(10);
    server.registerActor('a', (message) => void seen.push(message));
    await clock.advance(10);
    expect(seen).toEqual(['early']);
  });

  test('of a type that is registered here do not take the queue', async () => {
    const { queue, open } = openQueue();
    const worker = open();
    worker.registerActor('a', (message: number) => message + 1);
    expect(await worker.ask('a', 1)).toBe(2);
    expect(queue.sent).toEqual([]);
  });

  test('come to one actor of a key, one at a time, with its state', async () => {
    const { clock, open } = openQueue();
    const seen: string[] = [];
    class Counter extends Actor {
      #count = 0;
      async onReceive(): Promise<void> {
        const count = ++this.#count;
        seen.push(`begin ${this.context.key ?? ''}${count}`);
        await settled(1);
        seen.push(`end ${this.context.key ?? ''}${count}`);
      }
    }
    const server = open();
    server.registerActor('a', Counter);
    await server.start();
    const client = open();
    for (let i = 0; i < 3; i++) await client.tell('a', i, { key: 'k' });
    await clock.advance(10);
    await server.tell('a', 'from here', { key: 'k' });
    await clock.advance(10);
    expect(seen).toEqual([1, 2, 3, 4].flatMap((n) => [`begin k${n}`, `end k${n}`]));
  });

  test('are sent once for one idempotency key', async () => {
    const { clock, open } = openQueue();
    const seen: unknown[] = [];
    const server = open();
    server.registerActor('a', (message) => void seen.push(message));
    await server.start();
    const client = open();
    for (const message of ['one', 'two']) await client.tell('a', message, { idempotencyKey: 'i' });
    await clock.advance(10);
    expect(seen).toEqual(['one']);
  });

  test('that fail are tried again, and become dead letters in the end', async () => {
    const { clock, open, deadReasons } = openQueue();
    const attempts: number[] = [];
    const server = open();
    server.registerActor('a', (_message, context) => {
      attempts.push(context.attempt);
      boom();
    });
    await server.start();
    await open().tell('a', 1);
    await clock.advance(60_000);
    expect(attempts).toEqual([1, 2, 3, 4, 5]);
    expect(await deadReasons()).toEqual(['boom']);
  });

  test('carry an answer back to an actor of a registered type', async () => {
    const { clock, open } = openQueue();
    const answers: unknown[] = [];
    const [server, client] = [open(), open()];
    server.registerActor('a', (message, context) =>
      (context as ActorContext).replyTo?.tell(`re: ${String(message)}`),
    );
    client.registerActor(
      'inbox',
      (message, context) => void answers.push([(context as ActorContext).key, message]),
    );
    await Promise.all([server.start(), client.start()]);
    await client.tell('a', 'hello', { replyTo: client.actorOf('inbox', '7') });
    await clock.advance(10);
    expect(answers).toEqual([['7', 're: hello']]);
    await loomErrorOf(client.tell('a', 1, { replyTo: client.spawn(() => 1) }), 'LOOM_UNSUPPORTED');
  });

  test('an answer to a type nobody knows is not there', async () => {
    const { clock, queue, send } = openQueue();
    const seen: unknown[] = [];
    const registry = new ActorRegistry();
    const server = openWorker({ clock, queue, registry }).worker;
    server.registerActor('a', (_message, context) => void seen.push((context as ActorContext).replyTo?.path));
    await server.start();
    await send({ kind: 'message', envelope: envelope({ replyTo: 'elsewhere/1' }) });
    await clock.advance(10);
    expect(seen).toEqual(['elsewhere/1']);
  });

  test('that came too late are not handled: a tell is a dead letter, an ask is dropped', async () => {
    const { clock, open, send, deadReasons, queue } = openQueue();
    const seen: unknown[] = [];
    const server = open();
    server.registerActor('a', (message) => void seen.push(message));
    const expiresAt = clock.now() + 100;
    await send({ kind: 'message', envelope: envelope({ id: '1', expiresAt, body: 'told' }) });
    await send({
      kind: 'message',
      envelope: envelope({ id: '2', expiresAt, body: 'asked', replyTo: 'loom.replies.x' }),
    });
    await clock.advance(100);
    await server.start();
    await clock.advance(10);
    expect(seen).toEqual([]);
    expect(await deadReasons()).toEqual(['The message expired before it was handled.']);
    expect((await queue.stats(actorQueueName('a'))).ready).toBe(0);
  });

  test('that expire while they wait in the mailbox are not handled either', async () => {
    const { clock, open, send, deadReasons } = openQueue();
    const hold = gate();
    const seen: unknown[] = [];
    const server = open();
    server.registerActor('a', (message) => (seen.push(message), hold.opened));
    await server.start();
    await send({ kind: 'message', envelope: envelope({ id: '1', body: 'first' }) });
    await send({
      kind: 'message',
      envelope: envelope({ id: '2', body: 'late', expiresAt: clock.now() + 50 }),
    });
    await clock.advance(50);
    hold.open();
    await clock.advance(10);
    expect(seen).toEqual(['first']);
    expect(await deadReasons()).toHaveLength(1);
  });

  test('that find a full mailbox come again', async () => {
    const { clock, open } = openQueue();
    const hold = gate();
    const seen: unknown[] = [];
    const server = open();
    server.registerActor('a', (message) => (seen.push(message), hold.opened), { mailbox: { capacity: 1 } });
    await server.start();
    const client = open();
    for (const message of [1, 2]) await client.tell('a', message);
    await clock.advance(10);
    hold.open();
    await client.tell('a', 3);
    await clock.advance(10);
    expect(seen).toEqual([1, 2, 3]);
  });

  test('for an actor that cannot start are counted, and do not come without end', async () => {
    const { clock, open, deadReasons, queue } = openQueue();
    let made = 0;
    const create = (): never => {
      made++;
      throw new Error('no licence');
    };
    const server = open();
    server.registerActor('a', { create }, { supervision: { onFailure: 'stop' } });
    await server.start();
    const client = open();
    const asked = errorOf(client.ask('a', { type: 'resize' }));
    await clock.advance(10);
    expect(await asked).toMatchObject({ code: 'LOOM_ACTOR_STOPPED', cause: { message: 'no licence' } });
    await client.tell('a', 1);
    await clock.advance(60_000);
    expect(await deadReasons()).toEqual(['Actor "a" stopped before it handled a number.']);
    expect(made).toBe(6);
    expect((await queue.stats(actorQueueName('a'))).ready).toBe(0);
  });

  test('for a key that the type does not have: an ask is answered, a tell is a dead letter', async () => {
    const { clock, open, deadReasons } = openQueue();
    const server = open();
    server.registerActor(
      'a',
      new (class extends Actor {
        onReceive(): number {
          return 1;
        }
      })(),
    );
    await server.start();
    const client = open();
    const asked = loomErrorOf(client.ask('a', 1, { key: 'k' }), 'LOOM_UNSUPPORTED');
    await client.tell('a', 1, { key: 'k' });
    await clock.advance(10);
    await asked;
    expect(await deadReasons()).toEqual([expect.stringContaining('is one instance')]);
  });
});

describe('asks between two workers', () => {
  test('resolve to the reply, and reject with what the handler throws', async () => {
    const { clock, open } = openQueue();
    const server = open();
    server.registerActor('a', async (message: number) => {
      if (message < 0)
        throw Object.assign(new RangeError('below zero', { cause: new Error('deep') }), {
          code: 'E_NEG',
          retryable: false,
        });
      return { doubled: message * 2 };
    });
    await server.start();
    const client = open();
    const answers = Promise.all([client.ask('a', 4), client.actorOf('a', 'k').ask(5)]);
    const failed = errorOf(client.ask('a', -1));
    await clock.advance(10);
    expect(await answers).toEqual([{ doubled: 8 }, { doubled: 10 }]);
    const error = await failed;
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'RangeError',
      message: 'below zero',
      code: 'E_NEG',
      retryable: false,
      cause: { message: 'deep' },
    });
  });

  test('reject when the reply is not JSON or too large', async () => {
    const { clock, open } = openQueue();
    const server = open({ maxPayloadBytes: 10 });
    server.registerActor('a', (message) => (message === 'big' ? 'x'.repeat(20) : { n: 1n }));
    await server.start();
    const client = open();
    const [odd, big] = [
      loomErrorOf(client.ask('a', 'odd'), 'LOOM_NOT_SERIALISABLE'),
      loomErrorOf(client.ask('a', 'big'), 'LOOM_PAYLOAD_TOO_LARGE'),
    ];
    await clock.advance(10);
    expect((await odd).message).toContain('reply of actor "a"');
    await big;
  });

  test('reject when the message is not JSON', async () => {
    const { open } = openQueue();
    const client = open();
    await loomErrorOf(client.ask('a', 1n), 'LOOM_NOT_SERIALISABLE');
    await loomErrorOf(client.tell('a', new Map()), 'LOOM_NOT_SERIALISABLE');
    client.actorOf('a').tell(() => 1);
    await settled();
    expect(client.deadLetters.recent).toMatchObject([{ to: 'a', reason: 'send-failed' }]);
  });

  test('time out by the names of actor, message and queue, and a late reply goes nowhere', async () => {
    const { clock, open } = openQueue();
    const hold = gate();
    const client = open();
    const nobody = loomErrorOf(client.ask('a', { type: 'resize' }, { timeoutMs: 100 }), 'LOOM_TIMEOUT');
    await clock.advance(100);
    expect((await nobody).message).toBe(
      'Actor "a" did not answer "resize" within 100 ms. Does a worker serve queue "loom.actors.a"?',
    );
    const server = open();
    server.registerActor('a', () => hold.opened);
    await server.start();
    const unhandled = await unhandledDuring(async () => {
      const slow = loomErrorOf(client.ask('a', 1, { timeoutMs: 100 }), 'LOOM_TIMEOUT');
      await clock.advance(100);
      await slow;
      hold.open();
      await clock.advance(100);
    });
    expect(unhandled).toEqual([]);
  });

  test('end with their signal, before and during', async () => {
    const { open, queue } = openQueue();
    const client = open();
    const reason = new Error('changed my mind');
    expect(await errorOf(client.ask('a', 1, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(queue.sent).toEqual([]);
    const controller = new AbortController();
    const asked = errorOf(client.ask('a', 1, { signal: controller.signal }));
    await settled();
    controller.abort(reason);
    expect(await asked).toBe(reason);
  });

  test('reject when the worker closes, and afterwards', async () => {
    const { open } = openQueue();
    const client = open();
    const ref = client.actorOf('a');
    const asked = loomErrorOf(client.ask('a', 1), 'LOOM_CLOSED');
    await settled();
    await client.close();
    await asked;
    await loomErrorOf(ref.ask(1), 'LOOM_CLOSED');
    ref.tell('late');
    await settled();
    expect(client.deadLetters.recent).toMatchObject([{ message: 'late', reason: 'send-failed' }]);
  });

  test('reject when replies cannot be consumed, and the next one tries again', async () => {
    const { clock, open, queue } = openQueue();
    const server = open();
    server.registerActor('a', () => 'well');
    await server.start();
    const client = open();
    queue.failNextConsume = new Error('away');
    expect(await errorOf(client.ask('a', 1))).toMatchObject({ message: 'away' });
    const asked = client.ask('a', 1);
    await clock.advance(10);
    expect(await asked).toBe('well');
  });

  test.each([Number.NaN, 0, -1, Infinity, '5'])(
    'reject for timeoutMs %s, and a tell for expiresInMs',
    async (ms) => {
      const { open } = openQueue();
      const client = open();
      await loomErrorOf(client.ask('a', 1, { timeoutMs: ms as number }), 'LOOM_INVALID_OPTION');
      await loomErrorOf(client.tell('a', 1, { expiresInMs: ms as number }), 'LOOM_INVALID_OPTION');
    },
  );

  test('cannot stop or watch an actor in another process', async () => {
    const { open } = openQueue();
    const client = open();
    const ref = client.actorOf('a', 'k');
    expect([ref.path, JSON.stringify(ref)]).toEqual(['a/k', '"a/k"']);
    await loomErrorOf(ref.stop(), 'LOOM_UNSUPPORTED');
    const watcher = client.spawn((_message, context) => (context as ActorContext).watch(ref));
    await loomErrorOf(watcher.ask(1), 'LOOM_UNSUPPORTED');
  });
});

describe('tasks from a queue', () => {
  test('are run, and what came of them is reported to replyTo', async () => {
    const { clock, open, send, reports } = openQueue();
    const server = open();
    server.registerActor('a', (input: number) => (input < 0 ? boom() : input * 2));
    await server.start();
    await send(taskBody({ executionId: 'e', stage: 's', index: 2, token: 7, attempt: 3, input: 21 }));
    await send(taskBody({ executionId: 'e', stage: 's', index: 3, input: -1 }));
    await clock.advance(10);
    expect(reports()).toMatchObject([
      { executionId: 'e', stage: 's', index: 2, token: 7, attempt: 3, outcome: completed(42) },
      {
        executionId: 'e',
        stage: 's',
        index: 3,
        token: 1,
        attempt: 1,
        outcome: { kind: 'failed', error: { message: 'boom' } },
      },
    ]);
  });

  test('run as many at a time as the registration says, higher priority of the queue first', async () => {
    const { clock, open, queue } = openQueue();
    const order: unknown[] = [];
    let [running, most] = [0, 0];
    const server = open();
    server.registerActor(
      'a',
      async (input) => {
        most = Math.max(most, ++running);
        order.push(input);
        await settled(1);
        running--;
      },
      { concurrency: 2 },
    );
    for (const input of [1, 2, 3, 4, 5, 6]) {
      await queue.send(actorQueueName('a'), [
        { body: taskBody({ index: input, input }) as unknown as JsonValue, priority: input > 4 ? 9 : 0 },
      ]);
    }
    await server.start();
    await clock.advance(100);
    expect(most).toBe(2);
    expect(order).toEqual([5, 6, 1, 2, 3, 4]);
  });

  test('whose lease was lost are told to stop, and are not reported', async () => {
    const { clock, open, send, reports, queue } = openQueue();
    const reasons: unknown[] = [];
    const hold = gate<string>();
    const server = open();
    let round = 0;
    server.registerActor('a', (_input, { signal }) => {
      if (++round > 1) return 'second time';
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      return hold.opened;
    });
    await server.start();
    await send(taskBody());
    await settled();
    queue.loseLeases(actorQueueName('a'));
    hold.open('too late');
    await clock.advance(10);
    expect(reasons).toMatchObject([{ code: 'LOOM_LEASE_LOST' }]);
    expect(reports().map(({ outcome }) => outcome)).toEqual([completed('second time')]);
  });

  test('extend their lease with a heartbeat; that it is lost is logged', async () => {
    const lines: LogLine[] = [];
    const { clock, open, send, queue, reports } = openQueue();
    const server = open({ logger: recordingLogger(lines), leaseMs: 200 });
    const hold = gate();
    server.registerActor('a', async (_input, context) => {
      context.heartbeat();
      await hold.opened;
    });
    server.registerActor('b', {
      create: () => ({ onReceive: async (_message: unknown, context: ActorContext) => context.heartbeat() }),
    });
    await server.start();
    await send(taskBody());
    await send({ kind: 'message', envelope: envelope({ to: 'b' }) }, 'b');
    await settled();
    hold.open();
    await clock.advance(10);
    expect(reports()).toHaveLength(1);
    expect(lines).toEqual([]);
    expect(await queue.stats(actorQueueName('b'))).toMatchObject({ active: 0, ready: 0 });
  });

  const { replyTo: _none, ...withoutReply } = taskBody() as { replyTo: string };
  const bad: readonly (readonly [what: string, body: unknown, said: string])[] = [
    ['a text', 'hello', 'The body is not an object.'],
    ['null', null, 'The body is not an object.'],
    ['a list', [], 'The body is not an object.'],
    ['no kind', {}, 'kind is undefined'],
    ['an unknown kind', { kind: 'order' }, 'kind is "order"'],
    ['no task', { kind: 'task', replyTo: 'reports' }, 'task is not an object.'],
    ['no reply queue', withoutReply, 'replyTo is not the name of a queue.'],
    [
      'a reply queue that cannot be one',
      { ...taskBody(), replyTo: 'a b' },
      'replyTo is not the name of a queue.',
    ],
    [
      'no index',
      { kind: 'task', task: { ...task(), index: undefined }, replyTo: 'r' },
      'task.index is missing; it must be a number.',
    ],
    ['a timeout of 0', taskBody({ timeoutMs: 0 }), 'task.timeoutMs is 0; it must be 1 or more.'],
    [
      'a priority in words',
      taskBody({ priority: 'high' as never }),
      'task.priority is a string; it must be a number.',
    ],
    ['no envelope', { kind: 'message' }, 'envelope is not an object.'],
    [
      'an envelope without headers',
      { kind: 'message', envelope: { ...envelope(), headers: null } },
      'envelope.headers is null; it must be a object.',
    ],
    [
      'a task of another type',
      taskBody({ actor: 'b' }),
      'A message for actor "b" is in queue "loom.actors.a".',
    ],
    [
      'a message of another type',
      { kind: 'message', envelope: envelope({ to: 'b/1' }) },
      'A message for actor "b" is in queue "loom.actors.a".',
    ],
  ];
  test.each(bad)('with %s are dead letters at once, with the reason', async (_what, body, said) => {
    const { clock, open, send, deadReasons, reports } = openQueue();
    let runs = 0;
    const server = open();
    server.registerActor('a', () => void runs++);
    await server.start();
    await send(body);
    await clock.advance(10);
    const [reason] = await deadReasons();
    expect(reason).toContain(said);
    expect([runs, reports()]).toEqual([0, []]);
  });

  test('go back to the queue as if untouched when the worker closes', async () => {
    const { clock, open, send, reports, queue } = openQueue();
    const one = open();
    one.registerActor('a', () => new Promise(() => {}));
    await one.start();
    await send(taskBody());
    await send({ kind: 'message', envelope: envelope() });
    await settled();
    const closing = one.close();
    await clock.advance(5_000);
    await closing;
    expect(await queue.stats(actorQueueName('a'))).toMatchObject({ ready: 2, active: 0 });
    const attempts: number[] = [];
    const two = open();
    two.registerActor('a', (_input, context) => void attempts.push(context.attempt));
    await two.start();
    await clock.advance(10);
    expect(attempts).toEqual([1, 1]);
    expect(reports()).toHaveLength(1);
  });

  test('are finished, and no new ones taken, when the worker drains', async () => {
    const { clock, open, send, reports, queue } = openQueue();
    const hold = gate();
    const worker = open();
    worker.registerActor('a', () => hold.opened, { concurrency: 1 });
    await worker.start();
    await send(taskBody({ index: 0 }));
    await send(taskBody({ index: 1 }));
    await settled();
    const draining = worker.drain();
    worker.registry.register('b', () => 1);
    hold.open();
    await clock.advance(10);
    await draining;
    expect(reports().map(({ index }) => index)).toEqual([0]);
    expect((await queue.stats(actorQueueName('a'))).ready).toBe(1);
    await send(taskBody({ actor: 'b' }), 'b');
    await clock.advance(10);
    expect((await queue.stats(actorQueueName('b'))).ready).toBe(1);
  });
});

describe('serving', () => {
  test('begins with start for what is registered, and at once for what comes later', async () => {
    const { clock, open, send, reports } = openQueue();
    const worker = open();
    worker.registerActor('a', () => 'a');
    await send(taskBody());
    await send(taskBody({ actor: 'b', executionId: 'other' }), 'b');
    await clock.advance(10);
    expect(reports()).toEqual([]);
    await worker.start();
    await clock.advance(10);
    expect(reports()).toHaveLength(1);
    worker.registerActor('b', () => 'b');
    await clock.advance(10);
    expect(reports().map(({ outcome }) => outcome)).toEqual([completed('a'), completed('b')]);
  });

  test('fails when the queue does, and start can be tried again', async () => {
    const { clock, open, send, reports, queue } = openQueue();
    const worker = open();
    worker.registerActor('a', () => 'a');
    queue.failNextConsume = new Error('away');
    expect(await errorOf(worker.start())).toMatchObject({ message: 'away' });
    await worker.start();
    await send(taskBody());
    await clock.advance(10);
    expect(reports()).toHaveLength(1);
  });

  test('of a type that is registered while the queue is away is an error in the log', async () => {
    const lines: LogLine[] = [];
    const { open, queue } = openQueue();
    const worker = open({ logger: recordingLogger(lines) });
    await worker.start();
    queue.failNextConsume = new Error('away');
    worker.registerActor('a', () => 1);
    await settled();
    expect(lines).toMatchObject([
      {
        level: 'error',
        message: 'Actor type is not served',
        fields: { actor: 'a', error: { message: 'away' } },
      },
    ]);
  });

  test('goes on with a type that is withdrawn and registered again in one breath', async () => {
    const { clock, open, send, reports } = openQueue();
    const worker = open();
    worker.registerActor('a', () => 'old');
    await worker.start();
    worker.registry.unregister('a');
    worker.registerActor('a', () => 'new');
    await clock.advance(10);
    await send(taskBody());
    await clock.advance(10);
    expect(reports().map(({ outcome }) => outcome)).toEqual([completed('new')]);
  });

  test('ends with the withdrawal of a type, and what ran goes back', async () => {
    const { clock, open, send, queue } = openQueue();
    const worker = open();
    worker.registerActor('a', () => new Promise(() => {}));
    await worker.start();
    await send(taskBody());
    await settled();
    worker.registry.unregister('a');
    await clock.advance(10);
    expect(await queue.stats(actorQueueName('a'))).toMatchObject({ ready: 1, active: 0 });
  });

  test('takes as many at a time as a replaced registration says', async () => {
    const { clock, open, send } = openQueue();
    const worker = open();
    let running = 0;
    const hang = (): Promise<void> => (running++, new Promise(() => {}));
    worker.registerActor('a', hang, { concurrency: 1 });
    await worker.start();
    worker.registerActor('a', hang, { concurrency: 3 });
    await clock.advance(10);
    for (let index = 0; index < 5; index++) await send(taskBody({ index }));
    await clock.advance(10);
    expect(running).toBe(3);
  });

  test('is over when the worker closes while a replaced registration waits for what runs', async () => {
    const { clock, open, send, queue } = openQueue();
    const worker = open();
    worker.registerActor('a', () => new Promise(() => {}), { concurrency: 1 });
    await worker.start();
    await send(taskBody());
    await settled();
    worker.registerActor('a', () => new Promise(() => {}), { concurrency: 2 });
    await settled();
    const closing = worker.close();
    await clock.advance(5_000);
    await closing;
    await clock.advance(10);
    expect(await queue.stats(actorQueueName('a'))).toMatchObject({ ready: 1, active: 0 });
  });

  test('leaves the queue open when the worker closes, and reports what did not close', async () => {
    const { open, queue, clock } = openQueue();
    const worker = open();
    worker.registerActor('a', () => 1);
    await worker.start();
    await worker.close();
    expect((await queue.stats('x')).ready).toBe(0);
    const other = new ActorWorker('other', {
      clock,
      queue: Object.assign(Object.create(queue) as MemoryQueue, {
        consume: async () => ({ close: () => Promise.reject(new Error('stuck')) }),
      }),
    });
    onTestFinished(() => void other.close().catch(() => undefined));
    other.registerActor('a', () => 1);
    await other.start();
    const error = await errorOf(other.close());
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors).toMatchObject([
      { code: 'LOOM_CLOSE_FAILED', details: { name: 'consumers' }, cause: { message: 'stuck' } },
    ]);
  });
});
