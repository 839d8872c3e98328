import { executionStoreConformance } from '@certoai/loom-core/testing';
import { InMemoryExecutionStore } from '@certoai/loom-storage/memory';
import { describe, test } from 'vitest';

describe('InMemoryExecutionStore', () => {
  for (const check of executionStoreConformance) {
    test(check.name, () => check.run({ create: () => Promise.resolve(new InMemoryExecutionStore()) }));
  }
});
