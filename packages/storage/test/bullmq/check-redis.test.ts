import { describe, expect, test } from 'vitest';
import { checkRedis } from '../../src/bullmq/check-redis.js';
import type { RedisClient } from '../../src/bullmq/redis-client.js';

interface Server {
  readonly info?: Readonly<Record<string, string>>;
  /** `undefined`: the server forbids CONFIG. */
  readonly save?: string | undefined;
}

const good = {
  redis_version: '7.2.4',
  maxmemory: '0',
  maxmemory_policy: 'noeviction',
  aof_enabled: '1',
  role: 'master',
};

function server({ info = {}, save }: Server): RedisClient {
  const lines = Object.entries({ ...good, ...info }).map(([name, value]) => `${name}:${value}`);
  return {
    status: 'ready',
    isCluster: false,
    info: async () => ['# Server', ...lines, ''].join('\r\n'),
    config: async () => {
      if (save === undefined) throw new Error('ERR unknown command CONFIG');
      return ['save', save];
    },
  } as unknown as RedisClient;
}

describe('checkRedis', () => {
  test('finds nothing on a server that is set up for queues', async () => {
    expect(await checkRedis(server({}))).toEqual([]);
    expect(await checkRedis(server({ info: { redis_version: '6.2.0' }, save: '' }))).toEqual([]);
  });

  test.each([
    ['version', 'error', { info: { redis_version: '5.0.14' } }],
    ['version', 'error', { info: { redis_version: '6.0.20' } }],
    ['maxmemory-policy', 'error', { info: { maxmemory_policy: 'allkeys-lru', maxmemory: '1048576' } }],
    ['maxmemory-policy', 'warning', { info: { maxmemory_policy: 'volatile-ttl' } }],
    ['persistence', 'warning', { info: { aof_enabled: '0' } }],
    ['persistence', 'warning', { info: { aof_enabled: '0' }, save: '3600 1' }],
    ['persistence', 'warning', { info: { aof_enabled: '0' }, save: '' }],
    ['role', 'error', { info: { role: 'slave' } }],
  ] as const)('finds %s (%s) in %j, and says what to do', async (check, severity, described) => {
    const findings = await checkRedis(server(described));
    expect(findings).toMatchObject([{ check, severity }]);
    expect(findings[0]?.message).toMatch(/\.$|:/);
    expect(findings[0]?.fix.length).toBeGreaterThan(20);
  });

  test('tells a server without any persistence from one with snapshots', async () => {
    const [none] = await checkRedis(server({ info: { aof_enabled: '0' }, save: '' }));
    const [snapshots] = await checkRedis(server({ info: { aof_enabled: '0' }, save: '60 1000' }));
    expect(none?.message).toMatch(/everything is lost/);
    expect(snapshots?.message).toMatch(/last snapshot/);
  });

  test('looks at every primary of a cluster, and says each thing once', async () => {
    const replica = server({ info: { maxmemory_policy: 'allkeys-lru' } });
    const cluster = {
      status: 'ready',
      isCluster: true,
      nodes: () => [server({}), replica, replica],
    } as unknown as RedisClient;
    expect((await checkRedis(cluster)).map(({ check }) => check)).toEqual(['maxmemory-policy']);
  });
});
