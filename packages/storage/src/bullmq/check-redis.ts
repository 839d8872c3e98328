import type { StoreFinding } from '../internal/store-finding.js';
import type { OpenRedisClient, RedisClient } from './redis-client.js';

/** A setting of a server that endangers messages, and what to do about it. */
export interface RedisFinding extends StoreFinding {
  readonly check: 'version' | 'maxmemory-policy' | 'persistence' | 'role';
  readonly severity: 'error' | 'warning';
  readonly fix: string;
}

/** What a server says of itself. */
export interface RedisServer {
  readonly info: ReadonlyMap<string, string>;
  /** `undefined` where it does not say: many hosted ones forbid CONFIG. */
  readonly snapshots: string | undefined;
}

/** BullMQ needs 5.0; blocking for fractions of a second, which delays need, came with 6.0. */
const oldestVersion = [6, 2] as const;

/**
 * Looks at version, eviction, persistence and role of a server; of every primary of a cluster.
 * @returns nothing when all is well
 */
export async function checkRedis(client: RedisClient): Promise<readonly RedisFinding[]> {
  const findings = (await readServers(client)).flatMap(wrongSettings);
  return [...new Map(findings.map((finding) => [finding.message, finding])).values()];
}

/** The server, or every primary of a cluster. */
export async function readServers(client: RedisClient): Promise<readonly RedisServer[]> {
  const open = client as OpenRedisClient;
  const servers = open.isCluster && open.nodes ? open.nodes('master') : [open];
  return Promise.all(
    servers.map(async (server) => ({
      info: parseInfo(await server.info()),
      snapshots: await snapshotSchedule(server),
    })),
  );
}

export function wrongSettings({ info, snapshots }: RedisServer): readonly RedisFinding[] {
  return [checkVersion(info), checkEviction(info), checkPersistence(info, snapshots), checkRole(info)].filter(
    (finding) => finding !== undefined,
  );
}

type Info = RedisServer['info'];

/** Lines of `name:value`; see https://redis.io/docs/latest/commands/info/. */
function parseInfo(text: string): Info {
  const lines = text.split(/\r?\n/).filter((line) => line.includes(':') && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

async function snapshotSchedule(client: OpenRedisClient): Promise<string | undefined> {
  try {
    return (await client.config('GET', 'save'))[1];
  } catch {
    return undefined;
  }
}

function checkVersion(info: Info): RedisFinding | undefined {
  // Valkey and Dragonfly say which version of Redis they are like.
  const version = info.get('redis_version');
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  const isOldEnough = major > oldestVersion[0] || (major === oldestVersion[0] && minor >= oldestVersion[1]);
  if (version === undefined || isOldEnough) return undefined;
  return {
    check: 'version',
    severity: 'error',
    message: `The server is Redis ${version}; ${oldestVersion.join('.')} is needed.`,
    fix: 'Update the server to Redis 7 or newer, or to Valkey.',
  };
}

function checkEviction(info: Info): RedisFinding | undefined {
  const policy = info.get('maxmemory_policy');
  if (policy === undefined || policy === 'noeviction') return undefined;
  const isLimited = Number(info.get('maxmemory') ?? 0) > 0;
  return {
    check: 'maxmemory-policy',
    severity: isLimited ? 'error' : 'warning',
    message: `maxmemory-policy is ${policy}: when memory runs out, the server deletes messages without a word.`,
    fix: 'Set it to noeviction (CONFIG SET maxmemory-policy noeviction, and in redis.conf), then sending is refused instead.',
  };
}

function checkPersistence(info: Info, snapshots: string | undefined): RedisFinding | undefined {
  if (info.get('aof_enabled') === '1') return undefined;
  const hasSnapshots = snapshots === undefined || snapshots !== '';
  return {
    check: 'persistence',
    severity: 'warning',
    message: hasSnapshots
      ? 'The append-only file is off: what was stored after the last snapshot is lost when the server ends.'
      : 'Neither the append-only file nor snapshots are on: everything is lost when the server ends.',
    fix: 'Switch the append-only file on (CONFIG SET appendonly yes, and in redis.conf); appendfsync everysec loses at most a second.',
  };
}

function checkRole(info: Info): RedisFinding | undefined {
  if (info.get('role') !== 'slave') return undefined;
  return {
    check: 'role',
    severity: 'error',
    message: 'The server is a replica, which does not take writes.',
    fix: 'Connect to the primary, or through Sentinel.',
  };
}
