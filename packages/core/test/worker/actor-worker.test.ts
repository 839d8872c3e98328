import { Actor, ActorRegistry, ActorWorker } from '@certoai/loom-core';
import type { ActorContext, ActorWorkerOptions } from '@certoai/loom-core';
import { ManualClock, settled } from '@certoai/loom-core/testing';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { errorOf, gate, loomErrorOf, openWorker, recorder, recordingLogger } from '../support/open-worker.ts';
import type { LogLine } from '../support/open-worker.ts';
import { completed, outcomesOf, task } from '../support/task.ts';

describe('the smallest worker', () => {
  test('is a class, a name, and start', async () => {
    const seen: unknown[] = [];
    class MyActor extends Actor {
      async onReceive(message: any) {
        // Handle message
        seen.push(message);
      }
    }

    const worker = new ActorWorker('my-worker');
    worker.registerActor('my-actor', MyActor);
    await worker.start();

    expectTypeOf(worker.start).returns.resolves.toBeVoid();
    expectTypeOf(MyActor).toExtend<Parameters<typeof worker.registerActor>[1]>();
    await worker.ask('my-actor', { hello: 'world' });
    expect(seen).toEqual([{ hello: 'world' }]);
    await worker.close();
  });

  test('knows its name, its registry and what is registered', () => {
    const { worker } = openWorker();
    expect([worker.name, worker.registry instanceof ActorRegistry, worker.has('a')]).toEqual([
      'test',
      true,
      false,
    ]);
    expect(worker.registerActor('a', () => 1)).toEqual({ replaced: false });
    expect(worker.registerActor('a', () => 2)).toEqual({ replaced: true });
    expect(worker.has('a')).toBe(true);
  });

  test('works before start, and start can be called again', async () => {
    const { worker } = openWorker();
    worker.registerActor('a', (message: number) => message + 1);
    expect(await worker.ask('a', 1)).toBe(2);
    await Promise.all([worker.start(), worker.start()]);
    await worker.start();
    expect(await worker.ask('a', 1)).toBe(2);
  });

  test('keeps nothing alive once it is closed', async () => {
    const { worker, clock } = openWorker();
    worker.registerActor('a', (_message, context) => (context as ActorContext).timers.every('t', 10, 1), {
      passivateAfterMs: 1_000,
    });
    await worker.tell('a', 1, { key: 'k' });
    await worker.run(task({ timeoutMs: 500 }));
    await settled();
    await worker.close();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('an actor that is not registered', () => {
  test('is an error at once, with the nearest name', async () => {
    const { worker } = openWorker();
    worker.registerActor('pdf-extractor', () => 1);
    const error = await loomErrorOf(worker.tell('pdf-extracter', 1), 'LOOM_UNKNOWN_ACTOR');
    expect(error.details).toEqual({ actor: 'pdf-extracter', nearest: 'pdf-extractor', worker: 'test' });
    await loomErrorOf(worker.ask('pdf', 1), 'LOOM_UNKNOWN_ACTOR');
    await loomErrorOf(() => worker.actorOf('pdf'), 'LOOM_UNKNOWN_ACTOR');
  });
});

describe('a shared registry', () => {
  test('gives each of its workers actors of their own', async () => {
    const registry = new ActorRegistry();
    const [one, two] = [openWorker({ registry }).worker, openWorker({ registry }).worker];
    one.registerActor('a', recorder([]));
    one.registerActor('b', () => 1);
    expect(two.has('a')).toBe(true);
    expect(await two.ask('a', 'hi')).toBe('hi');
    await one.close();
    expect(await two.ask('a', 'still there')).toBe('still there');
  });

  test('tasks that run when their type is withdrawn are aborted, and later ones fail', async () => {
    const { worker } = openWorker();
    worker.registerActor('a', () => new Promise(() => {}), { concurrency: 1 });
    const runs = [worker.run(task()), worker.run(task())];
    worker.registry.unregister('a');
    expect(await outcomesOf(runs)).toEqual([{ kind: 'aborted' }, { kind: 'aborted' }]);
    expect(worker.run(task())).toMatchObject({ kind: 'failed', error: { code: 'LOOM_UNKNOWN_ACTOR' } });
  });
});

describe('options', () => {
  const numbers = [
    'concurrency',
    'askTimeoutMs',
    'maxPayloadBytes',
    'deadLetterCapacity',
    'leaseMs',
    'closeTimeoutMs',
  ] as const;
  const odd = [Number.NaN, -1, Infinity, 0.5, '1', null];
  test.each(numbers.flatMap((name) => odd.map((value) => [name, value] as const)))(
    '%s cannot be %s',
    (name, value) => {
      expect(() => new ActorWorker('test', { [name]: value })).toThrow(
        expect.objectContaining({ code: 'LOOM_INVALID_OPTION', details: { option: name, value } }),
      );
    },
  );

  test('explicit undefined is the default, in every field', async () => {
    const nothing: ActorWorkerOptions = {
      queue: undefined,
      registry: undefined,
      concurrency: undefined,
      askTimeoutMs: undefined,
      maxPayloadBytes: undefined,
      deadLetterCapacity: undefined,
      leaseMs: undefined,
      closeTimeoutMs: undefined,
      logger: undefined,
      clock: undefined,
      ids: undefined,
      random: undefined,
    };
    await using worker = new ActorWorker('test', nothing);
    worker.registerActor('a', () => 1, {
      concurrency: undefined,
      metadata: undefined,
      passivateAfterMs: undefined,
    });
    expect(await worker.ask('a', 1, { key: undefined })).toBe(1);
  });
});

describe('drain', () => {
  test('takes nothing new from outside, and resolves when everything that was taken is done', async () => {
    const { worker } = openWorker();
    const done: string[] = [];
    const hold = gate();
    worker.registerActor('log', (line: string) => void done.push(line));
    worker.registerActor('a', async (_message, context) => {
      await hold.opened;
      (context as ActorContext).actorOf('log').tell('caused by a message');
    });
    worker.registerActor(
      'task',
      async () => {
        await hold.opened;
        done.push('task');
      },
      { concurrency: 1 },
    );
    await worker.tell('a', 1);
    const runs = [worker.run(task({ actor: 'task' })), worker.run(task({ actor: 'task' }))];
    let drained = false;
    const draining = worker.drain().then(() => (drained = true));
    expect(worker.drain()).toBe(worker.drain());
    await loomErrorOf(worker.tell('a', 2), 'LOOM_CLOSED');
    const refused = await loomErrorOf(worker.ask('a', 2), 'LOOM_CLOSED');
    expect(refused.message).toBe('Worker "test" drains, and takes nothing new.');
    await loomErrorOf(() => worker.spawn(() => 1), 'LOOM_CLOSED');
    await loomErrorOf(() => worker.registerActor('x', () => 1), 'LOOM_CLOSED');
    await loomErrorOf(worker.start(), 'LOOM_CLOSED');
    expect(worker.run(task({ actor: 'task' }))).toEqual({ kind: 'aborted' });
    await settled();
    expect(drained).toBe(false);
    hold.open();
    await draining;
    expect(done.toSorted()).toEqual(['caused by a message', 'task', 'task']);
    expect(await outcomesOf(runs)).toEqual([completed(null), completed(null)]);
  });

  test('ends with close, when a handler never returns', async () => {
    const { worker, clock } = openWorker();
    worker.spawn(() => new Promise(() => {})).tell(1);
    await settled();
    const draining = worker.drain();
    const closing = worker.close();
    await clock.advance(5_000);
    await Promise.all([draining, closing]);
  });

  test('of a worker that has nothing to do is at once', async () => {
    await openWorker().worker.drain();
  });
});

describe('close', () => {
  test('ends tasks as aborted and actors after their message, and refuses everything afterwards', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const hold = gate();
    const signals: unknown[] = [];
    worker.registerActor('a', recorder(log));
    worker.registerActor('t', (_input, { signal }) => {
      signal.addEventListener('abort', () => signals.push(signal.reason));
      return new Promise(() => {});
    });
    await worker.tell('a', () => hold.opened);
    await worker.tell('a', 'waits');
    const asked = loomErrorOf(worker.ask('a', 'asked'), 'LOOM_ACTOR_STOPPED');
    const running = worker.run(task({ actor: 't' }));
    await settled();
    const closing = worker.close();
    expect(worker.close()).toBe(closing);
    expect(await running).toEqual({ kind: 'aborted' });
    await asked;
    hold.open();
    await closing;
    expect(log).toEqual(['start', 'stop']);
    expect(signals).toMatchObject([{ code: 'LOOM_CLOSED', message: 'Worker "test" is closed.' }]);
    for (const call of [
      () => worker.tell('a', 1),
      () => worker.ask('a', 1),
      () => worker.actorOf('a'),
      () => worker.spawn(() => 1),
      () => worker.registerActor('x', () => 1),
      () => worker.start(),
    ]) {
      expect((await loomErrorOf(call, 'LOOM_CLOSED')).message).toBe('Worker "test" is closed.');
    }
    expect(worker.run(task({ actor: 't' }))).toEqual({ kind: 'aborted' });
    await worker.drain();
    await worker.close();
  });

  test('twice, during start, and through await using', async () => {
    const log: unknown[] = [];
    {
      await using worker = new ActorWorker('test', { clock: new ManualClock() });
      worker.spawn(recorder(log));
      const starting = worker.start();
      await Promise.all([worker.close(), worker.close(), starting]);
    }
    expect(log).toEqual(['start', 'stop']);
  });

  test('waits for handlers that do not return as long as closeTimeoutMs, says so, and goes on', async () => {
    const lines: LogLine[] = [];
    const { worker, clock } = openWorker({ logger: recordingLogger(lines), closeTimeoutMs: 100 });
    const never = new Promise(() => {});
    class Hangs extends Actor {
      onReceive(): unknown {
        return never;
      }
      override onStop(): unknown {
        return never;
      }
    }
    const asked = loomErrorOf(worker.spawn(Hangs).ask(1), 'LOOM_ACTOR_STOPPED');
    worker.registerActor('a', Hangs);
    void worker.run(task());
    await worker.tell('a', 1);
    await settled();
    let closed = false;
    const closing = worker.close().then(() => (closed = true));
    await clock.advance(99);
    expect(closed).toBe(false);
    await clock.advance(1);
    await closing;
    await asked;
    expect(lines.at(-1)).toMatchObject({
      message: 'Handlers did not return in time, so their actors were dropped',
      fields: { closeTimeoutMs: 100 },
    });
    expect(clock.pendingTimers).toBe(0);
  });

  test('a handler that returns after all changes nothing any more', async () => {
    const { worker, clock } = openWorker({ closeTimeoutMs: 0 });
    const hold = gate<string>();
    const ref = worker.spawn(() => hold.opened);
    const asked = errorOf(ref.ask(1));
    await settled();
    const closing = worker.close();
    await clock.advance(0);
    await closing;
    hold.open('too late');
    await settled();
    expect(await asked).toMatchObject({ code: 'LOOM_ACTOR_STOPPED' });
    await loomErrorOf(ref.ask(2), 'LOOM_ACTOR_STOPPED');
    expect(clock.pendingTimers).toBe(0);
  });

  test('by a handler of its own does not wait for that handler beyond closeTimeoutMs', async () => {
    const { worker, clock } = openWorker();
    const asked = errorOf(worker.spawn(() => worker.close()).ask(1, { timeoutMs: 60_000 }));
    await clock.advance(5_000);
    await asked;
    await worker.close();
  });

  test('while a factory is at work leaves what it makes unused', async () => {
    const { worker, clock } = openWorker({ closeTimeoutMs: 10 });
    const log: unknown[] = [];
    const hold = gate();
    const Recorder = recorder(log);
    worker.spawn({ create: () => hold.opened.then(() => new Recorder()) });
    const closing = worker.close();
    await clock.advance(10);
    await closing;
    hold.open();
    await settled();
    expect(log).toEqual([]);
  });
});
