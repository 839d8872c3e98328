import { Actor } from '@certoai/loom-core';
import type { ActorContext, AskOptions, TellOptions } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { boom, errorOf, gate, loomErrorOf, openWorker, recorder } from '../support/open-worker.ts';

const odd = [Number.NaN, 0, -1, 0.5, Infinity, '5', null] as readonly unknown[];

describe('tell', () => {
  test('returns before its message is handled, and handles it soon', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log));
    ref.tell('a');
    expect(log).toEqual(['start']);
    await Promise.resolve();
    expect(log).toEqual(['start', 'a']);
  });

  test('carries anything, without a copy, also undefined', async () => {
    const { worker } = openWorker();
    const seen: unknown[] = [];
    const ref = worker.spawn((message: unknown) => void seen.push(message));
    const object = { a: 1 };
    for (const message of [object, undefined, null, 0, '']) ref.tell(message);
    await settled();
    expect(seen).toEqual([object, undefined, null, 0, '']);
    expect(seen[0]).toBe(object);
  });

  test('gives its options to the receiver, in the envelope', async () => {
    const { worker, clock } = openWorker();
    const seen: unknown[] = [];
    const answers: unknown[] = [];
    const sender = worker.spawn((message: unknown) => void answers.push(message), { name: 'sender' });
    const ref = worker.spawn(
      (_message: unknown, context) => {
        const { envelope, idempotencyKey, trace } = context;
        seen.push({ ...envelope }, idempotencyKey, trace);
        (context as ActorContext).replyTo?.tell('answer');
      },
      { name: 'receiver' },
    );
    const headers = { traceparent: '00-1-2-01' };
    const options = {
      headers,
      correlationId: 'c',
      causationId: 'm',
      idempotencyKey: 'i',
      expiresInMs: 5,
      priority: 7,
    };
    ref.tell({ n: 1 }, { ...options, replyTo: sender });
    await settled();
    const now = clock.now();
    expect(seen).toEqual([
      {
        id: expect.stringMatching(/^[0-9A-Z]{26}$/),
        to: 'user/receiver',
        body: { n: 1 },
        headers,
        priority: 7,
        correlationId: 'c',
        causationId: 'm',
        idempotencyKey: 'i',
        replyTo: 'user/sender',
        createdAt: now,
        expiresAt: now + 5,
      },
      'i',
      headers,
    ]);
    expect(answers).toEqual(['answer']);
  });

  test('has an envelope also without options: the same as long as its message is handled', async () => {
    const { worker, clock } = openWorker();
    const seen: any[] = [];
    const ref = worker.spawn(async (_message: unknown, context) => {
      seen.push(context.envelope, context.idempotencyKey);
      await Promise.resolve();
      seen.push(context.envelope);
    });
    ref.tell('a');
    await settled();
    expect(seen[0]).toMatchObject({ body: 'a', priority: 0, headers: {}, createdAt: clock.now() });
    expect(seen[0].correlationId).toBe(seen[0].id);
    expect(seen[1]).toBe(seen[0].id);
    expect(seen[2]).toBe(seen[0]);
  });

  test('takes an explicit undefined as the default, in every option', async () => {
    const { worker } = openWorker();
    const ref = worker.spawn((_message: unknown, context) => context.envelope.priority);
    const nothing: TellOptions = {
      headers: undefined,
      correlationId: undefined,
      causationId: undefined,
      idempotencyKey: undefined,
      expiresInMs: undefined,
      priority: undefined,
      replyTo: undefined,
    };
    ref.tell(1, nothing);
    expect(await ref.ask(1, { ...nothing, timeoutMs: undefined, signal: undefined })).toBe(0);
  });

  test.each(odd)('refuses expiresInMs %s', (expiresInMs) => {
    const { worker } = openWorker();
    const ref = worker.spawn(() => undefined);
    expect(() => ref.tell(1, { expiresInMs } as TellOptions)).toThrow(
      expect.objectContaining({
        code: 'LOOM_INVALID_OPTION',
        details: { option: 'expiresInMs', value: expiresInMs },
      }),
    );
  });

  test.each([...odd.filter((value) => value !== 0), 101])('refuses priority %s', (priority) => {
    const { worker } = openWorker();
    const ref = worker.spawn(() => undefined);
    expect(() => ref.tell(1, { priority } as TellOptions)).toThrow(
      expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }),
    );
  });

  test('does not handle what waited for longer than expiresInMs; it is a dead letter', async () => {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    const hold = gate();
    const ref = worker.spawn(recorder(log));
    ref.tell(() => hold.opened);
    ref.tell('late', { expiresInMs: 100 });
    ref.tell('in time', { expiresInMs: 101 });
    await clock.advance(100);
    hold.open();
    await settled();
    expect(log).toEqual(['start', 'in time']);
    expect(worker.deadLetters.recent).toEqual([
      { message: 'late', to: ref.path, reason: 'expired', at: clock.now() },
    ]);
  });
});

describe('ask', () => {
  test('resolves to what the handler returns or resolves to', async () => {
    const { worker } = openWorker();
    const ref = worker.spawn(recorder([]));
    expect(await ref.ask('a')).toBe('a');
    expect(await ref.ask(async () => 'later')).toBe('later');
    expect(await ref.ask(() => undefined)).toBeUndefined();
  });

  test('rejects with the very thing the handler throws or rejects with', async () => {
    const { worker } = openWorker();
    const ref = worker.spawn(recorder([]), { supervision: { onFailure: 'resume' } });
    const error = new RangeError('no');
    expect(
      await errorOf(
        ref.ask(() => {
          throw error;
        }),
      ),
    ).toBe(error);
    expect(
      await errorOf(
        ref.ask(async () => {
          throw error;
        }),
      ),
    ).toBe(error);
    expect(
      await errorOf(
        ref.ask(() => {
          throw undefined;
        }),
      ),
    ).toBeUndefined();
    expect(await errorOf(ref.ask(() => Promise.reject('text')))).toBe('text');
  });

  test('times out by the names of actor and message, and says what the actor is at', async () => {
    const { worker, clock } = openWorker();
    const hold = gate();
    const ref = worker.spawn(() => hold.opened, { name: 'slow' });
    const first = loomErrorOf(
      ref.ask({ type: 'resize', secret: 's3cret' }, { timeoutMs: 10 }),
      'LOOM_TIMEOUT',
    );
    const second = loomErrorOf(ref.ask({ kind: 'crop' }, { timeoutMs: 10 }), 'LOOM_TIMEOUT');
    const third = loomErrorOf(ref.ask(5, { timeoutMs: 10 }), 'LOOM_TIMEOUT');
    await clock.advance(10);
    expect(await first).toMatchObject({
      message: 'Actor "user/slow" did not answer "resize" within 10 ms; its handler has not returned.',
      details: { actor: 'user/slow', timeoutMs: 10 },
    });
    expect((await second).message).toMatch(
      /did not answer "crop" within 10 ms; 2 messages wait in its mailbox/,
    );
    expect((await third).message).toMatch(/did not answer a number/);
    expect(JSON.stringify(await first)).not.toContain('s3cret');
  });

  test('says so when the actor has not started', async () => {
    const { worker, clock } = openWorker();
    const hold = gate();
    const ref = worker.spawn({ create: () => hold.opened.then(() => () => 1) });
    const error = errorOf(ref.ask('x', { timeoutMs: 5 }));
    await clock.advance(5);
    expect(await error).toMatchObject({ message: expect.stringContaining('it is starting or restarting') });
    hold.open();
  });

  test('waits 5 seconds by default, or as long as the worker says', async () => {
    const never = (): Promise<never> => new Promise(() => {});
    const { worker, clock } = openWorker();
    const asked = errorOf(worker.spawn(never).ask(1));
    let ended = false;
    void asked.then(() => (ended = true));
    await clock.advance(4_999);
    expect(ended).toBe(false);
    await clock.advance(1);
    expect(await asked).toMatchObject({ code: 'LOOM_TIMEOUT', details: { timeoutMs: 5_000 } });
    const other = openWorker({ askTimeoutMs: 20 });
    const sooner = errorOf(other.worker.spawn(never).ask(1, {}));
    await other.clock.advance(20);
    expect(await sooner).toMatchObject({ details: { timeoutMs: 20 } });
  });

  test('aborts the signal of the handler that is at it when it times out', async () => {
    const { worker, clock } = openWorker();
    const reasons: unknown[] = [];
    const ref = worker.spawn(
      (_message, { signal }) =>
        new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            resolve();
          });
        }),
    );
    const asked = errorOf(ref.ask(1, { timeoutMs: 10 }));
    await clock.advance(10);
    expect(reasons).toEqual([await asked]);
    expect(worker.deadLetters.count).toBe(0);
  });

  test('is not handled when it ended before the actor came to it', async () => {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    const hold = gate();
    const ref = worker.spawn(recorder(log));
    ref.tell(() => hold.opened);
    const timedOut = errorOf(ref.ask('timed out', { timeoutMs: 10 }));
    const controller = new AbortController();
    const aborted = errorOf(ref.ask('aborted', { signal: controller.signal }));
    ref.tell('told');
    controller.abort(new Error('changed my mind'));
    await clock.advance(10);
    hold.open();
    await settled();
    expect(await timedOut).toMatchObject({ code: 'LOOM_TIMEOUT' });
    expect(await aborted).toMatchObject({ message: 'changed my mind' });
    expect(log).toEqual(['start', 'told']);
  });

  test('rejects with the reason of its signal, aborted before or during, never as a timeout', async () => {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log));
    const reason = new Error('no longer needed');
    expect(await errorOf(ref.ask('never sent', { signal: AbortSignal.abort(reason) }))).toBe(reason);
    const controller = new AbortController();
    let seen: unknown;
    const during = errorOf(
      ref.ask(
        ({ signal }: ActorContext) =>
          new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => {
              seen = signal.reason;
              resolve();
            });
          }),
        { signal: controller.signal, timeoutMs: 10 },
      ),
    );
    await settled();
    controller.abort(reason);
    expect(await during).toBe(reason);
    expect(seen).toBe(reason);
    await clock.advance(10);
    expect(log).toEqual(['start']);
  });

  test('is not disturbed by its signal afterwards, and leaves no timer behind', async () => {
    const { worker, clock } = openWorker();
    const ref = worker.spawn(recorder([]));
    const controller = new AbortController();
    const { signal } = controller;
    expect(await ref.ask('a', { signal })).toBe('a');
    await errorOf(ref.ask(boom, { signal }));
    controller.abort();
    expect(await ref.ask('b')).toBe('b');
    await clock.advance(100);
    expect(clock.pendingTimers).toBe(0);
  });

  test.each(odd)('rejects, and does not throw, for timeoutMs %s', async (timeoutMs) => {
    const { worker } = openWorker();
    const ref = worker.spawn(() => undefined);
    const asked = ref.ask(1, { timeoutMs } as AskOptions);
    expect(await loomErrorOf(asked, 'LOOM_INVALID_OPTION')).toMatchObject({
      details: { option: 'timeoutMs' },
    });
  });

  test('rejects when the actor has stopped, stops, or is told to before it came to it', async () => {
    const { worker, clock } = openWorker();
    const hold = gate();
    const ref = worker.spawn(() => hold.opened, { name: 'short' });
    ref.tell(1);
    await settled();
    const waiting = loomErrorOf(ref.ask({ type: 'wait' }), 'LOOM_ACTOR_STOPPED');
    const stopping = ref.stop();
    expect((await waiting).message).toBe('Actor "user/short" stopped before it handled "wait".');
    await loomErrorOf(ref.ask('too late'), 'LOOM_ACTOR_STOPPED');
    hold.open();
    await stopping;
    await loomErrorOf(ref.ask('much too late'), 'LOOM_ACTOR_STOPPED');
    await clock.advance(100);
    expect(clock.pendingTimers).toBe(0);
  });

  test('gets the answer of the message it is at while its actor is told to stop', async () => {
    const { worker } = openWorker();
    const hold = gate<string>();
    const ref = worker.spawn(() => hold.opened);
    const asked = ref.ask(1);
    await settled();
    const stopping = ref.stop();
    hold.open('answer');
    expect(await asked).toBe('answer');
    await stopping;
  });

  test('a thenable of another library is awaited', async () => {
    const { worker } = openWorker();
    // oxlint-disable-next-line unicorn/no-thenable -- this is the one in question
    const ref = worker.spawn(() => ({ then: (resolve: (value: string) => void) => resolve('thenable') }));
    expect(await ref.ask(1)).toBe('thenable');
  });

  test('a result whose `then` cannot be read fails its ask and nothing else', async () => {
    const { worker } = openWorker();
    // oxlint-disable-next-line unicorn/no-thenable -- this is the one in question
    const hostile = {
      get then() {
        return boom();
      },
    };
    const ref = worker.spawn((message) => (message === 'bad' ? hostile : message));
    expect(await errorOf(ref.ask('bad'))).toMatchObject({ message: 'boom' });
    expect(await ref.ask('good')).toBe('good');
  });
});

describe('a ref', () => {
  test('is its path as JSON', () => {
    const { worker } = openWorker();
    expect(JSON.stringify({ ref: worker.spawn(() => 1, { name: 'a' }) })).toBe('{"ref":"user/a"}');
  });

  test('lets an actor answer itself and others by name', async () => {
    const { worker } = openWorker();
    class Ping extends Actor<string> {
      async onReceive(message: string): Promise<string> {
        return message === 'ask' ? this.context.actorOf('pong', 'k').ask<string>('ping') : boom();
      }
    }
    worker.registerActor(
      'pong',
      (message: string, context) => `${message} ${(context as ActorContext).path}`,
    );
    worker.registerActor('ping', Ping);
    expect(await worker.ask('ping', 'ask')).toBe('ping pong/k');
  });
});
