import type { ActorContext } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { gate, loomErrorOf, openWorker, recorder } from '../support/open-worker.ts';

describe('a receive timeout', () => {
  function opened() {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    const ref = worker.spawn(recorder(log));
    const set = (ms: number | undefined): void =>
      ref.tell((context: ActorContext) => context.setReceiveTimeout(ms));
    return { worker, clock, log, ref, set };
  }

  test('comes after each stretch without a message', async () => {
    const { clock, log, set } = opened();
    set(100);
    await clock.advance(99);
    expect(log).toEqual(['start']);
    await clock.advance(1);
    expect(log).toEqual(['start', 'receive timeout']);
    await clock.advance(200);
    expect(log).toHaveLength(4);
  });

  test('begins anew with each message', async () => {
    const { clock, log, ref, set } = opened();
    set(100);
    for (let i = 0; i < 3; i++) {
      await clock.advance(60);
      ref.tell(i);
    }
    await clock.advance(99);
    expect(log).toEqual(['start', 0, 1, 2]);
    await clock.advance(1);
    expect(log.at(-1)).toBe('receive timeout');
  });

  test('does not come while the actor is at a message', async () => {
    const { clock, log, ref, set } = opened();
    const hold = gate();
    set(100);
    ref.tell(() => hold.opened);
    await clock.advance(450);
    expect(log).toEqual(['start']);
    hold.open();
    await settled();
    await clock.advance(100);
    expect(log).toEqual(['start', 'receive timeout']);
  });

  test('ends with undefined, with another one, and with the actor', async () => {
    const { clock, log, ref, set } = opened();
    set(100);
    set(50);
    await clock.advance(50);
    set(undefined);
    await clock.advance(500);
    expect(log).toEqual(['start', 'receive timeout']);
    set(100);
    await settled();
    await ref.stop();
    await clock.advance(500);
    expect(log).toEqual(['start', 'receive timeout', 'stop']);
  });

  test.each([0, -1, Number.NaN, Infinity, 1.5, '1', null])('cannot be %s', async (ms) => {
    const { ref } = opened();
    await loomErrorOf(
      ref.ask((context: ActorContext) => context.setReceiveTimeout(ms as number)),
      'LOOM_INVALID_OPTION',
    );
  });

  test('of many actors is one timer of the clock', async () => {
    const { worker, clock } = openWorker();
    const log: unknown[] = [];
    for (let i = 0; i < 100; i++)
      worker.spawn(recorder(log)).tell((context: ActorContext) => context.setReceiveTimeout(50));
    await settled();
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(50);
    expect(log.filter((entry) => entry === 'receive timeout')).toHaveLength(100);
  });
});
