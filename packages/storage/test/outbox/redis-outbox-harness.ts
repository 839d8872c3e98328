import { randomUUID } from 'node:crypto';
import type { OutboxStore } from '@certoai/loom-core';
import type { OutboxStoreHarness } from '@certoai/loom-core/testing';
import { RedisOutboxStore } from '@certoai/loom-storage/redis';
import { Redis } from 'ioredis';
import { TcpProxy } from '../../../../scripts/redis/tcp-proxy.js';

/** Outboxes on one Redis, each with keys of its own. */
export class RedisOutboxHarness implements OutboxStoreHarness {
  readonly #url: string;
  readonly #client: Redis;
  readonly #opened: { readonly store: OutboxStore; readonly keyPrefix: string; readonly proxy: TcpProxy }[] =
    [];

  constructor(url: string) {
    this.#url = url;
    this.#client = new Redis(url);
  }

  readonly create = (): Promise<OutboxStore> => this.#open(`test-${randomUUID()}`);

  readonly another = (store: OutboxStore): Promise<OutboxStore> => this.#open(this.#of(store).keyPrefix);

  /** The server's clock goes on by itself, so that what waits for a time comes nearer to it. */
  readonly elapse = async (ms: number): Promise<void> => {
    for (const keyPrefix of new Set(this.#opened.map((one) => one.keyPrefix))) {
      const lanes = `{${keyPrefix}}.xc`;
      for (const lane of await this.#client.zrangebyscore(lanes, 0, '+inf'))
        await this.#client.zincrby(lanes, -ms, lane);
    }
  };

  /** The server hears nothing more of the old store, as of a process that was killed. */
  readonly crash = (store: OutboxStore): Promise<OutboxStore> => {
    const { keyPrefix, proxy } = this.#of(store);
    proxy.cut();
    return this.#open(keyPrefix);
  };

  /** Every key of the store, by its name after the prefix. */
  async keys(store: OutboxStore): Promise<readonly string[]> {
    const start = `{${this.#of(store).keyPrefix}}.`;
    return (await this.#client.keys(`${start}*`)).map((key) => key.slice(start.length)).toSorted();
  }

  async close(): Promise<void> {
    for (const { store, proxy } of this.#opened) {
      await store.close();
      proxy.close();
    }
    await this.#client.quit();
  }

  #of(store: OutboxStore): { readonly keyPrefix: string; readonly proxy: TcpProxy } {
    const opened = this.#opened.find((one) => one.store === store);
    if (!opened) throw new Error('not a store of this harness');
    return opened;
  }

  async #open(keyPrefix: string): Promise<OutboxStore> {
    const proxy = await TcpProxy.to(this.#url);
    const store = new RedisOutboxStore(proxy.url, { keyPrefix });
    this.#opened.push({ store, keyPrefix, proxy });
    return store;
  }
}
