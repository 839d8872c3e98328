import { Actor } from '@certoai/loom-core';
import type { ActorContext } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { boom, gate, loomErrorOf, openWorker } from '../support/open-worker.ts';

/** Handles nothing but sets it aside until it is told to open. */
class Gated extends Actor<unknown> {
  static log: unknown[] = [];
  #isOpen = false;

  onReceive(message: unknown, context: ActorContext): unknown {
    if (message === 'fail') boom();
    if (message === 'open') {
      this.#isOpen = true;
      context.unstashAll();
      return 'opened';
    }
    if (!this.#isOpen) return context.stash();
    Gated.log.push(message);
    return `handled ${String(message)}`;
  }
}

describe('the stash', () => {
  test('puts messages before those that wait, in their old order', async () => {
    Gated.log = [];
    const { worker } = openWorker();
    const ref = worker.spawn(Gated);
    for (const message of [1, 2, 3, 'open', 4, 5]) ref.tell(message);
    await settled();
    expect(Gated.log).toEqual([1, 2, 3, 4, 5]);
  });

  test('keeps an ask open, and it is answered when its message is handled', async () => {
    Gated.log = [];
    const { worker, clock } = openWorker();
    const ref = worker.spawn(Gated);
    const [kept, late] = [ref.ask('a', { timeoutMs: 100 }), ref.ask('b', { timeoutMs: 10 })];
    const timedOut = loomErrorOf(late, 'LOOM_TIMEOUT');
    await clock.advance(10);
    await timedOut;
    expect(await ref.ask('open')).toBe('opened');
    expect(await kept).toBe('handled a');
    expect(Gated.log).toEqual(['a']);
  });

  test('is kept over a restart, before what waits', async () => {
    Gated.log = [];
    const { worker } = openWorker();
    const ref = worker.spawn(Gated);
    for (const message of [1, 2, 'fail', 3, 'open']) ref.tell(message);
    await settled();
    expect(Gated.log).toEqual([1, 2, 3]);
  });

  test('becomes dead letters when the actor stops, and asks reject', async () => {
    const { worker } = openWorker();
    const ref = worker.spawn(Gated, { name: 'g' });
    ref.tell('told');
    const asked = loomErrorOf(ref.ask('asked'), 'LOOM_ACTOR_STOPPED');
    await settled();
    await ref.stop();
    await asked;
    expect(worker.deadLetters.recent).toMatchObject([{ message: 'told', to: 'user/g', reason: 'stopped' }]);
  });

  test('is bounded', async () => {
    const { worker } = openWorker();
    const errors: unknown[] = [];
    const ref = worker.spawn(
      (_message, context) => {
        try {
          (context as ActorContext).stash();
        } catch (error) {
          errors.push(error);
        }
      },
      { name: 'g', mailbox: { stashCapacity: 2 } },
    );
    for (const message of [1, 2, 3]) ref.tell(message);
    await settled();
    expect(errors).toMatchObject([
      { code: 'LOOM_MAILBOX_FULL', details: { actor: 'user/g', stashCapacity: 2 } },
    ]);
  });

  test('holds a message once, however often it is asked to', async () => {
    const { worker } = openWorker();
    const seen: unknown[] = [];
    const ref = worker.spawn((message, context) => {
      const own = context as ActorContext;
      if (message === 'open') return own.unstashAll();
      seen.push(message);
      if (seen.length === 1) {
        own.stash();
        own.stash();
      }
    });
    ref.tell('a');
    ref.tell('open');
    await settled();
    expect(seen).toEqual(['a', 'a']);
  });

  test('sets aside the message of an async handler, whenever it says so', async () => {
    const { worker } = openWorker();
    const hold = gate();
    let round = 0;
    const ref = worker.spawn(async (message, context) => {
      if (message === 'open') return (context as ActorContext).unstashAll();
      if (round++ > 0) return 'second time';
      await hold.opened;
      (context as ActorContext).stash();
      return 'first time';
    });
    const asked = ref.ask('a');
    ref.tell('open');
    hold.open();
    expect(await asked).toBe('second time');
  });

  test('unstashAll without a stash does nothing', async () => {
    const { worker } = openWorker();
    expect(
      await worker.spawn((_message, context) => ((context as ActorContext).unstashAll(), 1)).ask(1),
    ).toBe(1);
  });
});
