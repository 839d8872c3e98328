import { LoomError } from '@certoai/loom-core';
import type { Notify } from '../engine/state.js';

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
  /** For whom it runs: whose `config` its expressions see, and part of its status. Text, 1 to 200 characters. */
  readonly tenant?: string | undefined;
  /**
   * A message tells it there when the execution has ended, however it did: once, and also when this process does not
   * live to see it.
   */
  readonly notify?: Notify | undefined;
  /** Aborting it cancels the execution. */
  readonly signal?: AbortSignal | undefined;
}

const tenYearsMs = 10 * 365 * 24 * 3_600_000;

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function checkStartOptions(options: StartOptions): void {
  const { priority, tags, timeoutMs, idempotencyKey, tenant, notify } = options;
  if (priority !== undefined && !(Number.isSafeInteger(priority) && Math.abs(priority) <= 1_000)) {
    refuse('priority', priority, 'a whole number from -1000 to 1000');
  }
  if (timeoutMs !== undefined && !(timeoutMs >= 1 && timeoutMs <= tenYearsMs)) {
    refuse('timeoutMs', timeoutMs, `milliseconds from 1 to ${tenYearsMs}`);
  }
  if (idempotencyKey !== undefined && (typeof idempotencyKey !== 'string' || idempotencyKey === '')) {
    refuse('idempotencyKey', idempotencyKey, 'a text that is not empty');
  }
  if (tenant !== undefined && !(typeof tenant === 'string' && tenant !== '' && tenant.length <= 200)) {
    refuse('tenant', tenant, 'a text of 1 to 200 characters');
  }
  if (notify !== undefined) checkNotify(notify);
  if (tags === undefined) return;
  const usable =
    Array.isArray(tags) && tags.length <= 50 && tags.every((tag) => typeof tag === 'string' && tag !== '');
  if (!usable) refuse('tags', tags, 'at most 50 texts that are not empty');
}

/** A copy of its own, without anything else. */
export function copyNotify({ queue, key, headers }: Notify): Notify {
  return { queue, key, headers: headers && { ...headers } };
}

function checkNotify(notify: Notify): void {
  if (typeof notify !== 'object' || notify === null) refuse('notify', notify, '{ queue }');
  const { queue, key, headers } = notify;
  if (typeof queue !== 'string' || !/^[\w.-]{1,200}$/.test(queue))
    refuse('notify.queue', queue, '1 to 200 letters, digits, ".", "_" or "-"');
  if (queue.startsWith('loom.'))
    refuse('notify.queue', queue, 'another name: those with "loom." are Loom\'s own');
  if (key !== undefined && !(typeof key === 'string' && key !== '' && key.length <= 256 && isStorable(key)))
    refuse('notify.key', key, 'a text of 1 to 256 characters');
  if (headers === undefined) return;
  const values = typeof headers === 'object' && headers !== null ? Object.values(headers) : [undefined];
  if (values.length > 50 || values.some((value) => typeof value !== 'string'))
    refuse('notify.headers', headers, 'at most 50 texts by name');
}

/** Stores keep neither NUL characters nor lone surrogates. */
function isStorable(text: string): boolean {
  return !text.includes('\0') && (text as string & { isWellFormed(): boolean }).isWellFormed();
}

function refuse(option: string, value: unknown, expectation: string): never {
  throw new LoomError('LOOM_INVALID_OPTION', `${option} is ${String(value)}; give ${expectation}.`, {
    option,
  });
}
