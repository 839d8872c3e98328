import { ActorWorker } from '@certoai/loom-core';
import type { ActorWorkerOptions } from '@certoai/loom-core';
import { createTestSetup } from '@certoai/loom-core/testing';
import type { TestSetup } from '@certoai/loom-core/testing';

export interface TestWorker extends TestSetup, AsyncDisposable {
  readonly worker: ActorWorker;
}

/** A repeatable worker, closed at the end of the block, whatever its handlers are at. */
export function createTestWorker(options: ActorWorkerOptions = {}): TestWorker {
  const setup = createTestSetup();
  const worker = new ActorWorker('test', { ...setup, ...options });
  return {
    ...setup,
    worker,
    async [Symbol.asyncDispose]() {
      const closing = worker.close();
      // A handler that never returns holds it up for this long, and time does not pass by itself.
      await setup.clock.advance(options.closeTimeoutMs ?? 5_000);
      await closing;
    },
  };
}
