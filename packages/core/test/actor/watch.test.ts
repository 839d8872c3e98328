import { Actor } from '@certoai/loom-core';
import type { ActorContext, ActorRef } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { gate, loomErrorOf, openWorker, recorder } from '../support/open-worker.ts';

describe('watch', () => {
  function watching(refs: (context: ActorContext) => readonly ActorRef[]): (context: ActorContext) => void {
    return (context) => {
      for (const ref of refs(context)) context.watch(ref);
    };
  }

  test('tells the watcher once when the other stops, in the order of its messages', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const other = worker.spawn(() => undefined, { name: 'other' });
    const watcher = worker.spawn(recorder(log));
    watcher.tell(watching(() => [other, other]));
    await settled();
    const stopping = other.stop();
    await stopping;
    watcher.tell('after');
    await settled();
    expect(log).toEqual(['start', 'terminated: user/other', 'after']);
  });

  test('tells at once of one that has stopped, and of an actor that has not begun', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const other = worker.spawn(() => undefined, { name: 'other' });
    await other.stop();
    worker.registerActor('cart', () => undefined);
    worker.spawn(recorder(log)).tell(watching((context) => [other, context.actorOf('cart', '7')]));
    await settled();
    expect(log).toEqual(['start', 'terminated: user/other', 'terminated: cart/7']);
  });

  test('sees a keyed actor as alive through any of its refs', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    worker.registerActor('cart', () => undefined);
    const [first, second] = [worker.actorOf('cart', '7'), worker.actorOf('cart', '7')];
    first.tell('begin');
    await settled();
    const watcher = worker.spawn(recorder(log));
    watcher.tell(watching(() => [second]));
    await settled();
    expect(log).toEqual(['start']);
    await second.stop();
    await settled();
    expect(log).toEqual(['start', 'terminated: cart/7']);
  });

  test('ends with unwatch, also when the news is already in the mailbox', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const [a, b] = ['a', 'b'].map((name) => worker.spawn(() => undefined, { name })) as [ActorRef, ActorRef];
    const hold = gate();
    const watcher = worker.spawn(recorder(log));
    watcher.tell(watching(() => [a, b]));
    watcher.tell((context: ActorContext) => context.unwatch(a));
    watcher.tell(async (context: ActorContext) => {
      await hold.opened;
      context.unwatch(b);
    });
    await settled();
    await Promise.all([a.stop(), b.stop()]);
    hold.open();
    await settled();
    expect(log).toEqual(['start']);
  });

  test('does not tell a watcher that has stopped itself', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const other = worker.spawn(() => undefined);
    const watcher = worker.spawn(recorder(log));
    watcher.tell(watching(() => [other]));
    await settled();
    await watcher.stop();
    await other.stop();
    await settled();
    expect(log).toEqual(['start', 'stop']);
    expect(worker.deadLetters.count).toBe(0);
  });

  test('of itself does nothing', async () => {
    const { worker } = openWorker();
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log));
    ref.tell(watching(({ self }) => [self]));
    await settled();
    await ref.stop();
    expect(log).toEqual(['start', 'stop']);
  });

  test('tells a parent when its child gives up, and not when it restarts', async () => {
    const { worker } = openWorker();
    const log: string[] = [];
    class Parent extends Actor<string> {
      override onStart(context: ActorContext): void {
        const supervision = { maxRestarts: 1 };
        context.watch(
          context.spawn(
            () => {
              throw new Error('boom');
            },
            { name: 'child', supervision },
          ),
        );
      }
      onReceive(message: string): void {
        this.context.child('child')?.tell(message);
      }
      override onTerminated(ref: ActorRef): void {
        log.push(ref.path, String(this.context.children.length));
      }
    }
    const parent = worker.spawn(Parent, { name: 'parent' });
    parent.tell('one');
    await settled();
    expect(log).toEqual([]);
    parent.tell('two');
    await settled();
    expect(log).toEqual(['user/parent/child', '0']);
  });

  test('of an actor in another process is refused', async () => {
    const { worker } = openWorker();
    const ref = worker.spawn((_message, context) =>
      (context as ActorContext).watch({ path: 'far/1' } as ActorRef),
    );
    const error = await loomErrorOf(ref.ask(1), 'LOOM_UNSUPPORTED');
    expect(error.message).toMatch(/"far\/1" runs in another process/);
  });
});
