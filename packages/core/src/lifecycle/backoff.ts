import type { Random } from '../ports/random.js';

/** How long to wait between tries. */
export interface BackoffPolicy {
  readonly backoff: 'fixed' | 'linear' | 'exponential';
  /** Before the second try; milliseconds, 0 or more. */
  readonly initialDelayMs: number;
  /** No delay is longer; milliseconds, 0 or more. */
  readonly maxDelayMs: number;
  /** Draws the delay evenly between half of it and all of it, so that many do not try in step. */
  readonly jitter: boolean;
}

/**
 * Milliseconds to wait after try number `attempt` (from 1) has failed. Pure: randomness is handed in.
 * Jitter is the "equal jitter" of https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffDelay(policy: BackoffPolicy, attempt: number, random: Random): number {
  const factor = { fixed: 1, linear: attempt, exponential: 2 ** Math.min(attempt - 1, 60) }[policy.backoff];
  const delay = Math.min(policy.initialDelayMs * factor, policy.maxDelayMs);
  return Math.round(policy.jitter ? delay * (0.5 + random() / 2) : delay);
}
