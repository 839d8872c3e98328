import { ActorRegistry, silentLogger } from '@certoai/loom-core';
import { RedisBlobStore, claimCheckedExecutions, claimCheckedQueue } from '@certoai/loom-storage/blobs';
import { BullMQMessageQueue } from '@certoai/loom-storage/bullmq';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import { Cluster } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { OwnCluster } from '../../../../scripts/redis/own-cluster.js';
import { noOwnRedis } from '../../../../scripts/redis/own-redis.js';
import { PipelineOrchestrator } from '../../src/index.js';
import { useAllOfRedis } from '../kit/all-of-redis.js';

const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

describe.skipIf(noOwnRedis !== undefined)(`A cluster, unless there is ${noOwnRedis ?? 'none'}`, () => {
  test(
    'of three primaries carries pipelines, of which each keeps to one of them',
    { timeout: 60_000 },
    async () => {
      const servers = await OwnCluster.start();
      releases.push(() => servers.remove());
      const complaints: unknown[] = [];
      const logger = { ...silentLogger, warn: complain, error: complain };
      function complain(message: string, fields?: object): void {
        if (message !== 'Redis is not set up for queues') complaints.push([message, fields]);
      }

      async function open(prefix: string): Promise<void> {
        const client = new Cluster(servers.nodes.map(({ port }) => ({ host: '127.0.0.1', port })));
        releases.push(() => client.disconnect());
        const blobs = new RedisBlobStore(client, { keyPrefix: prefix, logger });
        const carrier = new BullMQMessageQueue(client, { prefix, logger });
        const queue = claimCheckedQueue(carrier, blobs, { logger });
        const executions = new RedisExecutionStore(client, { keyPrefix: prefix, logger });
        const store = claimCheckedExecutions(executions, blobs, { logger });
        const orchestrator = new PipelineOrchestrator(queue, new ActorRegistry(), store, undefined, {
          logger,
        });
        releases.push(
          () => blobs.close(),
          () => store.close(),
          () => queue.close(),
          () => orchestrator.close(),
        );
        await orchestrator.initialize();
        await useAllOfRedis({
          queue,
          start: (...given) => orchestrator.start(...given),
          outbox: () => orchestrator.outbox(),
        });
      }

      const prefixes = new Map<number, string>();
      for (let n = 0; prefixes.size < servers.nodes.length && n < 1_000; n += 1)
        prefixes.set(await servers.nodeOf(`{loom-${n}}`), `loom-${n}`);
      await Promise.all([...prefixes.values()].map(open));

      expect(complaints).toEqual([]);
      for (const [index, node] of servers.nodes.entries()) {
        const [keys, errors, commands] = await node.command((client) =>
          Promise.all([client.keys('*'), client.info('errorstats'), client.info('commandstats')]),
        );
        expect(keys.length).toBeGreaterThan(0);
        expect(keys.filter((key) => !key.startsWith(`{${prefixes.get(index)}}`))).toEqual([]);
        // Scripts are sent when a server does not know them; and ioredis says its name, which not every server takes.
        const kinds = [...errors.matchAll(/errorstat_([^:]+)/g)].map(([, kind]) => kind);
        expect(kinds.filter((kind) => kind !== 'NOSCRIPT' && kind !== 'ERR')).toEqual([]);
        const refused = [...commands.matchAll(/cmdstat_([^:]+):(?!.*rejected_calls=0,failed_calls=0)/g)];
        expect(
          refused.map(([, command]) => command).filter((name) => !/^(evalsha|client)/.test(name ?? '')),
        ).toEqual([]);
      }
    },
  );
});
