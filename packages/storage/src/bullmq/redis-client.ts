import type { CommandSender } from './gathered-writes.js';

/**
 * An ioredis client, `Redis` or `Cluster`, of version 5 or newer. Described by its shape, so that these
 * declarations need no ioredis.
 */
export interface RedisClient {
  readonly status: string;
  duplicate(...overrides: never[]): RedisClient;
  defineCommand(name: string, definition: { numberOfKeys?: number; lua: string; readOnly?: boolean }): void;
}

/** ioredis options. Those that matter most are named; every other one is passed on as it is. */
export interface RedisConnectionOptions {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly db?: number | undefined;
  readonly tls?: object | undefined;
  /** Becomes the prefix of all keys. */
  readonly keyPrefix?: string | undefined;
}

/** What is used of a client here; see https://github.com/redis/ioredis. */
export interface OpenRedisClient extends RedisClient, CommandSender {
  readonly options: {
    readonly host?: string;
    readonly port?: number;
    readonly keyPrefix?: string;
    readonly reconnectOnError?: unknown;
    readonly redisOptions?: { readonly keyPrefix?: string };
  };
  readonly isCluster: boolean;
  /** Of a connection; a cluster has many. */
  duplicate(...overrides: object[]): RedisClient;
  nodes?(role: 'master'): OpenRedisClient[];
  connect(): Promise<void>;
  disconnect(reconnect?: boolean): void;
  quit(): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'connect' | 'ready', listener: () => void): unknown;
  once(event: 'ready' | 'end', listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
  info(): Promise<string>;
  ping(): Promise<string>;
  time(): Promise<readonly (number | string)[]>;
  eval(script: string, keys: number, ...args: readonly string[]): Promise<unknown>;
  config(get: 'GET', name: string): Promise<readonly string[]>;
  exists(...keys: readonly string[]): Promise<number>;
  pexpire(key: string, ms: number): Promise<unknown>;
  zadd(key: string, score: number, member: string): Promise<unknown>;
  zscore(key: string, member: string): Promise<string | null>;
  zrangebyscore(key: string, ...args: readonly (string | number)[]): Promise<string[]>;
  hmget(key: string, ...fields: readonly string[]): Promise<(string | null)[]>;
  bzpopmin(
    ...keysAndSeconds: readonly (string | number)[]
  ): Promise<[key: string, member: string, score: string] | null>;
}

export function isRedisClient(value: unknown): value is OpenRedisClient {
  if (typeof value !== 'object' || value === null) return false;
  const { duplicate, defineCommand, status } = value as Partial<RedisClient>;
  return typeof duplicate === 'function' && typeof defineCommand === 'function' && typeof status === 'string';
}
