import { LoomError } from '@certoai/loom-core';

/** How to start one execution. */
export interface StartOptions {
  /** Starting again with the same key gives the first execution, running or finished; nothing is started. */
  readonly idempotencyKey?: string | undefined;
  /** Where tasks wait for a place, those with more go first; whole number, -1_000 to 1_000. @default 0 */
  readonly priority?: number | undefined;
  /** Found again by `executions.list({ tags })`. At most 50. */
  readonly tags?: readonly string[] | undefined;
  /** The whole execution must be finished by then; milliseconds, 1 to 10 years. @default the definition's */
  readonly timeoutMs?: number | undefined;
  /** Sent with every task, for tracing. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Aborting it cancels the execution. */
  readonly signal?: AbortSignal | undefined;
}

const tenYearsMs = 10 * 365 * 24 * 3_600_000;

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkStartOptions({ priority, tags, timeoutMs, idempotencyKey }: StartOptions): void {
  if (priority !== undefined && !(Number.isSafeInteger(priority) && Math.abs(priority) <= 1_000)) {
    refuse('priority', priority, 'a whole number from -1000 to 1000');
  }
  if (timeoutMs !== undefined && !(timeoutMs >= 1 && timeoutMs <= tenYearsMs)) {
    refuse('timeoutMs', timeoutMs, `milliseconds from 1 to ${tenYearsMs}`);
  }
  if (idempotencyKey !== undefined && (typeof idempotencyKey !== 'string' || idempotencyKey === '')) {
    refuse('idempotencyKey', idempotencyKey, 'a text that is not empty');
  }
  if (tags === undefined) return;
  const usable =
    Array.isArray(tags) && tags.length <= 50 && tags.every((tag) => typeof tag === 'string' && tag !== '');
  if (!usable) refuse('tags', tags, 'at most 50 texts that are not empty');
}

function refuse(option: string, value: unknown, expectation: string): never {
  throw new LoomError('LOOM_INVALID_OPTION', `${option} is ${String(value)}; give ${expectation}.`, {
    option,
  });
}
