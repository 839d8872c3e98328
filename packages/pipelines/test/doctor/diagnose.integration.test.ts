import { RedisBlobStore, claimCheckedQueue } from '@certoai/loom-storage/blobs';
import { BullMQMessageQueue } from '@certoai/loom-storage/bullmq';
import { afterEach, describe, expect, test } from 'vitest';
import { diagnose, Loom } from '../../src/index.js';
import { OwnRedis, noOwnRedis } from '../../../../scripts/redis/own-redis.js';
import { useAllOfRedis } from '../kit/all-of-redis.js';

const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

async function ownRedis(...args: readonly string[]): Promise<OwnRedis> {
  const redis = await new OwnRedis().start(...args);
  releases.push(() => redis.remove());
  return redis;
}

const definition = {
  stages: [
    { id: 'each', mode: 'scatter', scatter: { over: 'input.items' }, actor: 'double' },
    { id: 'sum', actor: 'add' },
  ],
};

async function runs(loom: Loom): Promise<void> {
  loom.registerActor('double', (n: number) => n * 2);
  loom.registerActor('add', (items: readonly number[]) => items.reduce((sum, n) => sum + n, 0));
  expect((await loom.executePipeline(definition, { items: [1, 2, 3] })).output).toBe(12);
}

describe.skipIf(noOwnRedis !== undefined)('on a Redis of its own', () => {
  test('diagnose says nothing against one that is as it should be, and nor does health', async () => {
    const redis = { host: '127.0.0.1', port: (await ownRedis()).port };
    const { findings } = await diagnose({ redis });
    const ofRedis = findings.filter(({ part }) => part === 'redis');
    expect(ofRedis.map(({ check, severity }) => `${severity} ${check}`)).toEqual([
      'ok connection',
      'ok version',
      'ok maxmemory-policy',
      'ok persistence',
      'ok role',
      'ok cluster',
      'ok clock',
      'ok latency',
      'ok commands',
    ]);
    await using loom = new Loom({ redis });
    await runs(loom);
    expect(await loom.health()).toMatchObject({ ready: true, degraded: false, reasons: [] });
  });

  test('health says what diagnose says of settings that lose work, and stays ready', async () => {
    const own = await ownRedis('--maxmemory-policy', 'allkeys-lru', '--maxmemory', '100mb');
    await own.command((client) => client.config('SET', 'appendonly', 'no'));
    const redis = { host: '127.0.0.1', port: own.port };
    const diagnosis = await diagnose({ redis });
    const wrong = diagnosis.findings.filter(({ part, severity }) => part === 'redis' && severity !== 'ok');
    expect(wrong.map(({ check, severity }) => `${severity} ${check}`)).toEqual([
      'error maxmemory-policy',
      'warning persistence',
    ]);
    expect(diagnosis.worst).toBe('error');

    await using loom = new Loom({ redis });
    await runs(loom);
    await expect.poll(async () => (await loom.health()).degraded, { timeout: 10_000 }).toBe(true);
    const { live, ready, reasons, checks } = await loom.health();
    expect({ live, ready }).toEqual({ live: true, ready: true });
    expect(checks['redis settings']).toMatchObject({ status: 'degraded', decides: 'nothing' });
    expect(reasons).toEqual([
      `redis settings: ${wrong.map(({ message, fix }) => `${message} ${fix}`).join(' ')}`,
    ]);
  });

  test('a user with the rights that diagnose advises is enough for all that Loom does', async () => {
    const own = await ownRedis();
    const user = { host: '127.0.0.1', port: own.port, username: 'loom', password: 'secret-word' };
    const set = (...rules: readonly string[]): Promise<unknown> =>
      own.command((client) => client.call('ACL', 'SETUSER', 'loom', 'reset', 'on', '>secret-word', ...rules));
    await set('~loom:*', '+@all', '-eval');
    const [advice] = (await diagnose({ redis: user })).findings.filter(({ check }) => check === 'commands');
    expect(advice?.severity).toBe('error');
    await set(...(advice?.fix?.split('ACL SETUSER <user> ')[1] ?? '').split(' '));
    const after = await diagnose({ redis: user });
    expect(after.findings.filter(({ part, severity }) => part === 'redis' && severity !== 'ok')).toEqual([]);
    await own.command((client) => client.call('ACL', 'LOG', 'RESET'));
    await using loom = new Loom({ redis: user });
    await using queue = claimCheckedQueue(new BullMQMessageQueue(user), new RedisBlobStore(user));
    await useAllOfRedis({
      queue,
      start: (...given) => loom.startPipeline(...given),
      outbox: () => loom.outbox(),
    });
    expect(await own.command((client) => client.call('ACL', 'LOG')), 'what was refused').toEqual([]);
    expect(JSON.stringify([advice, after])).not.toContain('secret-word');
  });
});
