import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffDelay, type BackoffPolicy } from '@certoai/loom-core';

const policy = (backoff: BackoffPolicy['backoff'], jitter = false): BackoffPolicy => ({
  backoff,
  initialDelayMs: 100,
  maxDelayMs: 1_000,
  jitter,
});

test.each([
  ['fixed', [100, 100, 100, 100, 100]],
  ['linear', [100, 200, 300, 400, 500]],
  ['exponential', [100, 200, 400, 800, 1_000]],
] as const)('%s delays', (backoff, delays) => {
  expect([1, 2, 3, 4, 5].map((attempt) => backoffDelay(policy(backoff), attempt, () => 0.5))).toEqual(delays);
});

test('jitter draws between half of the delay and all of it', () => {
  expect(backoffDelay(policy('fixed', true), 1, () => 0)).toBe(50);
  expect(backoffDelay(policy('fixed', true), 1, () => 0.999_999)).toBe(100);
});

test('a delay is a finite whole number within the limits, however many attempts there were', () => {
  const policies = fc.record({
    backoff: fc.constantFrom('fixed', 'linear', 'exponential'),
    initialDelayMs: fc.nat(1e6),
    maxDelayMs: fc.nat(1e9),
    jitter: fc.boolean(),
  });
  fc.assert(
    fc.property(
      policies,
      fc.integer({ min: 1, max: 1e9 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (p, attempt, random) => {
        const delay = backoffDelay(p, attempt, () => random);
        expect(Number.isSafeInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(p.maxDelayMs);
      },
    ),
  );
});
