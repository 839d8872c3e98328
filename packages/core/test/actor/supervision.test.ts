import { Actor } from '@certoai/loom-core';
import type {
  ActorContext,
  ActorRef,
  SpawnOptions,
  Supervision,
  SupervisionDirective,
} from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { gate, loomErrorOf, openWorker, recorder, recordingLogger } from '../support/open-worker.ts';
import type { LogLine } from '../support/open-worker.ts';

const fail =
  (message = 'boom'): (() => never) =>
  () => {
    throw new Error(message);
  };

class Counter extends Actor<string> {
  #count = 0;
  onReceive(message: string): number {
    if (message === 'fail') throw new Error('boom');
    return ++this.#count;
  }
}

describe('restart', () => {
  test('is the default: a fresh instance, after onRestart on the old one, with the mailbox kept', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log));
    for (const message of [1, fail(), 2]) ref.tell(message);
    await settled();
    expect(log).toEqual(['start', 1, 'restart: boom', 'start', 2]);
    const counter = worker.spawn(Counter);
    for (const message of ['a', 'b', 'fail']) counter.tell(message);
    expect(await counter.ask('c')).toBe(1);
  });

  test('drops the message that failed', async () => {
    const { worker } = openWorker();
    let handled = 0;
    const ref = worker.spawn((message) => {
      handled++;
      if (message === 'bad') throw new Error('boom');
    });
    ref.tell('bad');
    ref.tell('good');
    await settled();
    expect(handled).toBe(2);
    expect(worker.deadLetters.count).toBe(0);
  });

  test('stops the children first', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    class Parent extends Actor {
      override onStart(context: ActorContext): void {
        log.push('parent starts');
        context.spawn(recorder(log));
      }
      onReceive(): never {
        throw new Error('boom');
      }
    }
    worker.spawn(Parent).tell(1);
    await settled();
    expect(log).toEqual(['parent starts', 'start', 'stop', 'parent starts', 'start']);
  });

  test('waits longer with each failure in a row, at once the first time', async () => {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log));
    const begunAt = clock.now();
    const delays: number[] = [];
    for (let i = 0; i < 9; i++) {
      ref.tell(fail());
      await settled();
      delays.push((clock.nextTimerAt ?? clock.now()) - clock.now());
      await clock.advanceToNextTimer();
    }
    expect(delays).toEqual([0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000]);
    ref.tell('well');
    ref.tell(fail());
    await settled();
    expect(clock.pendingTimers, 'a handled message ends the row').toBe(0);
    expect(clock.now() - begunAt).toBe(delays.reduce((sum, ms) => sum + ms));
  });

  test('waits as the backoff says, with jitter from the random source', async () => {
    const { worker, clock } = openWorker({ random: () => 0.5 });
    const backoff = { backoff: 'linear', initialDelayMs: 40, maxDelayMs: 100, jitter: true } as const;
    const ref = worker.spawn(recorder([]), { supervision: { backoff } });
    const delays: number[] = [];
    for (let i = 0; i < 4; i++) {
      ref.tell(fail());
      await settled();
      delays.push((clock.nextTimerAt ?? 0) - clock.now());
      await clock.advanceToNextTimer();
    }
    expect(delays).toEqual([30, 60, 75, 75]);
  });

  test('messages that come while it waits are handled afterwards', async () => {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log), {
      supervision: { backoff: { backoff: 'fixed', initialDelayMs: 50 } },
    });
    ref.tell(fail());
    await settled();
    ref.tell('later');
    await clock.advance(49);
    expect(log).toEqual(['start', 'restart: boom']);
    await clock.advance(1);
    expect(log).toEqual(['start', 'restart: boom', 'start', 'later']);
  });

  test('more often than maxRestarts within the window stops the actor, with the cause', async () => {
    const { worker, clock } = openWorker();
    const ref = worker.spawn(Counter, { supervision: { maxRestarts: 2, windowMs: 1_000 } });
    const failed = async (): Promise<void> => void (await ref.ask('fail').catch(() => undefined));
    await failed();
    await clock.advance(600);
    await ref.ask('well');
    await failed();
    await clock.advance(400);
    await ref.ask('well');
    await failed();
    expect(await ref.ask('the first restart is out of the window by now')).toBe(1);
    const last = ref.ask('fail').catch(() => undefined);
    const waits = loomErrorOf(ref.ask('x'), 'LOOM_ACTOR_STOPPED');
    await last;
    expect((await waits).cause).toMatchObject({ message: 'boom' });
    await loomErrorOf(ref.ask('x'), 'LOOM_ACTOR_STOPPED');
  });

  test('goes on when onRestart throws', async () => {
    const { worker } = openWorker();
    class Bad extends Counter {
      override onRestart(): never {
        throw new Error('in onRestart');
      }
    }
    const ref = worker.spawn(Bad);
    ref.tell('fail');
    expect(await ref.ask('a')).toBe(1);
  });

  test('an actor that is an instance keeps its object', async () => {
    const { worker } = openWorker();
    const ref = worker.spawn(new Counter());
    await ref.ask('a');
    ref.tell('fail');
    expect(await ref.ask('b')).toBe(2);
  });
});

describe('resume', () => {
  test('goes on with its state', async () => {
    const { worker } = openWorker();
    const ref = worker.spawn(Counter, { supervision: { onFailure: 'resume' } });
    await ref.ask('a');
    ref.tell('fail');
    expect(await ref.ask('b')).toBe(2);
  });
});

describe('stop', () => {
  test('ends the actor, and its mailbox becomes dead letters', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log), { supervision: { onFailure: 'stop' } });
    for (const message of [fail(), 'waits']) ref.tell(message);
    await settled();
    expect(log).toEqual(['start', 'stop']);
    expect(worker.deadLetters.recent).toMatchObject([{ message: 'waits', reason: 'stopped' }]);
  });

  test('of a registered type lets its next message begin anew', async () => {
    const { worker } = openWorker();
    worker.registerActor('counter', Counter, { supervision: { onFailure: 'stop' } });
    await worker.ask('counter', 'a');
    await worker.ask('counter', 'fail').catch(() => undefined);
    await settled();
    expect(await worker.ask('counter', 'b')).toBe(1);
  });
});

describe('a function decides by the error', () => {
  test('each time', async () => {
    const { worker } = openWorker();
    const onFailure = (error: unknown): SupervisionDirective =>
      error instanceof RangeError ? 'resume' : 'stop';
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log), { supervision: { onFailure } });
    ref.tell(() => {
      throw new RangeError('harmless');
    });
    ref.tell('well');
    ref.tell(fail());
    await settled();
    expect(log).toEqual(['start', 'well', 'stop']);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no idea');
      },
    ],
    ['says something unknown', () => 'retry' as never],
    ['says nothing', () => undefined as never],
  ])('one that %s stops the actor, and says so in the log', async (_what, onFailure) => {
    const lines: LogLine[] = [];
    const { worker } = openWorker({ logger: recordingLogger(lines) });
    const ref = worker.spawn(recorder([]), { name: 'a', supervision: { onFailure } });
    ref.tell(fail());
    await settled();
    await loomErrorOf(ref.ask(1), 'LOOM_ACTOR_STOPPED');
    expect(lines[0]).toMatchObject({
      level: 'error',
      message: 'Supervision failed, so the actor stops',
      fields: { actor: 'user/a' },
    });
  });
});

describe('escalate', () => {
  function family(supervision: Supervision, childSupervision: Supervision = { onFailure: 'escalate' }) {
    const { worker, clock } = openWorker();
    const log: string[] = [];
    class Child extends Actor<string> {
      override onStart(): void {
        log.push('child starts');
      }
      onReceive(message: string): string {
        if (message === 'fail') throw new Error('boom');
        log.push(`child: ${message}`);
        return message;
      }
      override onStop(): void {
        log.push('child stops');
      }
    }
    class Parent extends Actor<string> {
      override onStart(context: ActorContext): void {
        log.push('parent starts');
        context.spawn(Child, { name: 'child', supervision: childSupervision });
      }
      onReceive(message: string): void {
        this.context.child('child')?.tell(message);
      }
      override onStop(): void {
        log.push('parent stops');
      }
    }
    const parent = worker.spawn(Parent, { supervision });
    return { worker, clock, log, parent };
  }

  test('fails the parent with the same error: a restart replaces both', async () => {
    const { log, parent } = family({ onFailure: 'restart' });
    parent.tell('fail');
    await settled();
    expect(log).toEqual(['parent starts', 'child starts', 'child stops', 'parent starts', 'child starts']);
    parent.tell('well');
    await settled();
    expect(log.at(-1)).toBe('child: well');
  });

  test('a parent that resumes lets its child go on, with its mailbox', async () => {
    const { log, parent } = family({ onFailure: 'resume' });
    for (const message of ['fail', 'well']) parent.tell(message);
    await settled();
    expect(log).toEqual(['parent starts', 'child starts', 'child: well']);
  });

  test('a parent that stops takes its child with it', async () => {
    const { log, parent } = family({ onFailure: 'stop' });
    parent.tell('fail');
    await settled();
    expect(log).toEqual(['parent starts', 'child starts', 'child stops', 'parent stops']);
  });

  test('without a parent stops the actor, and says so in the log', async () => {
    const lines: LogLine[] = [];
    const { worker } = openWorker({ logger: recordingLogger(lines) });
    const ref = worker.spawn(recorder([]), { supervision: { onFailure: 'escalate' } });
    ref.tell(fail());
    await settled();
    await loomErrorOf(ref.ask(1), 'LOOM_ACTOR_STOPPED');
    expect(lines.map(({ message }) => message)).toContain('Actor without a parent escalated, so it stops');
  });

  test('to a parent that is at a message waits for its end', async () => {
    const { worker } = openWorker();
    const log: string[] = [];
    const hold = gate();
    class Parent extends Actor<string> {
      override onStart(): void {
        log.push('start');
      }
      async onReceive(message: string, context: ActorContext): Promise<void> {
        if (message !== 'begin') return void log.push(message);
        context.spawn(fail(), { supervision: { onFailure: 'escalate' } }).tell(1);
        await hold.opened;
        log.push('end of message');
      }
      override onRestart(error: unknown): void {
        log.push(`restart: ${(error as Error).message}`);
      }
    }
    const parent = worker.spawn(Parent);
    parent.tell('begin');
    parent.tell('after');
    await settled();
    expect(log).toEqual(['start']);
    hold.open();
    await settled();
    expect(log).toEqual(['start', 'end of message', 'restart: boom', 'start', 'after']);
  });

  test('to a parent that is still starting waits for its start, and makes no second instance at once', async () => {
    const { worker, clock } = openWorker();
    const log: string[] = [];
    const hold = gate();
    let starts = 0;
    class Parent extends Actor<string> {
      override async onStart(context: ActorContext): Promise<void> {
        const start = ++starts;
        log.push(`begin ${start}`);
        if (start === 1) {
          context.spawn(fail(), { supervision: { onFailure: 'escalate' } }).tell(1);
          await hold.opened;
        }
        log.push(`end ${start}`);
      }
      onReceive(message: string): void {
        log.push(message);
      }
    }
    worker.spawn(Parent).tell('hello');
    await settled();
    expect(log).toEqual(['begin 1']);
    hold.open();
    await clock.advance(100);
    expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'hello']);
  });

  test('to a parent that restarts anyway does not restart it twice', async () => {
    const { worker } = openWorker();
    const log: string[] = [];
    const hold = gate();
    class Parent extends Actor<string> {
      override onStart(context: ActorContext): void {
        log.push('start');
        context.spawn(fail('in child'), { name: 'child', supervision: { onFailure: 'escalate' } });
      }
      onReceive(message: string, context: ActorContext): void {
        if (message !== 'fail') return void log.push(message);
        context.child('child')?.tell(1);
        throw new Error('in parent');
      }
      override async onRestart(error: unknown): Promise<void> {
        log.push(`restart: ${(error as Error).message}`);
        await hold.opened;
      }
    }
    const parent = worker.spawn(Parent);
    parent.tell('fail');
    await settled();
    hold.open();
    await settled();
    parent.tell('well');
    await settled();
    expect(log).toEqual(['start', 'restart: in parent', 'start', 'well']);
  });
});

describe('all-for-one', () => {
  function children(supervision: Supervision) {
    const { worker, clock } = openWorker();
    const log: string[] = [];
    const refs: ActorRef[] = [];
    class Child extends Actor<string> {
      override onStart({ path }: ActorContext): void {
        log.push(`start ${path.slice(-1)}`);
      }
      async onReceive(message: string | Promise<void>): Promise<void> {
        if (message === 'fail') throw new Error('boom');
        await message;
      }
      override onStop({ path }: ActorContext): void {
        log.push(`stop ${path.slice(-1)}`);
      }
    }
    class Parent extends Actor {
      override onStart(context: ActorContext): void {
        for (const name of ['a', 'b', 'c']) refs.push(context.spawn(Child, { name, supervision }));
      }
      onReceive(): void {}
    }
    worker.spawn(Parent);
    return { worker, clock, log, refs: refs as [ActorRef, ActorRef, ActorRef] };
  }

  test('restarts every child of the same parent, those that are busy after their message', async () => {
    const { log, refs } = children({ strategy: 'all-for-one' });
    const hold = gate();
    refs[2].tell(hold.opened);
    await settled();
    refs[0].tell('fail');
    await settled();
    expect(log.slice(3).toSorted()).toEqual(['start a', 'start b']);
    hold.open();
    await settled();
    expect(log.slice(3).toSorted()).toEqual(['start a', 'start b', 'start c']);
  });

  test('stops every child of the same parent', async () => {
    const { log, refs } = children({ strategy: 'all-for-one', onFailure: 'stop' });
    refs[1].tell('fail');
    await settled();
    expect(log.slice(3).toSorted()).toEqual(['stop a', 'stop b', 'stop c']);
  });

  test('one-for-one leaves the others alone', async () => {
    const { log, refs } = children({ strategy: 'one-for-one' });
    refs[1].tell('fail');
    await settled();
    expect(log.slice(3)).toEqual(['start b']);
  });

  test('stops a sibling that is still starting, once its start has ended', async () => {
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
    const options: SpawnOptions = { supervision: { strategy: 'all-for-one', onFailure: 'stop' } };
    const slow = worker.spawn(Slow, options);
    worker.spawn(fail(), options).tell(1);
    await settled();
    expect(log).toEqual([]);
    hold.open();
    await settled();
    expect(log).toEqual(['start', 'stop']);
    await loomErrorOf(slow.ask(1), 'LOOM_ACTOR_STOPPED');
  });
});

describe('options', () => {
  const odd: readonly Supervision[] = [
    { onFailure: 'retry' as never },
    { strategy: 'one' as never },
    ...[Number.NaN, -1, 0.5, '1' as never].map((maxRestarts) => ({ maxRestarts })),
    ...[Number.NaN, 0, Infinity].map((windowMs) => ({ windowMs })),
    ...[Number.NaN, -1, Infinity].flatMap((ms) => [
      { backoff: { initialDelayMs: ms } },
      { backoff: { maxDelayMs: ms } },
    ]),
    { backoff: { backoff: 'cubic' as never } },
  ];

  test.each(odd)('%o is refused, where it is given', (supervision) => {
    const { worker } = openWorker();
    const refusal = expect.objectContaining({ code: 'LOOM_INVALID_OPTION' });
    expect(() => worker.spawn(() => 1, { supervision })).toThrow(refusal);
    expect(() => worker.registerActor('a', () => 1, { supervision })).toThrow(refusal);
    expect(worker.has('a')).toBe(false);
  });

  test('explicit undefined is the default, in every field', async () => {
    const { worker } = openWorker();
    const supervision = {
      onFailure: undefined,
      strategy: undefined,
      maxRestarts: undefined,
      windowMs: undefined,
      backoff: undefined,
    };
    const ref = worker.spawn(Counter, { supervision });
    ref.tell('fail');
    expect(await ref.ask('a')).toBe(1);
    const partial = {
      backoff: undefined,
      initialDelayMs: undefined,
      maxDelayMs: undefined,
      jitter: undefined,
    };
    expect(await worker.spawn(Counter, { supervision: { backoff: partial as never } }).ask('a')).toBe(1);
  });

  test('every failure is in the log, with what was decided', async () => {
    const lines: LogLine[] = [];
    const { worker } = openWorker({ logger: recordingLogger(lines) });
    worker.spawn(Counter, { name: 'c', supervision: { onFailure: 'resume' } }).tell('fail');
    await settled();
    expect(lines).toMatchObject([
      {
        level: 'warn',
        message: 'Actor failed',
        fields: { actor: 'user/c', directive: 'resume', error: { message: 'boom' } },
      },
    ]);
  });
});
