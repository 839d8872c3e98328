import type { BlobStore, Logger } from '@certoai/loom-core';
import type { QueueScript } from '../bullmq/queue-scripts.js';
import type { RedisClient, RedisConnectionOptions } from '../bullmq/redis-client.js';
import { RedisCalls } from '../redis/redis-calls.js';
import { resolveRedisExecutionStoreOptions } from '../redis/redis-execution-store-options.js';
import { checkBlob, checkKey, closedError } from './blob-input.js';
import { getScript, listScript, listed, putScript, removed, removeScript } from './redis-blob-scripts.js';

export interface RedisBlobStoreOptions {
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
}

/**
 * Blobs in Redis, for any number of processes: a key for each, and one sorted set of all keys, by which those of a
 * prefix are found. Nothing is loaded and no connection is opened before the first call.
 */
export class RedisBlobStore implements BlobStore {
  readonly capabilities = { durable: true, shared: true };
  readonly #keyStart: string;
  readonly #calls: RedisCalls;
  #closing: Promise<void> | undefined;

  /**
   * @param redis - an ioredis client, which is copied and never closed; or ioredis options, or a URL
   * @throws LoomError `LOOM_INVALID_OPTION`
   */
  constructor(
    redis: RedisClient | RedisConnectionOptions | object | string,
    options?: RedisBlobStoreOptions,
  ) {
    const resolved = resolveRedisExecutionStoreOptions(redis, options);
    this.#keyStart = resolved.keyStart;
    this.#calls = new RedisCalls(resolved);
  }

  async put(key: string, text: string): Promise<void> {
    this.#check(key);
    checkBlob(key, text);
    await this.#run(putScript, [key, text], 'store a blob');
  }

  async get(key: string): Promise<string | undefined> {
    this.#check(key);
    return ((await this.#run(getScript, [key], 'read a blob')) as string | null) ?? undefined;
  }

  async remove(prefix: string): Promise<number> {
    this.#check(prefix);
    let count = 0;
    for (let last = removed; last === removed; count += last)
      last = (await this.#run(removeScript, [prefix], 'remove blobs')) as number;
    return count;
  }

  async *list(prefix: string): AsyncGenerator<string, void, undefined> {
    this.#check(prefix);
    let page: readonly string[] = [];
    do {
      page = (await this.#run(listScript, [prefix, ...page.slice(-1)], 'list blobs')) as string[];
      yield* page;
    } while (page.length === listed);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#calls.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #run(script: QueueScript, args: readonly string[], doing: string): Promise<unknown> {
    return this.#calls.run(script, `${this.#keyStart}blobs`, [`${this.#keyStart}blob/`, ...args], doing);
  }

  #check(key: string): void {
    if (this.#closing) throw closedError();
    checkKey(key);
  }
}
