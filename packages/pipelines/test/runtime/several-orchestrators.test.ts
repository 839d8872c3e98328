import { InMemoryExecutionStore, InMemoryMessageQueue } from '@certoai/loom-storage/memory';
import { describe, test } from 'vitest';
import { severalOrchestrators, World } from '../kit/several-orchestrators.js';

/** The store of one process, which several orchestrators of that process may share. */
class SharedInMemoryStore extends InMemoryExecutionStore {
  override readonly capabilities = { durable: false, shared: true };
}

describe('several orchestrators on one store in memory', () => {
  test.each(severalOrchestrators)('$name', async ({ run }) => {
    const parts = { store: new SharedInMemoryStore(), queue: new InMemoryMessageQueue() };
    await using world = new World({ open: async () => parts });
    await run(world);
  });
});
