import { setTimeout as wait } from 'node:timers/promises';
import { OwnRedis } from './own-redis.js';

const slots = 16_384;
const patienceMs = 15_000;

/** A cluster of three primaries for one test, which share the slots in equal parts. */
export class OwnCluster {
  readonly nodes: readonly OwnRedis[];

  private constructor(nodes: readonly OwnRedis[]) {
    this.nodes = nodes;
  }

  static async start(): Promise<OwnCluster> {
    const settings = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'];
    const nodes = await Promise.all([0, 1, 2].map(() => new OwnRedis().start(...settings)));
    const cluster = new OwnCluster(nodes);
    try {
      await cluster.#form();
      return cluster;
    } catch (error) {
      await cluster.remove();
      throw error;
    }
  }

  /** Which of {@link nodes} has a key, by what is in its braces. */
  async nodeOf(key: string): Promise<number> {
    const [first] = this.nodes;
    const slot = Number(await first?.command((client) => client.call('CLUSTER', 'KEYSLOT', key)));
    return Math.floor((slot * this.nodes.length) / slots);
  }

  async remove(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.remove()));
  }

  async #form(): Promise<void> {
    const [first] = this.nodes;
    const count = this.nodes.length;
    for (const [index, node] of this.nodes.entries()) {
      const from = Math.ceil((index * slots) / count);
      const to = Math.ceil(((index + 1) * slots) / count);
      const own = Array.from({ length: to - from }, (_, slot) => String(from + slot));
      await node.command(async (client) => {
        await client.call('CLUSTER', 'ADDSLOTS', ...own);
        await client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
        if (node !== first) await client.call('CLUSTER', 'MEET', '127.0.0.1', String(first?.port));
      });
    }
    await Promise.all(this.nodes.map((node) => isFormed(node, count)));
  }
}

async function isFormed(node: OwnRedis, count: number): Promise<void> {
  await node.command(async (client) => {
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += 50) {
      const info = String(await client.call('CLUSTER', 'INFO'));
      if (info.includes('cluster_state:ok') && info.includes(`cluster_size:${count}`)) return;
      await wait(50);
    }
    throw new Error(`The cluster did not form in ${patienceMs} ms.`);
  });
}
