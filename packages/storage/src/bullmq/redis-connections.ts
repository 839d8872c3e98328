import { LoomError, systemClock } from '@certoai/loom-core';
import type { Logger } from '@certoai/loom-core';
import type { RedisSource } from './bullmq-message-queue-options.js';
import { gatherWrites } from './gathered-writes.js';
import type { OpenRedisClient } from './redis-client.js';
import { isRefusedLogin, translateRedisError } from './redis-error.js';
import { refusedTls } from './refused-tls.js';

/** How long the first connection may take before a call is refused; later ones wait as their options say. */
const firstConnectMs = 10_000;
/** A connection on which an answer is due for so long is dead, though nobody closed it; the command goes out on a new one. */
const answerMs = 10_000;
/** How long a connection may take to say goodbye. */
const quitMs = 1_000;

export interface RedisConnectionsOptions {
  readonly source: RedisSource;
  readonly overrides: object;
  readonly logger: Logger;
}

/**
 * The connections of one queue, each opened when it is first needed. They are copies: a client that was
 * handed in is only the pattern, and nobody listens to it or closes it.
 */
export class RedisConnections {
  readonly #options: RedisConnectionsOptions;
  readonly #open = new Set<OpenRedisClient>();
  #sending: Promise<OpenRedisClient> | undefined;
  #working: Promise<OpenRedisClient> | undefined;

  constructor(options: RedisConnectionsOptions) {
    this.#options = options;
  }

  /** For calls that somebody waits for: gives up as the source's `maxRetriesPerRequest` says. */
  sending(): Promise<OpenRedisClient> {
    const { socketTimeout = answerMs } = this.#options.overrides as { readonly socketTimeout?: number };
    return (this.#sending ??= this.#openFirst({ socketTimeout }, () => {
      this.#sending = undefined;
    }));
  }

  /** For consumers: waits for as long as it takes. */
  working(): Promise<OpenRedisClient> {
    return (this.#working ??= this.#openFirst(patient, () => {
      this.#working = undefined;
    }));
  }

  /** For one blocking command at a time; to be released by whoever asked for it. */
  async blocking(): Promise<OpenRedisClient> {
    const client = await this.#create(patient);
    client.connect().catch(() => {});
    return client;
  }

  /** Ends a connection at once, whatever it waits for. */
  release(client: OpenRedisClient): void {
    this.#open.delete(client);
    client.disconnect();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((client) => sayGoodbye(client)));
    this.#open.clear();
  }

  async #openFirst(overrides: object, forget: () => void): Promise<OpenRedisClient> {
    let client: OpenRedisClient | undefined;
    try {
      client = await this.#create(overrides);
      await untilReady(client);
      return client;
    } catch (error) {
      forget();
      if (client) this.release(client);
      throw error;
    }
  }

  async #create(overrides: object): Promise<OpenRedisClient> {
    const { source, logger } = this.#options;
    const options = { ...resilient(source), ...this.#options.overrides, ...overrides };
    const client = await createClient(source, options);
    gatherWrites(client);
    this.#open.add(client);
    // ioredis prints errors nobody listens to.
    client.on('error', (error) => logger.warn('Redis connection failed', { error }));
    // A failover ends a connection once for each command that was refused, which Node would take for a leak and print.
    client.on('connect', () => void client.stream?.setMaxListeners(0));
    return client;
  }
}

interface Resilience {
  readonly retryStrategy: (times: number) => number;
  readonly reconnectOnError: unknown;
}

/** Keeps trying, whatever happens; a client's own way to give up would end its queue for good. */
function resilient(source: RedisSource): Resilience {
  return {
    retryStrategy: (times) => Math.min(times * 50, 2_000),
    reconnectOnError:
      (source.kind === 'client' && source.client.options.reconnectOnError) || reconnectToPrimary,
  };
}

/** A failover leaves connections to the old primary behind: 2 is to reconnect, and to send the command again. */
function reconnectToPrimary({ message }: Error): 2 | false {
  return message.startsWith('READONLY') ? 2 : false;
}

/** A consumer outlives every outage; and a blocking command takes as long as it takes. */
const patient = { maxRetriesPerRequest: null, enableOfflineQueue: true, commandTimeout: undefined };

/** BullMQ writes the prefix itself and refuses `keyPrefix`; connecting is explicit, to see how it ends. */
const own = { keyPrefix: '', lazyConnect: true, enableAutoPipelining: false };

/** Ends a connection that looks alive and is not; ioredis sends again on the next what had no answer. */
export function reconnect(client: OpenRedisClient): void {
  if (client.status === 'ready') client.disconnect(true);
}

/** A client that connects when it is told to. @param given - replaces options of the source */
export async function createClient(source: RedisSource, given: object): Promise<OpenRedisClient> {
  const options = { ...given, ...own };
  if (source.kind === 'client') {
    const { client } = source;
    const copy = client.isCluster
      ? client.duplicate([], { ...clusterOptions(options) })
      : client.duplicate(options);
    return copy as OpenRedisClient;
  }
  const Redis = await loadIoredis();
  return source.kind === 'url'
    ? new Redis(source.url, options)
    : new Redis({ ...source.options, ...options });
}

/** A cluster keeps the options of its nodes apart, and takes an own kind of retry strategy. */
function clusterOptions(options: object): object {
  const { retryStrategy, lazyConnect, keyPrefix, enableOfflineQueue, ...redisOptions } =
    options as Resilience & typeof own & { readonly enableOfflineQueue?: boolean };
  return {
    clusterRetryStrategy: retryStrategy,
    lazyConnect,
    keyPrefix,
    ...(enableOfflineQueue !== undefined && { enableOfflineQueue }),
    redisOptions: { ...redisOptions, keyPrefix },
  };
}

type RedisClass = new (...options: (object | string)[]) => OpenRedisClient;

async function loadIoredis(): Promise<RedisClass> {
  try {
    const { Redis } = await import('ioredis');
    return Redis as unknown as RedisClass;
  } catch (cause) {
    const message =
      'BullMQMessageQueue was given the address of a Redis, and the package "ioredis" cannot be loaded. ' +
      'Run "npm install ioredis", or pass an ioredis client.';
    throw new LoomError('LOOM_MISSING_DEPENDENCY', message, { package: 'ioredis' }, { cause });
  }
}

/** @throws LoomError `LOOM_STORE_FAILED` */
async function untilReady(client: OpenRedisClient): Promise<void> {
  let lastError: Error | undefined;
  let cancelTimer: (() => void) | undefined;
  await new Promise<void>((resolve, reject) => {
    cancelTimer = systemClock.setTimer(firstConnectMs, () => reject(unreachable(client, lastError)));
    client.on('error', (error) => {
      lastError = error;
      // Trying again does not make a password or a certificate right.
      if (isRefusedLogin(error)) reject(translateRedisError(error, 'be logged into'));
      const refused = refusedTls(error, placeOf(client));
      if (refused) reject(refused);
    });
    client.once('ready', resolve);
    // Its rejection is one failed attempt; the next ones follow by themselves.
    client.connect().catch((error: Error) => {
      lastError ??= error;
    });
  }).finally(() => cancelTimer?.());
}

function placeOf({ options: { host, port } }: OpenRedisClient): string {
  return host === undefined ? 'Redis' : `Redis at ${host}:${port}`;
}

function unreachable(client: OpenRedisClient, lastError: Error | undefined): LoomError {
  const { host, port } = client.options;
  const why = lastError ? ` (${lastError.message})` : '';
  const message =
    `${placeOf(client)} could not be reached within ${firstConnectMs} ms${why}. ` +
    'Check host, port, TLS and password, and that the server runs.';
  return new LoomError('LOOM_STORE_FAILED', message, { host, port }, { cause: lastError });
}

async function sayGoodbye(client: OpenRedisClient): Promise<void> {
  if (client.status !== 'ready') return client.disconnect();
  const cancelTimer = systemClock.setTimer(quitMs, () => client.disconnect());
  await client.quit().catch(() => undefined);
  cancelTimer();
  client.disconnect();
}
