import { expect, test } from 'vitest';
import { leaseTimes } from '../../src/bullmq/lease-times.js';

test.each([100, 333, 1_000, 5_000, 30_000, 43_200_000])(
  'leaves time to deliver within a lease of %i ms, whenever its process died',
  (leaseMs) => {
    const { lockMs, renewEveryMs, lookEveryMs } = leaseTimes(leaseMs);
    // A lock is found when it ends, or by the first look after it was taken.
    expect(Math.max(lockMs, lookEveryMs)).toBeLessThanOrEqual(leaseMs * 0.9);
    expect(lockMs - renewEveryMs).toBeGreaterThanOrEqual(leaseMs * 0.7 - 1);
    expect(renewEveryMs).toBeGreaterThan(0);
  },
);

test('looks fewer than 23 times a minute at the default lease, which leaves two for the blocking command', () => {
  expect(60_000 / leaseTimes(5_000).lookEveryMs).toBeLessThan(23);
});
