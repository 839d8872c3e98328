import { executionStoreConformance } from '@certoai/loom-core/testing';
import { describe, inject, test } from 'vitest';
import { RedisHarness } from './redis-harness.js';

const { url } = inject('redis');

describe('RedisExecutionStore', () => {
  for (const check of executionStoreConformance) {
    test(check.name, async () => {
      const harness = new RedisHarness(url);
      try {
        await check.run(harness);
      } finally {
        await harness.close();
      }
    });
  }
});
