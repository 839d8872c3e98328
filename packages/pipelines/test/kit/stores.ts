import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClaimReply, ClaimRequest, Clock, ExecutionStore } from '@certoai/loom-core';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import { InMemoryExecutionStore } from '@certoai/loom-storage/memory';

/** A store for one test; `reopen` is what a restarted process would find. */
export interface StoreUnderTest extends AsyncDisposable {
  readonly store: ExecutionStore;
  reopen(): Promise<ExecutionStore>;
}

/** Forgets who held what, as a store does that outlives its process. */
class ReopenedInMemoryStore extends InMemoryExecutionStore {
  readonly #holders = new Set<string>();

  override claim(request: ClaimRequest): Promise<ClaimReply> {
    this.#holders.add(request.holder);
    return super.claim(request);
  }

  async reopen(): Promise<this> {
    for (const holder of this.#holders) await this.leave(holder);
    return this;
  }
}

/** Every store the engine has to be right on. */
export const stores: readonly { readonly name: string; open(clock?: Clock): Promise<StoreUnderTest> }[] = [
  {
    name: 'in memory',
    async open() {
      const store = new ReopenedInMemoryStore();
      return { store, reopen: () => store.reopen(), [Symbol.asyncDispose]: () => store.close() };
    },
  },
  {
    name: 'embedded',
    async open(clock) {
      const path = mkdtempSync(join(tmpdir(), 'loom-test-'));
      let embedded = await openEmbeddedStore({ path, sync: 'normal', clock });
      return {
        store: embedded.executions,
        async reopen() {
          await embedded.close();
          embedded = await openEmbeddedStore({ path, sync: 'normal', clock });
          return embedded.executions;
        },
        async [Symbol.asyncDispose]() {
          await embedded.close();
          rmSync(path, { recursive: true, force: true });
        },
      };
    },
  },
];
