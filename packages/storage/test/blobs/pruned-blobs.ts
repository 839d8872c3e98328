import type { BlobStore, ExecutionStore } from '@certoai/loom-core';
import { expect } from 'vitest';
import { claimCheckedExecutions } from '../../src/blobs/claim-checked-executions.js';
import { completed, execution, step } from '../embedded/executions.js';

const large = `"${'x'.repeat(5_000)}"`;

/** Prunes one of three executions whose payloads are in `blobs`, and looks at what is left there. */
export async function pruneTakesBlobs(inner: ExecutionStore, blobs: BlobStore): Promise<void> {
  const store = claimCheckedExecutions(inner, blobs, { thresholdBytes: 1_000 });
  const segments = async (prefix: string): Promise<readonly string[]> => {
    const found: string[] = [];
    for await (const segment of blobs.list(prefix)) found.push(segment);
    return found.toSorted();
  };
  for (const id of ['e1', 'e10', 'running']) {
    await store.create(execution(id, { input: large }));
    for (const index of [0, 1]) await store.record(completed(id, index, { body: `[${index},${large}]` }));
  }
  await store.commit(step('e1', 1, { status: 'completed', state: `[1,${large}]`, at: 10 }));
  await store.commit(step('e10', 1, { status: 'failed', state: `[1,${large}]`, at: 20 }));
  expect(await segments('executions/e1')).toHaveLength(4);
  expect(await store.prune({ finishedBefore: 15, limit: 10 })).toEqual({ removed: ['e1'] });
  expect(await segments('executions')).toEqual(['e10', 'running']);
  expect(await segments('executions/e1')).toEqual([]);
  expect(await store.load('e10')).toMatchObject({ input: large, state: `[1,${large}]` });
  expect(await store.prune({ maxBytes: 0, limit: 10 })).toEqual({ removed: ['e10'] });
  expect(await segments('executions')).toEqual(['running']);
  expect(await store.sweep({ graceMs: 0 })).toBe(0);
  await store.close();
}
