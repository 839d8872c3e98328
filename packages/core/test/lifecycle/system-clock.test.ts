import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '@certoai/loom-core';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('calls back once, after the delay', () => {
  const callback = vi.fn<() => void>();
  systemClock.setTimer(1_000, callback);
  vi.advanceTimersByTime(999);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(100_000);
  expect(callback).toHaveBeenCalledTimes(1);
});

test('cancelling twice, or after the call, does nothing', () => {
  const callback = vi.fn<() => void>();
  const cancel = systemClock.setTimer(10, callback);
  cancel();
  cancel();
  vi.advanceTimersByTime(100);
  expect(callback).not.toHaveBeenCalled();
  const cancelLate = systemClock.setTimer(10, callback);
  vi.advanceTimersByTime(10);
  cancelLate();
  expect(callback).toHaveBeenCalledTimes(1);
});

test('waits longer than the longest timer of Node', () => {
  const callback = vi.fn<() => void>();
  const days = 24 * 60 * 60 * 1_000;
  systemClock.setTimer(60 * days, callback);
  vi.advanceTimersByTime(60 * days - 1);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(callback).toHaveBeenCalledTimes(1);
  const cancel = systemClock.setTimer(60 * days, callback);
  vi.advanceTimersByTime(50 * days);
  cancel();
  vi.advanceTimersByTime(50 * days);
  expect(callback).toHaveBeenCalledTimes(1);
});
