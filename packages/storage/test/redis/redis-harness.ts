import { randomUUID } from 'node:crypto';
import type { ExecutionStore } from '@certoai/loom-core';
import type { ExecutionStoreHarness } from '@certoai/loom-core/testing';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import { Redis } from 'ioredis';
import { TcpProxy } from '../../../../scripts/redis/tcp-proxy.js';

interface Opened {
  readonly store: RedisExecutionStore;
  readonly keyPrefix: string;
  readonly proxy: TcpProxy;
}

/** Stores on one Redis, each with keys of its own. */
export class RedisHarness implements ExecutionStoreHarness {
  readonly #url: string;
  readonly #client: Redis;
  readonly #opened: Opened[] = [];

  constructor(url: string) {
    this.#url = url;
    this.#client = new Redis(url);
  }

  readonly create = (): Promise<RedisExecutionStore> => this.#open(`test-${randomUUID()}`);

  /** The server's clock goes on by itself, so that leases come nearer to it. */
  readonly elapse = async (ms: number): Promise<void> => {
    for (const keyPrefix of new Set(this.#opened.map((one) => one.keyPrefix))) {
      const holders = `{${keyPrefix}}.o`;
      for (const [tenure, text] of Object.entries(await this.#client.hgetall(holders))) {
        const [end = '', ...name] = text.split(' ');
        await this.#client.hset(holders, tenure, [Number(end) - ms, ...name].join(' '));
      }
    }
  };

  /** The server hears nothing more of the old store, as of a process that was killed. */
  readonly crash = (store: ExecutionStore): Promise<RedisExecutionStore> => {
    const { keyPrefix, proxy } = this.#opened.find((one) => one.store === store) as Opened;
    proxy.cut();
    return this.#open(keyPrefix);
  };

  async close(): Promise<void> {
    for (const { store, proxy } of this.#opened) {
      await store.close();
      proxy.close();
    }
    await this.#client.quit();
  }

  async #open(keyPrefix: string): Promise<RedisExecutionStore> {
    const proxy = await TcpProxy.to(this.#url);
    const store = new RedisExecutionStore(proxy.url, { keyPrefix });
    this.#opened.push({ store, keyPrefix, proxy });
    return store;
  }
}
