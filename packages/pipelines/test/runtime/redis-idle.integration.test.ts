// What a process that has nothing to do costs the server, measured for a third of a minute.
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { noOwnRedis, OwnRedis } from '../../../../scripts/redis/own-redis.js';
import { TcpProxy } from '../../../../scripts/redis/tcp-proxy.js';
import { Loom } from '../../src/index.js';
import { ChildProgram } from '../kit/child-program.js';
import { RequestCounter } from '../kit/request-counter.js';

if (noOwnRedis) console.warn(`redis-idle.integration.test.ts is skipped: ${noOwnRedis}`);

const seconds = 20;
const aMinute = 60;

interface Idler {
  readonly name: string;
  open(url: string): Promise<AsyncDisposable>;
}

const idlers: readonly Idler[] = [
  {
    name: 'an orchestrator with three actor types',
    async open(url) {
      const loom = new Loom({ redis: { url } });
      for (const type of ['a', 'b', 'c']) loom.registerActor(type, () => null);
      // It has been busy before.
      await loom.executePipeline({ stages: [{ id: 's', actor: 'a' }] });
      return loom;
    },
  },
  {
    name: 'a worker with three actor types',
    open: (url) => ChildProgram.start('idle-worker.ts', url),
  },
];

describe.skipIf(noOwnRedis !== undefined)('An idle process asks less than sixty times a minute', () => {
  test.concurrent.each(idlers)('$name', { timeout: 60_000 }, async ({ name, open }) => {
    const redis = await new OwnRedis().start();
    const proxy = await TcpProxy.to(redis.url);
    const counter = new RequestCounter(proxy);
    try {
      await using _ = await open(proxy.url);
      // What is done once, at the beginning, is no cost of being idle.
      await wait(2_000);
      expect(counter.total, 'requests to begin with').toBeGreaterThan(5);
      counter.counts.clear();
      const before = await callsOf(redis);
      await wait(seconds * 1_000);
      const asked = counter.total;
      const { calls, own } = await callsOf(redis);
      const inMinute = (count: number): string => ((count * aMinute) / seconds).toFixed(0);
      console.log(
        `${name}, a minute: ${inMinute(asked)} requests (in ${seconds} s ${JSON.stringify([...counter.counts])}), ${inMinute(calls - before.calls - (own - before.own))} commands at the server with those of scripts`,
      );
      expect(asked).toBeGreaterThan(0);
      expect((asked * aMinute) / seconds).toBeLessThan(60);
    } finally {
      proxy.close();
      await redis.remove();
    }
  });
});

/** Commands that the server has done, those inside scripts as well; and those that only a test sends. */
async function callsOf(redis: OwnRedis): Promise<{ readonly calls: number; readonly own: number }> {
  const stats = await redis.command((client) => client.info('commandstats'));
  let [calls, own] = [0, 0];
  for (const [, name = '', count] of stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)) {
    calls += Number(count);
    if (/^(info|client|config|hello)/.test(name)) own += Number(count);
  }
  return { calls, own };
}
