import { systemClock, type Clock } from '@certoai/loom-core';
import { invalidOption } from '../internal/invalid-option.js';
import { wholeNumber } from '../internal/numeric-option.js';
import type { TraceSqliteDriver } from './sqlite-driver.js';

export interface SqliteTraceStoreOptions {
  /** Folder of the file `traces.db`; it is made when it is not there. That of an embedded store may be the same. */
  readonly folder: string;
  /**
   * How long an execution that is finished is kept after it was written last; milliseconds, 1 to 10 years.
   * @default 604_800_000 (7 days)
   */
  readonly maxAgeMs?: number | undefined;
  /**
   * Size of what the file holds; beyond it the executions go that were not written to for the longest time,
   * finished or not. Bytes, 1 MiB to 1 TiB. @default 268_435_456 (256 MiB)
   */
  readonly maxBytes?: number | undefined;
  /** @default `node:sqlite` where Node has it, else `libsql` */
  readonly driver?: TraceSqliteDriver | undefined;
  /** Says how old a trace is. @default the system's */
  readonly clock?: Clock | undefined;
}

export interface ResolvedSqliteTraceStoreOptions {
  readonly folder: string;
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly driver: TraceSqliteDriver | undefined;
  readonly clock: Clock;
}

const tenYearsMs = 10 * 365 * 86_400_000;
const smallest = 2 ** 20;

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveSqliteTraceStoreOptions(
  options: SqliteTraceStoreOptions,
): ResolvedSqliteTraceStoreOptions {
  const { folder, maxAgeMs, driver, clock = systemClock } = options ?? {};
  if (typeof folder !== 'string' || folder === '')
    throw invalidOption('folder', folder, 'the path of a folder');
  if (driver !== undefined && driver !== 'node:sqlite' && driver !== 'libsql') {
    throw invalidOption('driver', driver, 'node:sqlite or libsql');
  }
  const maxBytes = wholeNumber('maxBytes', options.maxBytes, 2 ** 28, 2 ** 40);
  if (maxBytes < smallest)
    throw invalidOption('maxBytes', maxBytes, `a whole number, ${smallest} to ${2 ** 40}`);
  return {
    folder,
    maxAgeMs: wholeNumber('maxAgeMs', maxAgeMs, 7 * 86_400_000, tenYearsMs),
    maxBytes,
    driver,
    clock,
  };
}
