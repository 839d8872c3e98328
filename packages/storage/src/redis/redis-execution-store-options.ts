import { LoomError, systemClock } from '@certoai/loom-core';
import type { Clock, Logger } from '@certoai/loom-core';
import { resolveBullMQOptions } from '../bullmq/bullmq-message-queue-options.js';
import type { RedisSource } from '../bullmq/bullmq-message-queue-options.js';
import type { RedisClient, RedisConnectionOptions } from '../bullmq/redis-client.js';

export interface RedisExecutionStoreOptions {
  /**
   * First part of every key. It is put in braces unless it has some, so that all keys are in one slot of a
   * Redis Cluster.
   * @default the client's `keyPrefix` without a colon at its end, else `loom`
   */
  readonly keyPrefix?: string | undefined;
  /** How long a call waits, and tries again, while Redis cannot be reached. Milliseconds, 100 or more. @default 10_000 */
  readonly commandTimeoutMs?: number | undefined;
  /** Of connections that fail. @default silent */
  readonly logger?: Logger | undefined;
  /** Of the wait for Redis; leases run on the server's. @default the system's */
  readonly clock?: Clock | undefined;
}

export interface ResolvedRedisExecutionStoreOptions {
  readonly source: RedisSource;
  /** What every key begins with. */
  readonly keyStart: string;
  readonly commandTimeoutMs: number;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveRedisExecutionStoreOptions(
  redis: RedisClient | RedisConnectionOptions | object | string,
  options: RedisExecutionStoreOptions = {},
): ResolvedRedisExecutionStoreOptions {
  const { keyPrefix, commandTimeoutMs = 10_000, clock = systemClock } = options;
  const { source, prefix, logger } = resolveBullMQOptions(redis, {
    prefix: keyPrefix,
    logger: options.logger,
  });
  if (!(Number.isSafeInteger(commandTimeoutMs) && commandTimeoutMs >= 100)) {
    const message = `commandTimeoutMs is ${commandTimeoutMs}; give a whole number of milliseconds, 100 or more.`;
    throw new LoomError('LOOM_INVALID_OPTION', message, { commandTimeoutMs });
  }
  // A dot, as keys of BullMQ go on with a colon there.
  const keyStart = `${/\{[^}]+\}/.test(prefix) ? prefix : `{${prefix}}`}.`;
  return { source, keyStart, commandTimeoutMs, logger, clock };
}
