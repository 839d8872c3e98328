import type { RedisClient, RedisConnectionOptions } from '../bullmq/redis-client.js';
import { RedisCalls } from './redis-calls.js';
import { resolveRedisExecutionStoreOptions } from './redis-execution-store-options.js';
import type { RedisExecutionStoreOptions } from './redis-execution-store-options.js';
import { RedisOutbox } from './redis-outbox.js';

export type RedisOutboxStoreOptions = RedisExecutionStoreOptions;

/**
 * An outbox in Redis, for any number of processes. Every call is one script and one round trip; leases and ages are
 * on the server's clock. Its keys begin as those of `RedisExecutionStore`, whose `outbox` it is when the prefix is
 * the same. A commit whose answer was lost is sent again and done once; when it is given up, the outcome is not
 * known. Nothing is loaded and no connection is opened before the first call.
 */
export class RedisOutboxStore extends RedisOutbox {
  readonly #calls: RedisCalls;
  #closed: Promise<void> | undefined;

  /**
   * @param redis - an ioredis client, which is copied and never closed; or ioredis options, or a URL
   * @throws LoomError `LOOM_INVALID_OPTION`
   */
  constructor(
    redis: RedisClient | RedisConnectionOptions | object | string,
    options?: RedisOutboxStoreOptions,
  ) {
    const { keyStart, ...rest } = resolveRedisExecutionStoreOptions(redis, options);
    const calls = new RedisCalls(rest);
    super(calls, keyStart, rest.commandTimeoutMs);
    this.#calls = calls;
  }

  /** Waits for calls under way. */
  override close(): Promise<void> {
    return (this.#closed ??= super.close().then(() => this.#calls.close()));
  }
}
