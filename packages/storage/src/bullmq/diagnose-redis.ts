import { isLoomError, systemClock } from '@certoai/loom-core';
import type { Clock } from '@certoai/loom-core';
import { findingOf } from '../internal/store-finding.js';
import type { StoreFinding } from '../internal/store-finding.js';
import { resolveBullMQOptions } from './bullmq-message-queue-options.js';
import type { OpenRedisClient, RedisClient, RedisConnectionOptions } from './redis-client.js';
import { createClient } from './redis-connections.js';
import { isRefusedLogin, isReply, said } from './redis-error.js';
import { checkRights } from './redis-rights.js';
import { redisSettings } from './redis-settings.js';
import { compareClocks, measureLatency } from './redis-timing.js';

export interface DiagnoseRedisOptions {
  /** First part of every key, as the adapters take it. @default the source's `keyPrefix`, else `loom` */
  readonly prefix?: string | undefined;
  /** What the server's clock is compared with. @default the system's */
  readonly clock?: Clock | undefined;
  /** Aborted, everything is closed at once. */
  readonly signal?: AbortSignal | undefined;
}

/** It fails at once where the adapters would try again, and says how. */
const impatient = {
  retryStrategy: () => null,
  maxRetriesPerRequest: 0,
  enableReadyCheck: false,
  enableOfflineQueue: false,
};

/**
 * Looks at a server of Redis as the adapters would use it, on a connection of its own: whether it answers, its
 * settings, its clock, how far it is, and whether it allows what they do. Writes nothing.
 * @throws LoomError `LOOM_INVALID_OPTION`
 */
export async function* diagnoseRedis(
  redis: RedisClient | RedisConnectionOptions | object | string,
  { prefix: given, clock = systemClock, signal }: DiagnoseRedisOptions = {},
): AsyncGenerator<StoreFinding, void, undefined> {
  const { source, prefix } = resolveBullMQOptions(redis, { prefix: given });
  signal?.throwIfAborted();
  let client: OpenRedisClient;
  try {
    client = await createClient(source, impatient);
  } catch (error) {
    if (!isLoomError(error)) throw error;
    yield findingOf('driver', error.message);
    return;
  }
  const stop = (): void => client.disconnect();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const connection = await connect(client);
    if (signal?.aborted === true) return;
    yield connection;
    if (connection.severity !== 'ok') return;
    yield* settings(client);
    yield* unlessForbidden(compareClocks(client, clock));
    yield* unlessForbidden(measureLatency(client));
    yield await checkRights(client, prefix);
  } catch (error) {
    // Commands of a connection that was closed on purpose fail, too.
    if (signal?.aborted !== true) yield broken(error);
  } finally {
    signal?.removeEventListener('abort', stop);
    stop();
  }
}

async function connect(client: OpenRedisClient): Promise<StoreFinding> {
  const { host, port } = client.options;
  const where = host === undefined ? 'Redis' : `Redis at ${host}:${port}`;
  // The rejection of connect() may say no more than that the connection is closed.
  let firstError: Error | undefined;
  client.on('error', (error) => (firstError ??= error));
  const startedAt = performance.now();
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    const reason = firstError ?? error;
    // Not even PING is allowed.
    if (isForbidden(reason)) return { check: 'connection', severity: 'ok', message: `${where} answers.` };
    const fix = isRefusedLogin(reason)
      ? 'Check the username, the password and the rights of the ACL user.'
      : 'Check host, port and TLS, and that the server runs.';
    return {
      check: 'connection',
      severity: 'error',
      message: `${where} could not be used: ${said(reason)}.`,
      fix,
    };
  }
  const connectMs = Math.round(performance.now() - startedAt);
  return { check: 'connection', severity: 'ok', message: `${where} answers.`, measured: { connectMs } };
}

async function* settings(client: OpenRedisClient): AsyncGenerator<StoreFinding, void, undefined> {
  try {
    yield* await redisSettings(client);
  } catch (error) {
    if (!isForbidden(error)) throw error;
    yield {
      check: 'settings',
      severity: 'warning',
      message: `The settings of the server cannot be seen: ${said(error)}.`,
      fix: 'Allow the ACL user INFO and CONFIG GET, or make sure of maxmemory-policy noeviction and appendonly yes by other means.',
    };
  }
}

/** {@link checkRights} names what is forbidden. */
async function* unlessForbidden(
  finding: Promise<StoreFinding>,
): AsyncGenerator<StoreFinding, void, undefined> {
  try {
    yield await finding;
  } catch (error) {
    if (!isForbidden(error)) throw error;
  }
}

function broken(error: unknown): StoreFinding {
  return {
    check: 'connection',
    severity: 'error',
    message: `Redis answered, and then no more: ${said(error)}.`,
    fix: 'Check the log of the server, and that nothing on the way closes connections.',
  };
}

/** Signed in, and then not allowed something. */
function isForbidden(error: unknown): boolean {
  return isReply(error) && error.message.startsWith('NOPERM');
}
