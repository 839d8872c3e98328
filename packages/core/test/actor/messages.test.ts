import { describe, expect, test } from 'vitest';
import {
  Actor,
  type ActorContext,
  type ActorRef,
  type MessageEnvelope,
  type TaskContext,
} from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { createTestWorker } from '../support/test-worker.ts';

class Echo extends Actor {
  onReceive(message: unknown): unknown {
    return { echo: message };
  }
}

describe('tell', () => {
  test('is handled one message at a time, in order, also when handlers wait', async () => {
    await using system = createTestWorker();
    const log: string[] = [];
    const ref = system.worker.spawn(async (message: number) => {
      log.push(`begin ${message}`);
      await settled(1);
      log.push(`end ${message}`);
    });
    for (const message of [1, 2, 3]) ref.tell(message);
    await system.worker.drain();
    expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
  });

  test('returns before the message is handled', async () => {
    await using system = createTestWorker();
    const handled: number[] = [];
    const ref = system.worker.spawn((message: number) => void handled.push(message));
    ref.tell(1);
    expect(handled).toEqual([]);
    await settled();
    expect(handled).toEqual([1]);
  });

  test.each([undefined, null, 0, '', false, Number.NaN])('takes %s as a message', async (message) => {
    await using system = createTestWorker();
    const handled: unknown[] = [];
    const ref = system.worker.spawn((one: unknown) => void handled.push(one));
    ref.tell(message);
    ref.tell(message);
    await settled();
    expect(handled).toEqual([message, message]);
  });
});

describe('ask', () => {
  test('resolves to what the handler returns, now or later', async () => {
    await using system = createTestWorker();
    expect(await system.worker.spawn(Echo).ask('hi')).toEqual({ echo: 'hi' });
    const slow = system.worker.spawn(async (n: number) => {
      await settled(1);
      return n + 1;
    });
    expect(await Promise.all([slow.ask(1), slow.ask(2), slow.ask(3)])).toEqual([2, 3, 4]);
  });

  test('awaits promises of any library', async () => {
    await using system = createTestWorker();
    const thenable = {
      // oxlint-disable-next-line unicorn/no-thenable
      then: (resolve: (value: string) => void) => void setImmediate(() => resolve('late')),
    };
    expect(await system.worker.spawn(() => thenable).ask(1)).toBe('late');
  });

  test('rejects with what the handler throws', async () => {
    await using system = createTestWorker();
    const error = new Error('no');
    const now = system.worker.spawn(() => {
      throw error;
    });
    const later = system.worker.spawn(async () => {
      throw error;
    });
    await expect(now.ask(1)).rejects.toBe(error);
    await expect(later.ask(1)).rejects.toBe(error);
  });

  test('times out with the names of the actor and the message', async () => {
    await using system = createTestWorker();
    const ref = system.worker.spawn(() => new Promise(() => {}), { name: 'slow' });
    const reply = ref.ask({ type: 'order:create', secret: 'hunter2' }, { timeoutMs: 250 });
    const failure = expect(reply).rejects.toMatchObject({
      code: 'LOOM_TIMEOUT',
      message: expect.stringMatching(/slow.*"order:create".*250 ms/s),
      details: { timeoutMs: 250 },
    });
    await system.clock.advance(250);
    await failure;
    await expect(reply).rejects.not.toThrow(/hunter2/);
  });

  test('times out after five seconds, or after what the worker says', async () => {
    for (const [askTimeoutMs, expected] of [
      [undefined, 5_000],
      [70, 70],
    ] as const) {
      await using system = createTestWorker({ askTimeoutMs, closeTimeoutMs: 0 });
      const reply = system.worker.spawn(() => new Promise(() => {})).ask('x');
      let ended = false;
      reply.catch(() => (ended = true));
      await system.clock.advance(expected - 1);
      expect(ended).toBe(false);
      await system.clock.advance(1);
      expect(ended).toBe(true);
      const closing = system.worker.close();
      await system.clock.advance(0);
      await closing;
    }
  });

  test('is not handled when it ended before the actor came to it', async () => {
    await using system = createTestWorker();
    const handled: string[] = [];
    let release: () => void = () => {};
    const ref = system.worker.spawn(async (message: string) => {
      handled.push(message);
      if (message === 'first') await new Promise<void>((resolve) => (release = resolve));
    });
    ref.tell('first');
    const reply = ref.ask('second', { timeoutMs: 10 });
    const failure = expect(reply).rejects.toMatchObject({ code: 'LOOM_TIMEOUT' });
    await system.clock.advance(10);
    await failure;
    release();
    ref.tell('third');
    await settled();
    expect(handled).toEqual(['first', 'third']);
  });

  test('aborts context.signal of the handler when it times out', async () => {
    await using system = createTestWorker();
    const reasons: unknown[] = [];
    const ref = system.worker.spawn(async (_message: unknown, { signal }: TaskContext) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      reasons.push(signal.reason);
    });
    const reply = ref.ask('x', { timeoutMs: 10 });
    const failure = expect(reply).rejects.toMatchObject({ code: 'LOOM_TIMEOUT' });
    await system.clock.advance(10);
    await failure;
    await settled();
    expect(reasons).toMatchObject([{ code: 'LOOM_TIMEOUT' }]);
  });

  test('is ended by its signal: before, in line, and while it is handled', async () => {
    await using system = createTestWorker();
    const seen: unknown[] = [];
    const ref = system.worker.spawn(async (message: string, { signal }: TaskContext) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      seen.push([message, signal.reason]);
    });
    const reason = new Error('changed my mind');
    await expect(ref.ask('never', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const [running, waiting] = [new AbortController(), new AbortController()];
    const first = ref.ask('first', { signal: running.signal });
    const second = ref.ask('second', { signal: waiting.signal });
    await settled();
    waiting.abort(reason);
    await expect(second).rejects.toBe(reason);
    running.abort(reason);
    await expect(first).rejects.toBe(reason);
    await settled();
    expect(seen).toEqual([['first', reason]]);
  });

  test('many may share one signal without a warning of a leak', async () => {
    await using system = createTestWorker();
    const warnings: string[] = [];
    const onWarning = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', onWarning);
    const ref = system.worker.spawn(() => new Promise(() => {}), { name: 'never' });
    const controller = new AbortController();
    const replies = Array.from({ length: 20 }, (_, n) => ref.ask(n, { signal: controller.signal }));
    const outcomes = Promise.allSettled(replies);
    controller.abort(new Error('all of you'));
    expect((await outcomes).every(({ status }) => status === 'rejected')).toBe(true);
    await settled();
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  test('a late answer, and a late failure, go nowhere', async () => {
    await using system = createTestWorker();
    const ends: (() => void)[] = [];
    const ref = system.worker.spawn(
      (fails: boolean) =>
        new Promise((resolve, reject) =>
          ends.push(() => (fails ? reject(new Error('late')) : resolve('late'))),
        ),
    );
    for (const fails of [true, false]) {
      const reply = ref.ask(fails, { timeoutMs: 10 });
      const failure = expect(reply).rejects.toMatchObject({ code: 'LOOM_TIMEOUT' });
      await system.clock.advance(10);
      await failure;
      ends.shift()?.();
      await settled();
    }
  });

  test.each([Number.NaN, 0, -1, 1.5, Infinity])('timeoutMs %s is refused', async (timeoutMs) => {
    await using system = createTestWorker();
    await expect(system.worker.spawn(Echo).ask('x', { timeoutMs })).rejects.toMatchObject({
      code: 'LOOM_INVALID_OPTION',
    });
  });

  test('explicit undefined is the default', async () => {
    await using system = createTestWorker();
    const reply = system.worker
      .spawn(Echo)
      .ask('x', { timeoutMs: undefined, signal: undefined, headers: undefined });
    expect(await reply).toEqual({ echo: 'x' });
  });

  test('answered asks leave no timer behind for long', async () => {
    await using system = createTestWorker();
    const ref = system.worker.spawn(Echo);
    for (let n = 0; n < 100; n++) await ref.ask(n, { timeoutMs: 60_000 });
    await system.clock.advance(200);
    expect(system.clock.pendingTimers).toBe(0);
  });
});

describe('the envelope', () => {
  async function envelopeOf(send: (ref: ActorRef) => void): Promise<MessageEnvelope> {
    await using system = createTestWorker();
    let envelope: MessageEnvelope | undefined;
    const ref = system.worker.spawn(
      (_message: unknown, context: TaskContext) => void (envelope = context.envelope),
      { name: 'reader' },
    );
    send(ref);
    await settled();
    if (!envelope) throw new Error('Nothing was received.');
    return envelope;
  }

  test('of a plain tell is made when it is read', async () => {
    const envelope = await envelopeOf((ref) => ref.tell({ n: 1 }));
    expect(envelope).toMatchObject({
      body: { n: 1 },
      headers: {},
      priority: 0,
      createdAt: Date.UTC(2026, 0, 1),
    });
    expect(envelope.to).toContain('reader');
    expect(envelope.id).toMatch(/^[0-9A-Z]{26}$/);
    expect(envelope.correlationId).toBe(envelope.id);
  });

  test('has what was sent with the message', async () => {
    const sent = {
      headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
      correlationId: 'c',
      causationId: 'b',
      idempotencyKey: 'k',
      priority: 7,
      expiresInMs: 500,
    };
    const envelope = await envelopeOf((ref) => ref.tell('x', sent));
    const { expiresInMs, ...shown } = sent;
    expect(envelope).toMatchObject({ ...shown, expiresAt: envelope.createdAt + expiresInMs });
  });

  test('is the same each time it is read, and feeds idempotencyKey and trace', async () => {
    await using system = createTestWorker();
    const reads: unknown[] = [];
    const ref = system.worker.spawn((_message: unknown, context: TaskContext) => {
      reads.push(
        context.envelope === context.envelope,
        context.idempotencyKey === context.envelope.id,
        context.trace,
        context.attempt,
      );
    });
    ref.tell('x');
    ref.tell('x', { idempotencyKey: 'k', headers: { a: 'b' } });
    await settled();
    expect(reads).toEqual([true, true, {}, 1, true, false, { a: 'b' }, 1]);
  });

  test('a message that waited too long is a dead letter', async () => {
    await using system = createTestWorker();
    const handled: string[] = [];
    let release: () => void = () => {};
    const ref = system.worker.spawn(async (message: string) => {
      handled.push(message);
      if (message === 'first') await new Promise<void>((resolve) => (release = resolve));
    });
    ref.tell('first');
    ref.tell('stale', { expiresInMs: 100 });
    ref.tell('fresh', { expiresInMs: 101 });
    await system.clock.advance(100);
    release();
    await settled();
    expect(handled).toEqual(['first', 'fresh']);
    expect(system.worker.deadLetters.recent).toMatchObject([{ message: 'stale', reason: 'expired' }]);
  });

  test.each([
    [{ priority: 101 }],
    [{ priority: -1 }],
    [{ priority: Number.NaN }],
    [{ expiresInMs: 0 }],
    [{ expiresInMs: Infinity }],
  ])('%o is refused', async (options) => {
    await using system = createTestWorker();
    expect(() => system.worker.spawn(Echo).tell('x', options)).toThrow(
      expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }),
    );
  });
});

describe('what can be an actor', () => {
  class Processor {
    readonly seen: unknown[] = [];
    process(message: unknown): string {
      this.seen.push(message);
      return `processed ${String(message)}`;
    }
  }
  class Executor {
    execute(input: unknown, context: ActorContext): string {
      return `executed ${String(input)} ${typeof context.idempotencyKey}`;
    }
  }
  const sources = {
    'a class': Echo,
    'an instance': new Echo(),
    'a class with process': Processor,
    'its instance': new Processor(),
    'a class with execute': Executor,
    'a function': (message: unknown) => ({ echo: message }),
    'an async function': async (message: unknown) => ({ echo: message }),
    'a factory': { create: () => new Echo() },
    'an async factory': { create: async () => new Processor() },
    'a factory of functions': { create: () => (message: unknown) => ({ echo: message }) },
    'an object that receives': { onReceive: (message: unknown) => ({ echo: message }) },
  };
  test.each(Object.entries(sources))('%s', async (_name, source) => {
    await using system = createTestWorker();
    const replies = [{ echo: 'hi' }, 'processed hi', 'executed hi string'];
    expect(replies).toContainEqual(await system.worker.spawn(source as never).ask('hi'));
    system.worker.registerActor('registered', source as never);
    expect(replies).toContainEqual(await system.worker.ask('registered', 'hi'));
  });

  test('a factory that makes something else fails by name', async () => {
    await using system = createTestWorker();
    const factory = { create: () => ({ nothing: true }) as never };
    const ref = system.worker.spawn(factory, { supervision: { onFailure: 'stop' } });
    await expect(ref.ask('x')).rejects.toMatchObject({ code: 'LOOM_ACTOR_STOPPED' });
    expect(system.log.map(({ fields }) => String(fields['error'])).join()).toContain('handles no messages');
  });

  test('hooks of an object that is no Actor are called', async () => {
    await using system = createTestWorker();
    const calls: string[] = [];
    class Connection {
      onStart(): void {
        calls.push('start');
      }
      process(): void {
        calls.push('process');
      }
      onStop(): void {
        calls.push('stop');
      }
    }
    const ref = system.worker.spawn(Connection);
    await ref.ask('x');
    await ref.stop();
    expect(calls).toEqual(['start', 'process', 'stop']);
  });
});
