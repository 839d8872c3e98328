import type { StoreFinding } from '../internal/store-finding.js';
import { readServers, wrongSettings } from './check-redis.js';
import type { RedisServer } from './check-redis.js';
import type { OpenRedisClient } from './redis-client.js';

/** What is said of a setting that is as it should be. */
const well: Readonly<Record<string, (info: RedisServer['info']) => string>> = {
  version: (info) =>
    info.has('redis_version')
      ? `The server is Redis ${info.get('redis_version')}.`
      : 'The server does not say its version.',
  'maxmemory-policy': (info) =>
    info.has('maxmemory_policy')
      ? 'maxmemory-policy is noeviction.'
      : 'The server does not say its maxmemory-policy.',
  persistence: () => 'The append-only file is on.',
  role: () => 'The server is a primary.',
};

/** What `checkRedis` looks at with what is well, and whether client and server agree on being a cluster. */
export async function redisSettings(client: OpenRedisClient): Promise<readonly StoreFinding[]> {
  const servers = await readServers(client);
  const findings = servers.flatMap((server): readonly StoreFinding[] => {
    const wrong = wrongSettings(server);
    const settings = Object.entries(well).map(
      ([check, say]): StoreFinding =>
        wrong.find((finding) => finding.check === check) ?? {
          check,
          severity: 'ok',
          message: say(server.info),
        },
    );
    return [...settings, checkCluster(server, client.isCluster)];
  });
  return [...new Map(findings.map((finding) => [finding.message, finding])).values()];
}

function checkCluster({ info }: RedisServer, throughCluster: boolean): StoreFinding {
  const check = 'cluster';
  if (info.get('cluster_enabled') !== '1')
    return { check, severity: 'ok', message: 'The server is no part of a cluster.' };
  if (throughCluster)
    return {
      check,
      severity: 'ok',
      message: 'The server is part of a cluster, and the client is one for it.',
    };
  return {
    check,
    severity: 'error',
    message:
      'The server is part of a cluster, and the client is one for a single server: most commands are refused.',
    fix: 'Connect to a server that is no part of a cluster, or pass an ioredis Cluster client to the adapters.',
  };
}
