import { isLoomError } from '@certoai/loom-core';
import type { ExecutionStore } from '@certoai/loom-core';
import { afterEach, describe, expect, test } from 'vitest';
import { completed, execution, step, times } from './executions.js';
import { OpenedStores, drivers } from './opened-stores.js';

const maxBytes = 1_048_576;
const body = `"${'x'.repeat(5_000)}"`;

/** Creates executions of five kilobytes and finishes every other one, until the store is full; the ids that were stored. */
async function fill(store: ExecutionStore): Promise<readonly string[]> {
  const stored: string[] = [];
  for (let n = 0; n < 1_000; n += 1) {
    const id = `e${n}`;
    try {
      await store.create(execution(id));
      stored.push(id);
      const status = n % 2 === 0 ? 'completed' : 'running';
      await store.commit(step(id, 1, { status, records: [completed(id, 0, { body })], at: n }));
    } catch (error) {
      if (isLoomError(error, 'LOOM_STORE_FULL')) return stored;
      throw error;
    }
  }
  throw new Error('the store was never full');
}

describe.each(drivers)('an embedded store that is full, on %s', (driver) => {
  const stores = new OpenedStores();
  afterEach(() => stores.clear());

  test('refuses what does not fit and keeps everything else', async () => {
    const opened = await stores.open({ driver, maxBytes });
    const store = opened.executions;
    const stored = await fill(store);
    const last = stored.at(-1) as string;
    const big = execution('big', { input: `"${'x'.repeat(maxBytes)}"` });
    const together = await Promise.allSettled([store.create(execution('small')), store.create(big)]);
    for (const refused of together) {
      expect(refused.status === 'rejected' && isLoomError(refused.reason, 'LOOM_STORE_FULL')).toBe(true);
    }
    for (const view of [store, (await stores.crash(opened)).executions]) {
      const { items } = await view.list({ limit: 1_000 });
      expect(items.map(({ id }) => id).toSorted()).toEqual(stored.toSorted());
      for (const { id, version } of items) {
        if (id === last) continue;
        expect(version).toBe(2);
        expect((await view.records({ executionId: id, node: 'work' }))[0]?.body).toBe(body);
      }
    }
  });

  test('works again when there is room', async () => {
    const { executions: store } = await stores.open({ driver, maxBytes });
    const stored = await fill(store);
    const finished = Math.ceil(stored.length / 2) - 1;
    const { removed } = await store.prune({ finishedBefore: 1_000, limit: 1_000 });
    expect(removed.length).toBeGreaterThanOrEqual(finished);
    await Promise.all(times(20).map((n) => store.create(execution(`later${n}`, { input: body }))));
    expect((await store.load('later19'))?.input).toBe(body);
    const running = 'e1';
    expect(await store.commit(step(running, 2))).toEqual({ committed: true, version: 3 });
    expect(await store.record(completed(running, 1))).toMatchObject({
      accepted: true,
      counters: { done: 2 },
    });
    expect(await store.record(completed(running, 0))).toEqual({ accepted: false, reason: 'duplicate' });
  });
});
