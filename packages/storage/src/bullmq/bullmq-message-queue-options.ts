import { LoomError, silentLogger } from '@certoai/loom-core';
import type { Logger } from '@certoai/loom-core';
import { isRedisClient } from './redis-client.js';
import type { OpenRedisClient, RedisClient, RedisConnectionOptions } from './redis-client.js';

/**
 * Beside these, any ioredis option: it replaces the one of the client, URL or options in the connections
 * that are opened here.
 */
export interface BullMQMessageQueueOptions extends RedisConnectionOptions {
  /**
   * First part of every key, which stays `prefix:queue:…` as BullMQ writes it. On a Redis Cluster it is put
   * in braces, so that all keys are in one slot.
   * @default the client's `keyPrefix` without a colon at its end, else `loom`
   */
  readonly prefix?: string | undefined;
  /** Of connections that fail, leases that were lost, and settings of the server that endanger messages. @default silent */
  readonly logger?: Logger | undefined;
}

/** Where the connections come from. */
export type RedisSource =
  | { readonly kind: 'client'; readonly client: OpenRedisClient }
  | { readonly kind: 'options'; readonly options: object }
  | { readonly kind: 'url'; readonly url: string };

export interface ResolvedBullMQOptions {
  readonly source: RedisSource;
  readonly prefix: string;
  readonly logger: Logger;
  /** ioredis options that replace those of the source. */
  readonly overrides: object;
}

/** @throws LoomError `LOOM_INVALID_OPTION` */
export function resolveBullMQOptions(
  redis: RedisClient | RedisConnectionOptions | object | string,
  options: BullMQMessageQueueOptions | object = {},
): ResolvedBullMQOptions {
  if (typeof options !== 'object' || options === null)
    throw invalid('redisConfig', 'give an object, or leave it out', options);
  const { prefix, logger = silentLogger, keyPrefix, ...overrides } = options as BullMQMessageQueueOptions;
  const source = resolveSource(redis);
  const found = prefix ?? withoutColon(keyPrefix) ?? withoutColon(keyPrefixOf(source)) ?? 'loom';
  if (typeof found !== 'string' || found === '') throw invalid('prefix', 'give text, or leave it out', found);
  const isCluster = source.kind === 'client' && source.client.isCluster;
  return { source, prefix: isCluster ? withHashTag(found) : found, logger, overrides };
}

function resolveSource(redis: unknown): RedisSource {
  if (isRedisClient(redis)) return { kind: 'client', client: redis };
  if (typeof redis === 'string' && redis !== '') return { kind: 'url', url: redis };
  if (typeof redis === 'object' && redis !== null && !('sendCommand' in redis))
    return { kind: 'options', options: redis };
  throw invalid(
    'redis',
    'give an ioredis client, ioredis options, or a URL such as "redis://localhost:6379"',
    redis,
  );
}

function keyPrefixOf(source: RedisSource): string | undefined {
  switch (source.kind) {
    case 'client': {
      const { keyPrefix, redisOptions } = source.client.options;
      return keyPrefix || redisOptions?.keyPrefix;
    }
    case 'options':
      return (source.options as RedisConnectionOptions).keyPrefix;
    case 'url':
      return undefined;
  }
}

/** Keys are joined with colons anyway. */
function withoutColon(keyPrefix: string | undefined): string | undefined {
  return keyPrefix?.replace(/:+$/, '') || undefined;
}

/** https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags */
export function withHashTag(prefix: string): string {
  return /^[^{]*\{[^}]+\}/.test(prefix) ? prefix : `{${prefix}}`;
}

function invalid(option: string, advice: string, value: unknown): LoomError {
  const shown =
    value === undefined || value === null || value === ''
      ? (JSON.stringify(value) ?? 'undefined')
      : `of type ${typeof value}`;
  return new LoomError('LOOM_INVALID_OPTION', `${option} is ${shown}; ${advice}.`, { option, value: shown });
}
