import { wholeNumber } from '../internal/numeric-option.js';
import { oneOf } from '../internal/one-of.js';
import { backoffDelay } from '../lifecycle/backoff.js';
import type { BackoffPolicy } from '../lifecycle/backoff.js';
import type { Random } from '../ports/random.js';

/**
 * What happens to an actor that threw: `restart` (fresh instance, mailbox kept), `resume` (carry on with
 * its state), `stop`, or `escalate` (its parent fails with the same error).
 */
export type SupervisionDirective = 'restart' | 'resume' | 'stop' | 'escalate';

export interface Supervision {
  /** @default 'restart' */
  readonly onFailure?: SupervisionDirective | ((error: unknown) => SupervisionDirective) | undefined;
  /** `all-for-one` restarts or stops every child of the same parent with it. @default 'one-for-one' */
  readonly strategy?: 'one-for-one' | 'all-for-one' | undefined;
  /** More restarts than this within `windowMs` stop the actor; 0 or more, or Infinity. @default Infinity */
  readonly maxRestarts?: number | undefined;
  /** Milliseconds, 1 or more. @default 60_000 */
  readonly windowMs?: number | undefined;
  /**
   * Wait before a restart, longer with each one in a row that no handled message came between. What is
   * left out is exponential, from 100 ms to 10 s, without jitter.
   * @default at once the first time, then as above
   */
  readonly backoff?: Partial<BackoffPolicy> | undefined;
}

export interface ResolvedSupervision {
  readonly decide: (error: unknown) => SupervisionDirective;
  readonly allForOne: boolean;
  readonly maxRestarts: number;
  readonly windowMs: number;
  readonly backoff: BackoffPolicy;
  /** The first of a row of restarts comes without a wait. */
  readonly firstAtOnce: boolean;
}

/** A decision to carry out. `renew`: a fresh instance from a new registration, with its mailbox. */
export interface Verdict {
  readonly directive: SupervisionDirective | 'renew';
  readonly error: unknown;
}

export const directives = ['restart', 'resume', 'stop', 'escalate'] as const;

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveSupervision(supervision: Supervision = {}): ResolvedSupervision {
  const { onFailure = 'restart', strategy = 'one-for-one', maxRestarts, windowMs, backoff } = supervision;
  const decide =
    typeof onFailure === 'function'
      ? onFailure
      : constant(oneOf('supervision.onFailure', onFailure, directives));
  const { backoff: shape = 'exponential', jitter = false } = backoff ?? {};
  return {
    decide,
    allForOne: oneOf('supervision.strategy', strategy, ['one-for-one', 'all-for-one']) === 'all-for-one',
    maxRestarts: wholeNumber('supervision.maxRestarts', maxRestarts, Infinity, 0, Infinity),
    windowMs: wholeNumber('supervision.windowMs', windowMs, 60_000, 1),
    backoff: {
      backoff: oneOf('supervision.backoff.backoff', shape, ['fixed', 'linear', 'exponential']),
      initialDelayMs: wholeNumber('supervision.backoff.initialDelayMs', backoff?.initialDelayMs, 100, 0),
      maxDelayMs: wholeNumber('supervision.backoff.maxDelayMs', backoff?.maxDelayMs, 10_000, 0),
      jitter,
    },
    firstAtOnce: backoff === undefined,
  };
}

/** Whether one more restart is within the limit; if so, `restarts` (times of earlier ones) has it. */
export function mayRestart(
  { maxRestarts, windowMs }: ResolvedSupervision,
  restarts: number[],
  nowMs: number,
): boolean {
  if (maxRestarts === Infinity) return true;
  while (restarts.length > 0 && (restarts[0] as number) <= nowMs - windowMs) restarts.shift();
  return restarts.push(nowMs) <= maxRestarts;
}

/** Milliseconds to wait before restart number `streak` (from 1) of a row. */
export function restartDelay(
  { backoff, firstAtOnce }: ResolvedSupervision,
  streak: number,
  random: Random,
): number {
  const attempt = firstAtOnce ? streak - 1 : streak;
  return attempt === 0 ? 0 : backoffDelay(backoff, attempt, random);
}

function constant(directive: SupervisionDirective): () => SupervisionDirective {
  return () => directive;
}
