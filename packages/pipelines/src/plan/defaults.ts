import type { RetryDefinition } from '../definition/pipeline-definition.js';
import type { RetryPolicy } from './plan.js';

/** What a definition leaves out. The one place; the comments of the definition's types repeat it. */
export const defaults = {
  /** Tasks of one stage at the same time. */
  concurrency: 100,
  priority: 0,
  onFailure: 'fail',
  onTaskFailure: 'fail',
  minSuccess: 0,
  /** Name of the variable that holds the item of a fan-out. */
  as: 'item',
  condition: 'all',
  combine: 'concat',
  /** Two tenths of a second, doubled each time, up to half a minute. */
  retry: {
    maxAttempts: 1,
    backoff: 'exponential',
    initialDelayMs: 200,
    maxDelayMs: 30_000,
    jitter: true,
    nonRetryable: [],
  },
} as const;

export function resolveRetry(retry: RetryDefinition = {}): RetryPolicy {
  const {
    maxAttempts = defaults.retry.maxAttempts,
    backoff = defaults.retry.backoff,
    initialDelayMs = defaults.retry.initialDelayMs,
    maxDelayMs = Math.max(defaults.retry.maxDelayMs, initialDelayMs),
    jitter = defaults.retry.jitter,
    nonRetryable = defaults.retry.nonRetryable,
  } = retry;
  // The default first delay must not pass a lower ceiling.
  const first = Math.min(initialDelayMs, maxDelayMs);
  return { maxAttempts, backoff, initialDelayMs: first, maxDelayMs, jitter, nonRetryable };
}
