import { blobStoreConformance } from '@certoai/loom-core/testing';
import { randomUUID } from 'node:crypto';
import { describe, inject, test } from 'vitest';
import { RedisBlobStore } from '../../src/blobs/redis-blob-store.js';

const { url } = inject('redis');

describe('RedisBlobStore', () => {
  for (const check of blobStoreConformance) {
    test(check.name, async () => {
      const opened: RedisBlobStore[] = [];
      let keyPrefix: string;
      const open = async (): Promise<RedisBlobStore> => {
        const store = new RedisBlobStore(url, { keyPrefix });
        opened.push(store);
        return store;
      };
      try {
        await check.run({
          create: () => {
            keyPrefix = `test-${randomUUID()}`;
            return open();
          },
          another: open,
          // Nothing is kept in the process.
          crash: open,
        });
      } finally {
        for (const store of opened) await store.close();
      }
    });
  }
});
