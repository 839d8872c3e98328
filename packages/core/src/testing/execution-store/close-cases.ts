import assert from 'node:assert/strict';
import type { ExecutionStore } from '../../ports/execution-store.js';
import type { ConformanceCase } from '../conformance-case.js';
import { claim, completed, execution, rejects, step, times } from './building.js';
import type { ExecutionStoreHarness } from './harness.js';

function everyMethod(store: ExecutionStore): readonly (() => Promise<unknown>)[] {
  return [
    () => store.create(execution('e1')),
    () => store.load('e1'),
    () => store.record(completed('e1', 0)),
    () => store.commit(step('e1', 1)),
    () => store.records({ executionId: 'e1', node: 'work' }),
    () => store.claim(claim('a', 0)),
    () => store.leave('a'),
    () => store.release({ executionId: 'e1', holder: 'a', wakeAt: null }),
    () => store.list({}),
    () => store.prune({ limit: 1 }),
  ];
}

export const closeCases: readonly ConformanceCase<ExecutionStoreHarness>[] = [
  {
    name: 'says what it is capable of',
    async run(harness) {
      await using store = await harness.create();
      const { durable, shared } = store.capabilities;
      assert.deepEqual([typeof durable, typeof shared], ['boolean', 'boolean']);
      assert.equal(durable, harness.crash !== undefined, 'a durable store has a harness that can crash it');
    },
  },
  {
    name: 'rejects every call once it is closed',
    async run({ create }) {
      const store = await create();
      await store.create(execution('e1'));
      await store.close();
      for (const call of everyMethod(store)) await rejects(call(), 'LOOM_CLOSED');
    },
  },
  {
    name: 'can be closed twice, at the same time and by disposal',
    async run({ create }) {
      const store = await create();
      await store.create(execution('e1'));
      await Promise.all([store.close(), store.close(), store[Symbol.asyncDispose]()]);
      await store.close();
    },
  },
  {
    name: 'finishes what was called before it is closed',
    async run({ create }) {
      const store = await create();
      await store.create(execution('e1'));
      const records = times(50).map((index) => store.record(completed('e1', index)));
      const committing = store.commit(step('e1', 1));
      const closing = store.close();
      const late = store.record(completed('e1', 99));
      await rejects(late, 'LOOM_CLOSED');
      await closing;
      assert.ok((await Promise.all(records)).every(({ accepted }) => accepted));
      assert.deepEqual(await committing, { committed: true, version: 2 });
    },
  },
  {
    name: 'keeps what two stores hold apart',
    async run({ create }) {
      await using one = await create();
      await using other = await create();
      await one.create(execution('e1', { idempotencyKey: 'key' }));
      assert.equal(await other.load('e1'), undefined);
      assert.equal((await other.create(execution('e2', { idempotencyKey: 'key' }))).created, true);
    },
  },
];
