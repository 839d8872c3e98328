import { expect, test } from 'vitest';
import { ManualClock, settled } from '@certoai/loom-core/testing';

test('time stands still until it is moved', async () => {
  const clock = new ManualClock({ startAt: 1_000 });
  await settled();
  expect(clock.now()).toBe(1_000);
  await clock.advance(30 * 24 * 60 * 60 * 1_000);
  expect(clock.now()).toBe(1_000 + 2_592_000_000);
});

test('timers fire in the order of their times, each at its own', async () => {
  const clock = new ManualClock({ startAt: 0 });
  const fired: [string, number][] = [];
  for (const [name, at] of [
    ['c', 30],
    ['a', 10],
    ['b', 20],
    ['a2', 10],
  ] as const) {
    clock.setTimer(at, () => fired.push([name, clock.now()]));
  }
  expect(clock.nextTimerAt).toBe(10);
  await clock.advance(25);
  expect(fired).toEqual([
    ['a', 10],
    ['a2', 10],
    ['b', 20],
  ]);
  expect(clock.pendingTimers).toBe(1);
  await clock.advance(5);
  expect(fired.at(-1)).toEqual(['c', 30]);
});

test('what a timer sets off settles before the next one fires', async () => {
  const clock = new ManualClock({ startAt: 0 });
  const log: string[] = [];
  clock.setTimer(10, () => {
    void settled(2).then(() => {
      log.push('settled');
      clock.setTimer(5, () => log.push(`chained at ${clock.now()}`));
    });
  });
  clock.setTimer(20, () => log.push('next'));
  await clock.advance(20);
  expect(log).toEqual(['settled', 'chained at 15', 'next']);
});

test('a cancelled timer does not fire; cancelling again does nothing', async () => {
  const clock = new ManualClock();
  let fired = 0;
  const cancel = clock.setTimer(10, () => fired++);
  const other = clock.setTimer(10, () => fired++);
  cancel();
  cancel();
  await clock.advance(10);
  other();
  expect(fired).toBe(1);
  expect(clock.pendingTimers).toBe(0);
});

test('moves to the next timer, however far it is', async () => {
  const clock = new ManualClock({ startAt: 0 });
  let fired = 0;
  clock.setTimer(1e12, () => fired++);
  expect(await clock.advanceToNextTimer()).toBe(true);
  expect([fired, clock.now()]).toEqual([1, 1e12]);
  expect(await clock.advanceToNextTimer()).toBe(false);
});

test.each([-1, Number.NaN])('refuses %s ms', async (ms) => {
  const clock = new ManualClock();
  expect(() => clock.setTimer(ms, () => undefined)).toThrow(RangeError);
  await expect(clock.advance(ms)).rejects.toThrow(RangeError);
});

test('settling can be replaced', async () => {
  let settles = 0;
  const clock = new ManualClock({
    settle: async () => {
      settles++;
    },
  });
  clock.setTimer(1, () => undefined);
  await clock.advance(1);
  expect(settles).toBe(2);
});
