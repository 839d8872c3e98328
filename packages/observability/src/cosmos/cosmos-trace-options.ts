import { systemClock, type Clock } from '@certoai/loom-core';
import { cosmosDatabaseName, type CosmosCallOptions, type CosmosPlace } from '@certoai/loom-core/cosmos';
import { invalidOption } from '../internal/invalid-option.js';
import { wholeNumber } from '../internal/numeric-option.js';

export interface CosmosTraceOptions extends CosmosCallOptions {
  /** Name of the database. @default loom */
  readonly database?: string | undefined;
  /** Name of the account, for the commands in error messages. */
  readonly account?: string | undefined;
  /**
   * How long a trace stays after it was last written. Milliseconds, 1 000 or more; full seconds count.
   * @default the time to live of the containers: 30 days unless the operator changed it
   */
  readonly retentionMs?: number | undefined;
}

export interface ResolvedCosmosTraceOptions {
  readonly place: CosmosPlace;
  /** Seconds; absent where the container decides. */
  readonly ttl: { readonly ttl?: number };
  readonly clock: Clock;
}

/** Longest time to live of the service: 2^31 - 1 seconds. */
const maxRetentionMs = (2 ** 31 - 1) * 1_000;

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveCosmosTraceOptions(options: CosmosTraceOptions): ResolvedCosmosTraceOptions {
  const { database = cosmosDatabaseName, account, retentionMs, clock = systemClock } = options;
  if (typeof database !== 'string' || database === '')
    throw invalidOption('cosmos.database', database, 'the name of a database');
  const retention = wholeNumber('cosmos.retentionMs', retentionMs, maxRetentionMs, maxRetentionMs);
  if (retention < 1_000) throw invalidOption('cosmos.retentionMs', retentionMs, '1000 or more');
  return {
    place: { account, database },
    ttl: retentionMs === undefined ? {} : { ttl: Math.floor(retention / 1_000) },
    clock,
  };
}
