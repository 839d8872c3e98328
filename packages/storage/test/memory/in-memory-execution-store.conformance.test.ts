import { ManualClock, executionStoreConformance } from '@certoai/loom-core/testing';
import { InMemoryExecutionStore } from '@certoai/loom-storage/memory';
import { describe, test } from 'vitest';

describe('InMemoryExecutionStore', () => {
  for (const check of executionStoreConformance) {
    const clock = new ManualClock();
    const create = async (): Promise<InMemoryExecutionStore> => new InMemoryExecutionStore({ clock });
    test(check.name, () => check.run({ create, elapse: (ms) => clock.advance(ms) }));
  }
});
