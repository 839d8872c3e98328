import type { Verdict } from '@certoai/loom-core';
import { describe, expect, test } from 'vitest';
import { decideOutcome, silentDeathReason } from '../../src/internal/delivery-outcome.js';

const options = { maxDeliveries: 3, retryDelayMs: 1_000 };

function resolved(verdict: Verdict | void, attempt = 1, aborted = false) {
  return decideOutcome({ kind: 'resolved', verdict }, { attempt, aborted, options });
}
function rejected(error: unknown, attempt = 1, aborted = false) {
  return decideOutcome({ kind: 'rejected', error }, { attempt, aborted, options });
}

describe('decideOutcome', () => {
  test('acknowledges what resolves to nothing, also after an abort', () => {
    expect(resolved(undefined)).toEqual({ kind: 'acknowledged' });
    expect(resolved(undefined, 3, true)).toEqual({ kind: 'acknowledged' });
  });

  test('retries as the verdict says, until the last delivery', () => {
    expect(resolved({ kind: 'retry' })).toEqual({ kind: 'waiting', delayMs: 0 });
    expect(resolved({ kind: 'retry', delayMs: 0.2 }, 2)).toEqual({ kind: 'waiting', delayMs: 1 });
    expect(resolved({ kind: 'retry', delayMs: 5 }, 3)).toMatchObject({ kind: 'dead' });
  });

  test('retries what is rejected after retryDelayMs, until the last delivery', () => {
    expect(rejected(new Error('x'), 2)).toEqual({ kind: 'waiting', delayMs: 1_000 });
    expect(rejected(new Error('x'), 3)).toEqual({ kind: 'dead', reason: 'x' });
    expect(rejected(new TypeError('x'), 4)).toEqual({ kind: 'dead', reason: 'TypeError: x' });
  });

  test('releases what was interrupted by us, however often it was delivered', () => {
    expect(rejected(new Error('aborted'), 3, true)).toEqual({ kind: 'released' });
    expect(resolved({ kind: 'release' }, 3)).toEqual({ kind: 'released' });
  });

  test('keeps a reason, in words and of bounded length', () => {
    expect(resolved({ kind: 'dead-letter', reason: 'no customer' })).toEqual({
      kind: 'dead',
      reason: 'no customer',
    });
    expect(resolved({ kind: 'dead-letter', reason: '', error: new Error('why') })).toEqual({
      kind: 'dead',
      reason: 'why',
    });
    expect(resolved({ kind: 'dead-letter' } as never)).toMatchObject({
      kind: 'dead',
      reason: expect.stringMatching(/\w/) as string,
    });
    const { reason } = rejected(new Error('x'.repeat(100_000)), 3) as { readonly reason: string };
    expect(reason.length).toBeLessThanOrEqual(2_000);
  });

  test('says how often a message was delivered in vain', () => {
    expect(silentDeathReason(1)).toMatch(/once/);
    expect(silentDeathReason(5)).toMatch(/5 times/);
  });
});
