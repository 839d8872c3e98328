// What users see while Redis is in trouble, and that nothing is lost by it. Every case has a Redis of its own.
// LOOM_REDIS_AWAY_SECONDS makes the longest absence longer.
import { setTimeout as wait } from 'node:timers/promises';
import { actorQueueName } from '@certoai/loom-core';
import { BullMQMessageQueue } from '@certoai/loom-storage/bullmq';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import { describe, expect, test, vi } from 'vitest';
import { noOwnRedis, OwnRedis } from '../../../../scripts/redis/own-redis.js';
import { Loom } from '../../src/index.js';
import { effectsOf, expected, leaseMs, RedisStand } from '../kit/redis-stand.js';

if (noOwnRedis) console.warn(`redis-disturbances.integration.test.ts is skipped: ${noOwnRedis}`);

/** Longer than every lease and timeout that is configured here. */
const awayMs = Number(process.env['LOOM_REDIS_AWAY_SECONDS'] ?? 8) * 1_000;
const briefMs = 5 * leaseMs;
const patience = { timeout: 60_000, interval: 100 };

interface Harm {
  begin(): Promise<unknown> | void;
  end(): Promise<unknown> | void;
}

interface Disturbance {
  readonly name: string;
  readonly forMs: number;
  /** What `health()` says meanwhile; absent: everything goes on, if slowly. */
  readonly says?: RegExp;
  /** Kind of reason that `why` gives then. @default store-unavailable */
  readonly why?: RegExp;
  /** What is asked meanwhile may be done afterwards, though nobody hears of it. */
  readonly isDelivered?: boolean;
  plan(stand: RedisStand): Harm | Promise<Harm>;
}

const isNotThere = /^store: (The store has not answered|Redis could not)/;

const disturbances: readonly Disturbance[] = [
  {
    name: 'is away',
    forMs: awayMs,
    says: isNotThere,
    plan: ({ proxy }) => ({ begin: () => proxy.cut(), end: () => proxy.restore() }),
  },
  {
    name: 'dies, and starts again with its data',
    forMs: briefMs,
    says: isNotThere,
    plan: ({ redis }) => ({
      begin() {
        redis.kill();
        return redis.stop();
      },
      end: () => redis.start(),
    }),
  },
  {
    name: 'hangs with open connections',
    forMs: briefMs + 2_000,
    says: isNotThere,
    isDelivered: true,
    plan: ({ redis }) => ({ begin: () => redis.freeze(), end: () => redis.thaw() }),
  },
  {
    name: 'is slow',
    forMs: briefMs,
    plan({ proxy }) {
      const delay = (ms: number): void => {
        proxy.latencyMs = ms;
        proxy.requestLatencyMs = ms;
      };
      return { begin: () => delay(200), end: () => delay(0) };
    },
  },
  {
    name: 'fails over to a replica',
    forMs: briefMs,
    says: /^store: (The store has not answered|Redis could not .*READONLY)/,
    async plan(stand) {
      const { redis, proxy } = stand;
      const replica = await stand.another();
      await redis.command((client) => client.config('SET', 'repl-diskless-sync-delay', '0'));
      await replica.command((client) => client.call('REPLICAOF', '127.0.0.1', String(redis.port)));
      await says(replica, 'master_link_status:up');
      return {
        async begin() {
          await redis.command((client) => client.call('FAILOVER', 'TO', '127.0.0.1', String(replica.port)));
          await says(redis, 'role:slave');
        },
        // Nobody ends the connections to the old primary.
        end: () => proxy.lead(replica.url),
      };
    },
  },
  {
    name: 'has no memory left',
    forMs: briefMs,
    why: /^(store|queue)-unavailable$/,
    says: /^(store|queue): Redis has no memory left|^queue: Redis/m,
    plan({ redis }) {
      const limit = (maxmemory: string): Promise<unknown> =>
        redis.command((client) => client.config('SET', 'maxmemory', maxmemory));
      return { begin: () => limit('1mb'), end: () => limit('0') };
    },
  },
];

function says(redis: OwnRedis, what: string): Promise<void> {
  const look = async (): Promise<void> =>
    expect(await redis.command((client) => client.info('replication'))).toContain(what);
  return vi.waitFor(look, patience);
}

describe.skipIf(noOwnRedis !== undefined)('Loom, when Redis', () => {
  test.concurrent.each(disturbances)('$name', { timeout: awayMs + 120_000 }, async (disturbance) => {
    await using stand = await RedisStand.open();
    const { loom } = stand;
    const harm = await disturbance.plan(stand);
    const handles = [await stand.start(), await stand.start()];
    await vi.waitFor(() => expect(stand.effects().length).toBeGreaterThan(20), patience);

    const began = performance.now();
    await harm.begin();
    const starting = Promise.allSettled([stand.start({ idempotencyKey: 'meanwhile' })]);
    const isTold = async (): Promise<void> => {
      const { degraded, ready, reasons } = await loom.health();
      expect({ degraded, ready }).toEqual({ degraded: true, ready: false });
      expect(reasons.join('\n')).toMatch(disturbance.says ?? '');
      const why = await loom.executions.why(handles[0]?.id ?? '');
      expect(why.map(({ kind }) => kind)).toContainEqual(
        expect.stringMatching(disturbance.why ?? /^store-unavailable$/),
      );
    };
    if (disturbance.says !== undefined) await vi.waitFor(isTold, patience);
    await wait(disturbance.forMs - (performance.now() - began));
    if (disturbance.says !== undefined) await isTold();
    const { reasons } = await loom.health();
    await harm.end();

    const [meanwhile] = await starting;
    const stored = async (): Promise<readonly string[]> =>
      (await loom.executions.list()).items.map(({ id }) => id).sort();
    if (meanwhile?.status === 'fulfilled') handles.push(meanwhile.value);
    else {
      expect(['LOOM_STORE_FAILED', 'LOOM_STORE_FULL']).toContain(meanwhile?.reason?.code);
      const ids = handles.map(({ id }) => id).sort();
      if (disturbance.isDelivered !== true) expect(await stored()).toEqual(ids);
      // Whoever hears that it failed starts it again, by the same key.
      handles.push(await stand.start({ idempotencyKey: 'meanwhile' }));
    }
    for (const handle of handles) expect((await handle.result()).output).toBe(expected);
    expect(await stored()).toEqual(handles.map(({ id }) => id).sort());

    const effects = stand.effects();
    expect([...new Set(effects)].sort()).toEqual(handles.flatMap(({ id }) => effectsOf(id)).sort());
    await vi.waitFor(
      async () => expect(await loom.health()).toMatchObject({ ready: true, degraded: false, reasons: [] }),
      patience,
    );
    for (const { id } of handles) expect(await loom.executions.why(id)).toEqual([]);
    await using queue = new BullMQMessageQueue(stand.proxy.url);
    const left = async (): Promise<void> => {
      const stats = await queue.stats(actorQueueName('measure'));
      expect(stats).toMatchObject({ ready: 0, delayed: 0, active: 0, dead: 0 });
    };
    await vi.waitFor(left, patience);
    console.log(
      `Redis ${disturbance.name}: ${handles.length} executions, ${effects.length} effects, ${effects.length - new Set(effects).size} of them again; start meanwhile ${meanwhile?.status}; health said ${JSON.stringify(reasons)}`,
    );
  });

  test.concurrent('is not there yet, opens when it is', { timeout: 60_000 }, async () => {
    const redis = await new OwnRedis().start();
    const { url } = redis;
    await redis.stop();
    try {
      await using loom = new Loom({ redis: { url } });
      loom.registerActor('double', (n: number) => 2 * n);
      const early = await loom.health();
      expect(early).toMatchObject({ live: true, ready: false });
      expect(early.reasons).toEqual(['opening: no answer within 2000 ms']);
      await redis.start();
      await vi.waitFor(
        async () => expect(await loom.health()).toMatchObject({ ready: true, degraded: false }),
        patience,
      );
      expect((await loom.executePipeline({ stages: [{ id: 's', actor: 'double' }] }, 4)).output).toBe(8);
    } finally {
      await redis.remove();
    }
  });

  test.concurrent(
    'forgets everything, says so of what it had, and takes what is new',
    { timeout: 60_000 },
    async () => {
      await using stand = await RedisStand.open();
      const before = await stand.start();
      await vi.waitFor(() => expect(stand.effects().length).toBeGreaterThan(20), patience);
      await stand.redis.command((client) => client.flushall());
      await expect(before.result()).rejects.toMatchObject({ code: 'LOOM_NOT_FOUND' });
      await expect(stand.loom.executions.why(before.id)).rejects.toMatchObject({ code: 'LOOM_NOT_FOUND' });
      expect((await (await stand.start()).result()).output).toBe(expected);
      expect(await stand.loom.health()).toMatchObject({ ready: true, degraded: false });
    },
  );

  test('refuses many calls at once, prints nothing', { timeout: 60_000 }, async () => {
    const redis = await new OwnRedis().start();
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    try {
      await using queue = new BullMQMessageQueue(redis.url);
      await using store = new RedisExecutionStore(redis.url);
      await queue.send('many', [{ body: 0 }]);
      await store.list({});
      await redis.command((client) => client.call('REPLICAOF', '127.0.0.1', '1'));
      const calls = Array.from({ length: 30 }, (_, n) => [
        queue.send('many', [{ body: n }]),
        store.claim({ holder: `holder ${n}`, now: 0, leaseMs: 1, limit: 0 }),
      ]).flat();
      // Each has been refused before the failover ends.
      await wait(500);
      await redis.command((client) => client.call('REPLICAOF', 'NO', 'ONE'));
      await Promise.all(calls as readonly Promise<unknown>[]);
      expect((await queue.stats('many')).ready).toBe(31);
      expect(warnings.map(({ message }) => message)).toEqual([]);
    } finally {
      process.off('warning', onWarning);
      await redis.remove();
    }
  });
});
