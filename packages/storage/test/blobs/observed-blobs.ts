import type { BlobStore } from '@certoai/loom-core';
import { InMemoryBlobStore } from '../../src/blobs/in-memory-blob-store.js';

export type BlobCall = 'put' | 'get' | 'remove';

/** Blobs in memory whose keys can be seen, and whose calls can be held up or made to fail. */
export class ObservedBlobs implements BlobStore {
  readonly capabilities = { durable: false, shared: false };
  readonly #blobs = new InMemoryBlobStore();
  readonly #keys = new Set<string>();
  /** Runs first in every call; what it throws, the call rejects with. */
  before: (call: BlobCall, key: string) => Promise<void> | void = () => {};
  #running = 0;
  mostAtOnce = 0;

  get keys(): readonly string[] {
    return [...this.#keys].toSorted();
  }

  put(key: string, text: string): Promise<void> {
    return this.#call('put', key, async () => {
      await this.#blobs.put(key, text);
      this.#keys.add(key);
    });
  }

  get(key: string): Promise<string | undefined> {
    return this.#call('get', key, () => this.#blobs.get(key));
  }

  remove(prefix: string): Promise<number> {
    return this.#call('remove', prefix, () => {
      for (const key of this.keys) if (key === prefix || key.startsWith(`${prefix}/`)) this.#keys.delete(key);
      return this.#blobs.remove(prefix);
    });
  }

  list(prefix: string): AsyncIterable<string> {
    return this.#blobs.list(prefix);
  }

  close(): Promise<void> {
    return this.#blobs.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #call<Result>(call: BlobCall, key: string, run: () => Promise<Result>): Promise<Result> {
    this.#running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#running);
    try {
      await this.before(call, key);
      return await run();
    } finally {
      this.#running -= 1;
    }
  }
}
