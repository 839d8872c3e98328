import { Actor } from '@certoai/loom-core';
import type { ActorContext } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { boom, gate, loomErrorOf, openWorker, recorder } from '../support/open-worker.ts';

describe('timers', () => {
  test('once sends one message, after its delay', async () => {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    const has: boolean[] = [];
    const ref = worker.spawn(recorder(log));
    ref.tell(({ timers }: ActorContext) => timers.once('t', 100, 'tick'));
    const ask = (): Promise<boolean> => ref.ask(({ timers }: ActorContext) => timers.has('t'));
    await clock.advance(99);
    has.push(await ask());
    expect(log).toEqual(['start']);
    await clock.advance(1);
    has.push(await ask());
    await clock.advance(1_000);
    expect(log).toEqual(['start', 'tick']);
    expect(has).toEqual([true, false]);
  });

  test('every sends one message each interval, until it is cancelled', async () => {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log));
    ref.tell(({ timers }: ActorContext) => timers.every('t', 100, 'tick'));
    await clock.advance(350);
    expect(log).toEqual(['start', 'tick', 'tick', 'tick']);
    ref.tell(({ timers }: ActorContext) => timers.cancel('t'));
    await clock.advance(1_000);
    expect(log).toHaveLength(4);
    expect(clock.pendingTimers).toBe(0);
  });

  test('of one name replace each other', async () => {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    worker.spawn(recorder(log)).tell(({ timers }: ActorContext) => {
      timers.every('t', 10, 'old');
      timers.once('t', 20, 'new');
      timers.once('other', 30, 'other');
    });
    await clock.advance(100);
    expect(log).toEqual(['start', 'new', 'other']);
  });

  test('that are cancelled are not handled, even when the message is in the mailbox', async () => {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    const hold = gate();
    worker.spawn(recorder(log)).tell(async ({ timers }: ActorContext) => {
      timers.once('a', 10, 'a');
      timers.every('b', 10, 'b');
      timers.once('c', 10, 'old c');
      await hold.opened;
      timers.cancel('a');
      timers.cancel('b');
      timers.cancel('unknown');
      timers.once('c', 10, 'new c');
    });
    await clock.advance(50);
    hold.open();
    await clock.advance(50);
    expect(log).toEqual(['start', 'new c']);
  });

  test('give a slow actor one tick, not all that it missed', async () => {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    const hold = gate();
    worker.spawn(recorder(log)).tell(({ timers }: ActorContext) => {
      timers.every('t', 10, 'tick');
      return hold.opened;
    });
    await clock.advance(95);
    hold.open();
    await settled();
    expect(log).toEqual(['start', 'tick']);
    await clock.advance(5);
    expect(log).toEqual(['start', 'tick', 'tick']);
  });

  test.each(['reject', 'drop-oldest'] as const)(
    'go on after the mailbox was full, with %s',
    async (overflow) => {
      const { worker, clock } = openWorker();
      const seen: unknown[] = [];
      const hold = gate();
      const ref = worker.spawn(
        (message, context) => {
          if (message === 'begin') {
            (context as ActorContext).timers.every('t', 10, 'tick');
            (context as ActorContext).timers.once('o', 10, 'once');
            return hold.opened;
          }
          seen.push(message);
          return undefined;
        },
        { mailbox: { capacity: 1, overflow } },
      );
      ref.tell('begin');
      await settled();
      ref.tell('full');
      await clock.advance(10);
      ref.tell('fuller');
      hold.open();
      await settled();
      expect(seen.filter((message) => message === 'tick' || message === 'once')).toEqual(['tick', 'once']);
      await clock.advance(10);
      expect(seen.filter((message) => message === 'tick')).toHaveLength(2);
    },
  );

  test('end with a restart, and with those that onRestart set', async () => {
    const { worker, clock } = openWorker();
    const log: string[] = [];
    class Ticking extends Actor<string> {
      onReceive(message: string, { timers }: ActorContext): void {
        log.push(message);
        if (message === 'begin') timers.every('t', 10, 'tick');
        if (message === 'fail') boom();
      }
      override onRestart(_error: unknown, { timers }: ActorContext): void {
        timers.once('left', 10, 'left over');
      }
    }
    const ref = worker.spawn(Ticking);
    ref.tell('begin');
    await clock.advance(10);
    ref.tell('fail');
    await clock.advance(100);
    expect(log).toEqual(['begin', 'tick', 'fail']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('end with the actor, and none wakes a registered one that is draining', async () => {
    const { worker, clock } = openWorker();
    const hold = gate();
    let made = 0;
    worker.registerActor('t', {
      create: () => {
        made++;
        return (_message: unknown, context: unknown) => {
          (context as ActorContext).timers.every('t', 10, 'tick');
          return hold.opened;
        };
      },
    });
    const ref = worker.actorOf('t');
    ref.tell('begin');
    await settled();
    const stopping = ref.stop({ drain: true });
    await clock.advance(100);
    hold.open();
    await stopping;
    await clock.advance(100);
    expect(made).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  test.each([Number.NaN, -1, Infinity, 0.5, '5', null])('cannot be set to %s milliseconds', async (ms) => {
    const { worker } = openWorker();
    for (const method of ['once', 'every'] as const) {
      const ref = worker.spawn((_message, context) =>
        (context as ActorContext).timers[method]('t', ms as number, 1),
      );
      await loomErrorOf(ref.ask(1), 'LOOM_INVALID_OPTION');
    }
    const ref = worker.spawn((_message, context) => (context as ActorContext).timers.every('t', 0, 1));
    await loomErrorOf(ref.ask(1), 'LOOM_INVALID_OPTION');
  });
});
