import { backoffDelay, type ErrorRecord, type Random } from '@certoai/loom-core';
import type { RetryPolicy } from '../plan/plan.js';

/**
 * Milliseconds until the next attempt, or `undefined` when the failure is final.
 * @param attempt - the one that failed, from 1
 */
export function retryDelay(
  retry: RetryPolicy,
  attempt: number,
  error: ErrorRecord,
  random: Random,
): number | undefined {
  if (attempt >= retry.maxAttempts || error.retryable === false) return undefined;
  const names = [error.name, error.code];
  if (retry.nonRetryable.some((name) => names.includes(name))) return undefined;
  return backoffDelay(retry, attempt, random);
}
