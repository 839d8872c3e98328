import type { ExecutionStore, RecordEntry } from '@certoai/loom-core';
import { InMemoryExecutionStore } from '@certoai/loom-storage/memory';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { claimCheckedExecutions } from '../../src/blobs/claim-checked-executions.js';
import { InMemoryBlobStore } from '../../src/blobs/in-memory-blob-store.js';

const start = Date.UTC(2026, 0, 1);
const id = fc.constantFrom('e1', 'e2', 'größe/🧵');
const payload = fc.constantFrom(
  '1',
  '"ä"',
  `"${'x'.repeat(500)}"`,
  `"${'🧵'.repeat(100)}"`,
  '{"$loom.blob":"executions/e1/unknown","bytes":1}',
  '{"$loom.blob":7}',
  '[{"$loom.blob":"a"}]',
);
const entry = fc.record({
  node: fc.constantFrom('a', 'b'),
  index: fc.integer({ min: -1, max: 2 }),
  held: fc.integer({ min: 1, max: 2 }),
  kind: fc.constantFrom('completed', 'failed', 'pending'),
  body: payload,
});
type Entry = typeof entry extends fc.Arbitrary<infer Value> ? Value : never;

function recordOf(executionId: string, { kind, held, ...rest }: Entry): RecordEntry {
  const next = kind === 'pending' ? { next: held + 1 } : {};
  return { ...rest, ...next, executionId, kind, held, attempt: 1, at: start };
}

type Step = (store: ExecutionStore) => Promise<unknown>;
const definition = { hash: 'h', text: '{}' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(id, payload, payload, fc.option(fc.constant('key'), { nil: undefined })).map(
    ([one, input, state, idempotencyKey]): Step =>
      (store) =>
        store.create({ id: one, input, state, idempotencyKey, definition, createdAt: start, wakeAt: null }),
  ),
  fc.tuple(id, entry).map(
    ([one, record]): Step =>
      (store) =>
        store.record(recordOf(one, record)),
  ),
  fc
    .tuple(
      id,
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('running', 'paused', 'completed'),
      payload,
      fc.array(entry, { maxLength: 3 }),
    )
    .map(
      ([executionId, expectedVersion, status, state, records]): Step =>
        (store) =>
          store.commit({
            executionId,
            expectedVersion,
            status,
            state,
            records: records.map((record) => recordOf(executionId, record)),
            at: start + expectedVersion,
          }),
    ),
  id.map(
    (one): Step =>
      (store) =>
        store.load(one),
  ),
  fc.tuple(id, fc.constantFrom('a', 'b')).map(
    ([executionId, node]): Step =>
      (store) =>
        store.records({ executionId, node, from: -1 }),
  ),
  fc.integer({ min: 0, max: 5 }).map(
    (ms): Step =>
      (store) =>
        store.prune({ finishedBefore: start + ms, limit: 2 }),
  ),
);

test('a store with blobs answers as the one without, whatever is asked', async () => {
  const scenario = fc.asyncProperty(
    fc.array(step, { minLength: 20, maxLength: 60 }),
    fc.constantFrom(1, 100, 402, 502),
    async (steps, thresholdBytes) => {
      const plain = new InMemoryExecutionStore();
      const checked = claimCheckedExecutions(new InMemoryExecutionStore(), new InMemoryBlobStore(), {
        thresholdBytes,
      });
      for (const run of steps) expect(await run(checked)).toEqual(await run(plain));
    },
  );
  await fc.assert(scenario, { numRuns: 300 });
});
