import { blobStoreConformance } from '@certoai/loom-core/testing';
import { describe, test } from 'vitest';
import { InMemoryBlobStore } from '../../src/blobs/in-memory-blob-store.js';

describe('InMemoryBlobStore', () => {
  for (const check of blobStoreConformance) {
    test(check.name, () => check.run({ create: async () => new InMemoryBlobStore() }));
  }
});
