import { systemClock } from '@certoai/loom-core';
import type { StoreFinding } from '@certoai/loom-storage/bullmq';
import { Cluster } from 'ioredis';
import net from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { diagnoseRedis } from '../../src/bullmq/diagnose-redis.js';
import type { DiagnoseRedisOptions } from '../../src/bullmq/diagnose-redis.js';
import { OwnRedis, noOwnRedis } from '../../../../scripts/redis/own-redis.js';
import { TcpProxy } from '../../../../scripts/redis/tcp-proxy.js';
import { startFakeRedis } from './fake-redis.js';

const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

async function all(redis: object | string, options?: DiagnoseRedisOptions): Promise<StoreFinding[]> {
  const found: StoreFinding[] = [];
  for await (const finding of diagnoseRedis(redis, options)) found.push(finding);
  for (const { severity, fix } of found) expect(fix !== undefined && fix !== '').toBe(severity !== 'ok');
  return found;
}

/** One line a finding, with what differs from run to run taken out. */
function lines(found: readonly StoreFinding[]): readonly string[] {
  return found.map(({ check, severity, message, fix }) =>
    [severity, check, message, ...(fix === undefined ? [] : ['→', fix])]
      .join(' ')
      .replaceAll(/127\.0\.0\.1:\d+/g, '<address>')
      .replaceAll(/write EPIPE|read ECONNRESET|Connection is closed/g, '<closed>')
      .replaceAll(/[\d.]+ ms/g, '<n> ms')
      .replaceAll(/Redis 7[\d.]+\./g, 'Redis 7.x.'),
  );
}

async function ownRedis(...args: readonly string[]): Promise<OwnRedis> {
  const redis = await new OwnRedis().start(...args);
  releases.push(() => redis.remove());
  return redis;
}

describe.skipIf(noOwnRedis !== undefined)('diagnoseRedis', () => {
  test('lists what it saw of a server that is as it should be, and writes nothing', async () => {
    const redis = await ownRedis();
    const found = await all(redis.url);
    expect(lines(found)).toMatchInlineSnapshot(`
      [
        "ok connection Redis at <address> answers.",
        "ok version The server is Redis 7.x.",
        "ok maxmemory-policy maxmemory-policy is noeviction.",
        "ok persistence The append-only file is on.",
        "ok role The server is a primary.",
        "ok cluster The server is no part of a cluster.",
        "ok clock The clocks agree within a second.",
        "ok latency A round trip takes <n> ms, the median of 9.",
        "ok commands Every command that Loom needs is allowed.",
      ]
    `);
    expect(found.find(({ check }) => check === 'latency')?.measured?.['medianMs']).toBeGreaterThan(0);
    await redis.command(async (client) => {
      expect(await client.dbsize()).toBe(0);
      // Its own connection, and no other.
      expect(await client.client('LIST')).toMatch(/^[^\n]+\n$/);
    });
  });

  test('tells settings that lose messages', async () => {
    const redis = await ownRedis();
    await redis.command(async (client) => {
      await client.config('SET', 'appendonly', 'no');
      await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    });
    expect(lines((await all(redis.url)).filter(({ severity }) => severity !== 'ok'))).toMatchInlineSnapshot(`
      [
        "warning maxmemory-policy maxmemory-policy is allkeys-lru: when memory runs out, the server deletes messages without a word. → Set it to noeviction (CONFIG SET maxmemory-policy noeviction, and in redis.conf), then sending is refused instead.",
        "warning persistence Neither the append-only file nor snapshots are on: everything is lost when the server ends. → Switch the append-only file on (CONFIG SET appendonly yes, and in redis.conf); appendfsync everysec loses at most a second.",
      ]
    `);
    await redis.command(async (client) => {
      await client.config('SET', 'maxmemory', '100mb');
      await client.config('SET', 'save', '3600 1');
    });
    expect(lines((await all(redis.url)).filter(({ severity }) => severity !== 'ok'))).toMatchInlineSnapshot(`
      [
        "error maxmemory-policy maxmemory-policy is allkeys-lru: when memory runs out, the server deletes messages without a word. → Set it to noeviction (CONFIG SET maxmemory-policy noeviction, and in redis.conf), then sending is refused instead.",
        "warning persistence The append-only file is off: what was stored after the last snapshot is lost when the server ends. → Switch the append-only file on (CONFIG SET appendonly yes, and in redis.conf); appendfsync everysec loses at most a second.",
      ]
    `);
  });

  test('tells a server that is too old', async () => {
    const info = ['redis_version:5.0.14', 'role:master', 'maxmemory_policy:noeviction', 'aof_enabled:1'].join(
      '\r\n',
    );
    const now = Math.floor(Date.now() / 1_000);
    const fake = await startFakeRedis({
      INFO: `$${info.length}\r\n${info}\r\n`,
      PING: '+PONG\r\n',
      TIME: `*2\r\n$${String(now).length}\r\n${now}\r\n$6\r\n500000\r\n`,
      EVAL: '$-1\r\n',
    });
    releases.push(fake.close);
    expect(lines(await all(fake.url))).toMatchInlineSnapshot(`
      [
        "ok connection Redis at <address> answers.",
        "error version The server is Redis 5.0.14; 6.2 is needed. → Update the server to Redis 7 or newer, or to Valkey.",
        "ok maxmemory-policy maxmemory-policy is noeviction.",
        "ok persistence The append-only file is on.",
        "ok role The server is a primary.",
        "ok cluster The server is no part of a cluster.",
        "ok clock The clocks agree within a second.",
        "ok latency A round trip takes <n> ms, the median of 9.",
        "ok commands Scripts run; which commands are allowed the server does not tell.",
      ]
    `);
  });

  test('tells what an ACL user may not do', async () => {
    const redis = await ownRedis();
    const as = (username: string): object => ({
      host: '127.0.0.1',
      port: redis.port,
      username,
      password: 'secret-word',
    });
    await redis.command(async (client) => {
      const on = ['on', '>secret-word'];
      await client.call('ACL', 'SETUSER', 'scriptless', ...on, '~*', '&*', '+@all', '-eval', '-evalsha');
      await client.call('ACL', 'SETUSER', 'elsewhere', ...on, '~loom:*', '&other', '+@all', '-bzpopmin');
      await client.call('ACL', 'SETUSER', 'blind', ...on, '~*', '&*', '+@all', '-info', '-ping', '-time');
      // What the advice says.
      const enough = ['~loom:*', '~{loom}.*', '&{loom}.*', '+@all', '-@dangerous', '+info', '+config|get'];
      await client.call('ACL', 'SETUSER', 'enough', ...on, ...enough);
    });
    for (const user of ['scriptless', 'elsewhere', 'blind', 'enough', 'nobody']) {
      const found = (await all(as(user))).filter(({ severity }) => severity !== 'ok');
      expect(lines(found)).toMatchSnapshot(user);
      expect(JSON.stringify(found)).not.toContain('secret-word');
    }
  });

  test('tells a replica, and a cluster that is talked to as to one server', async () => {
    const primary = await ownRedis();
    const replica = await ownRedis('--replicaof', '127.0.0.1', String(primary.port));
    expect(lines(await all(replica.url))).toContainEqual(expect.stringMatching(/^error role /));

    const node = await new OwnRedis().startCluster();
    releases.push(() => node.remove());
    expect(lines((await all(node.url)).filter(({ severity }) => severity !== 'ok'))).toMatchInlineSnapshot(`
      [
        "error cluster The server is part of a cluster, and the client is one for a single server: most commands are refused. → Connect to a server that is no part of a cluster, or pass an ioredis Cluster client to the adapters.",
      ]
    `);
    const cluster = new Cluster([{ host: '127.0.0.1', port: node.port }]);
    releases.push(() => cluster.disconnect());
    expect((await all(cluster)).filter(({ severity }) => severity !== 'ok')).toEqual([]);
    expect(cluster.status).toBe('ready');
  });

  test('tells a clock that is off, and by how much', async () => {
    const redis = await ownRedis();
    const clock = { ...systemClock, now: () => Date.now() - 90_000 };
    const [ahead] = (await all(redis.url, { clock })).filter(({ check }) => check === 'clock');
    expect(lines([ahead as StoreFinding])).toMatchInlineSnapshot(`
      [
        "warning clock The clock of the server is <n> ms ahead of the clock of this machine: delays and timeouts are off by as much. → Let both machines keep their clocks by NTP.",
      ]
    `);
    expect(ahead?.measured?.['skewMs']).toBeGreaterThan(80_000);
    const behind = await all(redis.url, { clock: { ...systemClock, now: () => Date.now() + 90_000 } });
    expect(lines(behind)).toContainEqual(expect.stringContaining('ms behind the clock of this machine'));
  });

  test('tells a server that is far away, and a connection that breaks', async () => {
    const redis = await ownRedis();
    const proxy = await TcpProxy.to(redis.url);
    releases.push(() => proxy.close());
    proxy.latencyMs = 60;
    const slow = (await all(proxy.url)).filter(({ check }) => check === 'latency');
    expect(lines(slow)).toMatchInlineSnapshot(`
      [
        "warning latency A round trip takes <n> ms, the median of 9. Each step of an execution waits for one or two. → Run Loom in the same region and network as its Redis.",
      ]
    `);

    const seen: StoreFinding[] = [];
    for await (const finding of diagnoseRedis(proxy.url)) {
      seen.push(finding);
      proxy.cut();
    }
    expect(lines(seen)).toMatchInlineSnapshot(`
      [
        "ok connection Redis at <address> answers.",
        "error connection Redis answered, and then no more: <closed>. → Check the log of the server, and that nothing on the way closes connections.",
      ]
    `);
    expect(lines(await all(proxy.url))).toMatchInlineSnapshot(`
      [
        "error connection Redis at <address> could not be used: <closed>. → Check host, port and TLS, and that the server runs.",
      ]
    `);
  });
});

test('tells a server that cannot be reached', async () => {
  // A port that nobody listens at any more.
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  expect(lines(await all({ host: '127.0.0.1', port }))).toMatchInlineSnapshot(`
    [
      "error connection Redis at <address> could not be used: connect ECONNREFUSED <address>. → Check host, port and TLS, and that the server runs.",
    ]
  `);
  expect(lines(await all({ host: 'no-such-host.invalid', port: 6379 }))).toMatchInlineSnapshot(`
    [
      "error connection Redis at no-such-host.invalid:6379 could not be used: getaddrinfo ENOTFOUND no-such-host.invalid. → Check host, port and TLS, and that the server runs.",
    ]
  `);
});

test('closes its connection at once when it is aborted, and says nothing more', async () => {
  let ended: Promise<unknown> | undefined;
  // Takes connections and says nothing.
  const server = net.createServer((socket) => {
    socket.on('error', () => {}).resume();
    ended = new Promise((resolve) => socket.once('close', resolve));
    abort.abort();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  releases.push(() => server.close());
  const abort = new AbortController();
  const { port } = server.address() as net.AddressInfo;
  expect(await all({ host: '127.0.0.1', port }, { signal: abort.signal })).toEqual([]);
  await ended;
  await expect(all({ host: '127.0.0.1', port }, { signal: abort.signal })).rejects.toThrow(/aborted/);
});
