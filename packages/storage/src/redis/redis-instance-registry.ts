import type { Logger } from '@certoai/loom-core';
import { resolveBullMQOptions } from '../bullmq/bullmq-message-queue-options.js';
import type { RedisClient, RedisConnectionOptions } from '../bullmq/redis-client.js';
import { RedisConnections } from '../bullmq/redis-connections.js';
import { ConnectedInstances } from './connected-instances.js';

export interface RedisInstanceRegistryOptions {
  /** How long an instance stays without a heartbeat. Milliseconds, 1 or more. @default 15_000 */
  readonly leaseMs?: number | undefined;
  /**
   * First part of every key. It is put in braces unless it has some, so that all keys are in one slot of a
   * Redis Cluster.
   * @default the client's `keyPrefix` without a colon at its end, else `loom`
   */
  readonly keyPrefix?: string | undefined;
  /** Of connections that fail. @default silent */
  readonly logger?: Logger | undefined;
}

/**
 * Live instances in Redis, for any number of processes. Leases run on the server's clock. Every call is one
 * script and one round trip; a watch listens on a connection of its own, and looks once in a lease.
 * Nothing is loaded and no connection is opened before the first call.
 */
export class RedisInstanceRegistry extends ConnectedInstances {
  /**
   * @param redis - an ioredis client, which is copied and never closed; or ioredis options, or a URL
   * @throws LoomError `LOOM_INVALID_OPTION`
   */
  constructor(
    redis: RedisClient | RedisConnectionOptions | object | string,
    { leaseMs, keyPrefix: prefix, logger }: RedisInstanceRegistryOptions = {},
  ) {
    const resolved = resolveBullMQOptions(redis, { prefix, logger });
    const connections = new RedisConnections(resolved);
    super({
      prefix: resolved.prefix,
      leaseMs,
      logger: resolved.logger,
      connect: () => connections.sending(),
      open: () => connections.blocking(),
      release: (client) => connections.release(client),
      onClosed: () => connections.close(),
    });
  }
}
