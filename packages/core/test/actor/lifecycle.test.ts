import { Actor } from '@certoai/loom-core';
import type { ActorContext } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { errorOf, gate, loomErrorOf, openWorker, recorder } from '../support/open-worker.ts';

describe('starting', () => {
  test('gives the instance its context before onStart, and messages wait for onStart', async () => {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    const hold = gate();
    class Slow extends Actor {
      override async onStart(context: ActorContext): Promise<void> {
        log.push(this.context === context, context.path, context.clock === clock);
        await hold.opened;
        log.push('started');
      }
      onReceive(message: unknown): void {
        log.push(message);
      }
    }
    const ref = worker.spawn(Slow, { name: 'slow' });
    ref.tell(1);
    await settled();
    expect(log).toEqual([true, 'user/slow', true]);
    hold.open();
    await settled();
    expect(log.slice(3)).toEqual(['started', 1]);
  });

  test('that fails is tried again, with the messages kept', async () => {
    const { worker, clock } = openWorker();
    let made = 0;
    class Flaky {
      constructor() {
        made++;
        if (made <= 2) throw new Error('not yet');
      }
      async onStart(): Promise<void> {
        if (made === 3) throw new Error('not quite');
      }
      onReceive(message: number): number {
        return message + made;
      }
    }
    const asked = worker.spawn(Flaky).ask(10);
    await clock.advance(100);
    await clock.advance(200);
    expect(await asked).toBe(14);
  });

  test('that fails rejects what waits with its cause when supervision says stop', async () => {
    const { worker } = openWorker();
    const cause = new Error('no licence');
    class Broken extends Actor {
      override onStart(): void {
        throw cause;
      }
      onReceive(): void {}
    }
    worker.registerActor('broken', Broken, { supervision: { onFailure: 'stop' } });
    for (let round = 0; round < 2; round++) {
      const error = await loomErrorOf(worker.ask('broken', 1), 'LOOM_ACTOR_STOPPED');
      expect(error.cause).toBe(cause);
    }
    await worker.tell('broken', 'told');
    await settled();
    expect(worker.deadLetters.recent).toMatchObject([{ message: 'told', to: 'broken', reason: 'stopped' }]);
    await loomErrorOf(worker.ask('broken', 1, { key: 'k' }), 'LOOM_ACTOR_STOPPED');
  });

  test.each([{ maxRestarts: 0 }, { onFailure: 'escalate' }] as const)(
    'of a registered type that fails for good with %o does not call itself without end',
    async (supervision) => {
      const { worker } = openWorker();
      let made = 0;
      const create = (): never => {
        made++;
        throw new Error('never');
      };
      worker.registerActor('a', { create }, { supervision });
      await loomErrorOf(worker.ask('a', 1), 'LOOM_ACTOR_STOPPED');
      expect(made).toBe(1);
    },
  );

  test('a failed start has no state to resume: it starts anew', async () => {
    const { worker, clock } = openWorker();
    let starts = 0;
    class Flaky extends Actor {
      override onStart(): void {
        if (++starts < 3) throw new Error('not yet');
      }
      onReceive(): number {
        return starts;
      }
    }
    const ref = worker.spawn(Flaky, { supervision: { onFailure: 'resume' } });
    await clock.advance(100);
    expect(await ref.ask(1)).toBe(3);
  });

  test('a child that failed to start, and whose parent resumes, starts anew', async () => {
    const { worker } = openWorker();
    let starts = 0;
    class Child extends Actor {
      override async onStart(): Promise<void> {
        if (++starts === 1) throw new Error('not yet');
      }
      onReceive(): string {
        return `start ${starts}`;
      }
    }
    const parent = worker.spawn(
      (_message, context) =>
        (context as ActorContext).spawn(Child, { name: 'c', supervision: { onFailure: 'escalate' } }),
      { supervision: { onFailure: 'resume' } },
    );
    const child = await parent.ask(1);
    expect(await child.ask(1)).toBe('start 2');
  });
});

describe('stopping', () => {
  test('ends after the message the actor is at; what waits becomes dead letters', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const hold = gate();
    const ref = worker.spawn(recorder(log), { name: 'a' });
    ref.tell(async () => {
      await hold.opened;
      log.push('done');
    });
    ref.tell('waits');
    await settled();
    let stopped = false;
    const stopping = ref.stop().then(() => (stopped = true));
    await settled();
    expect([log, stopped]).toEqual([['start'], false]);
    hold.open();
    await stopping;
    expect(log).toEqual(['start', 'done', 'stop']);
    expect(worker.deadLetters.recent).toMatchObject([{ message: 'waits', reason: 'stopped' }]);
  });

  test('aborts the signal of the message the actor is at', async () => {
    const { worker } = openWorker();
    const seen: unknown[] = [];
    const ref = worker.spawn(
      (_message, { signal }) =>
        new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve(void seen.push(signal.reason)));
        }),
    );
    ref.tell(1);
    await settled();
    await ref.stop();
    expect(seen).toMatchObject([{ code: 'LOOM_ACTOR_STOPPED' }]);
  });

  test('twice, or of one that has stopped, is the same', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log));
    await Promise.all([ref.stop(), ref.stop(), ref.stop({ drain: true })]);
    await ref.stop();
    expect(log).toEqual(['start', 'stop']);
  });

  test('with drain handles what is in the mailbox first, and takes nothing more', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log));
    for (const message of [1, 2, 3]) ref.tell(message);
    const stopping = ref.stop({ drain: true });
    ref.tell('late');
    await stopping;
    expect(log).toEqual(['start', 1, 2, 3, 'stop']);
    expect(worker.deadLetters.recent).toMatchObject([{ message: 'late' }]);
  });

  test('with drain becomes a plain stop when one asks for it', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const hold = gate();
    const ref = worker.spawn(recorder(log));
    ref.tell(() => hold.opened);
    ref.tell('waits');
    await settled();
    const draining = ref.stop({ drain: true });
    const stopping = ref.stop();
    hold.open();
    await Promise.all([draining, stopping]);
    expect(log).toEqual(['start', 'stop']);
  });

  test('with drain of an idle actor stops it at once', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log));
    await ref.stop({ drain: true });
    expect(log).toEqual(['start', 'stop']);
  });

  test('from within ends after the current message, with drain after those that wait', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log));
    ref.tell((context: ActorContext) => context.stop());
    ref.tell('lost');
    await settled();
    const other = worker.spawn(recorder(log));
    other.tell((context: ActorContext) => context.stop({ drain: true }));
    other.tell('kept');
    await settled();
    expect(log).toEqual(['start', 'stop', 'start', 'kept', 'stop']);
  });

  test('while it starts waits for the start, and still calls onStop', async () => {
    const { worker } = openWorker();
    const log: string[] = [];
    const hold = gate();
    class Slow extends Actor {
      override async onStart(): Promise<void> {
        await hold.opened;
        log.push('start');
      }
      onReceive(): void {}
      override onStop(): void {
        log.push('stop');
      }
    }
    const ref = worker.spawn(Slow);
    const stopping = ref.stop();
    hold.open();
    await stopping;
    expect(log).toEqual(['start', 'stop']);
  });

  test('while its start fails stops it', async () => {
    const { worker } = openWorker();
    const hold = gate();
    const ref = worker.spawn({
      create: () =>
        hold.opened.then((): never => {
          throw new Error('no');
        }),
    });
    const stopping = ref.stop();
    hold.open();
    await stopping;
    await loomErrorOf(ref.ask(1), 'LOOM_ACTOR_STOPPED');
  });

  test('while it waits before a restart ends the wait', async () => {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log), {
      supervision: { backoff: { initialDelayMs: 60_000, maxDelayMs: 60_000 } },
    });
    ref.tell(() => {
      throw new Error('boom');
    });
    await settled();
    await ref.stop();
    expect(log).toEqual(['start', 'restart: boom', 'stop']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('goes on when a hook throws, and says so in the log', async () => {
    const lines: any[] = [];
    const { recordingLogger } = await import('../support/open-worker.ts');
    const { worker } = openWorker({ logger: recordingLogger(lines) });
    class Bad extends Actor {
      onReceive(): void {}
      override async onStop(): Promise<void> {
        throw new Error('in onStop');
      }
    }
    await worker.spawn(Bad, { name: 'bad' }).stop();
    expect(lines).toMatchObject([
      {
        level: 'warn',
        message: 'Actor hook failed',
        fields: { worker: 'test', actor: 'user/bad', hook: 'onStop' },
      },
    ]);
  });

  test('stops what onStop still spawned, and no timer that it set is left', async () => {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    class Late extends Actor {
      onReceive(): void {}
      override onStop(context: ActorContext): void {
        context.spawn(recorder(log));
        context.timers.every('tick', 10, 'tick');
        context.setReceiveTimeout(10);
      }
    }
    await worker.spawn(Late).stop();
    expect(log).toEqual(['start', 'stop']);
    await clock.advance(10);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a context that outlived its actor', () => {
  test('begins nothing that nobody would end', async () => {
    const { worker, clock } = openWorker({ closeTimeoutMs: 10 });
    const hold = gate();
    const refusals: unknown[] = [];
    const ref = worker.spawn(async (_message, context) => {
      const own = context as ActorContext;
      const { timers } = own;
      await hold.opened;
      for (const begin of [
        () => own.spawn(() => 1),
        () => timers.once('a', 5, 1),
        () => own.timers.every('a', 5, 1),
        () => own.setReceiveTimeout(5),
      ]) {
        refusals.push(await errorOf(begin));
      }
    });
    ref.tell(1);
    await settled();
    const closing = worker.close();
    await clock.advance(10);
    await closing;
    hold.open();
    await settled();
    expect(refusals).toMatchObject(Array.from({ length: 4 }, () => ({ code: 'LOOM_ACTOR_STOPPED' })));
    expect(clock.pendingTimers).toBe(0);
  });
});
