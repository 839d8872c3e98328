import { LoomError, systemClock } from '@certoai/loom-core';
import type { Clock, Logger } from '@certoai/loom-core';
import type { SqliteDriverName } from './sqlite-driver.js';

export interface EmbeddedStoreOptions {
  /** The folder that holds the store; made when it is not there. One process at a time. */
  readonly path: string;
  /**
   * What a resolved promise survives. `full`: a power loss. `normal`: the end of the process, `kill -9`
   * included, but the last moments may be lost with the power; several times faster where the disk is slow.
   * @default 'full'
   */
  readonly sync?: 'full' | 'normal' | undefined;
  /** Size of the database file at which writing is refused with `LOOM_STORE_FULL`. Bytes, 1_048_576 or more. @default none */
  readonly maxBytes?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /** @default 'node:sqlite' on Node 22.13 and newer, else 'libsql' */
  readonly driver?: SqliteDriverName | undefined;
}

export interface ResolvedEmbeddedStoreOptions {
  readonly path: string;
  readonly sync: 'full' | 'normal';
  readonly maxBytes: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger | undefined;
  readonly driver: SqliteDriverName | undefined;
}

const syncs: readonly unknown[] = ['full', 'normal'];
const drivers: readonly unknown[] = ['node:sqlite', 'libsql', undefined];
const smallestMaxBytes = 1_048_576;

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveEmbeddedStoreOptions(options: EmbeddedStoreOptions): ResolvedEmbeddedStoreOptions {
  const { path, sync = 'full', maxBytes, clock = systemClock, logger, driver } = options;
  if (typeof path !== 'string' || path === '') throw invalid('path', path, 'give the folder of the store');
  if (!syncs.includes(sync)) throw invalid('sync', sync, 'give "full" or "normal"');
  if (!drivers.includes(driver))
    throw invalid('driver', driver, 'give "node:sqlite" or "libsql", or leave it out');
  if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && maxBytes >= smallestMaxBytes)) {
    throw invalid('maxBytes', maxBytes, `give a whole number of bytes, ${smallestMaxBytes} or more`);
  }
  return { path, sync, maxBytes, clock, logger, driver };
}

function invalid(option: string, value: unknown, advice: string): LoomError {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return new LoomError('LOOM_INVALID_OPTION', `${option} is ${shown}; ${advice}.`, { [option]: value });
}
