import { afterEach, describe, expect, test } from 'vitest';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.js';
import { EmbeddedExecutionStore } from '../../src/embedded/embedded-execution-store.js';
import { resolveEmbeddedStoreOptions } from '../../src/embedded/embedded-store-options.js';
import { completed, execution, fiveSteps, step, times } from './executions.js';
import { OpenedStores, drivers } from './opened-stores.js';

describe.each(drivers)('retention in an embedded store on %s', (driver) => {
  const stores = new OpenedStores();
  afterEach(() => stores.clear());

  test('leaves no row of what it removes', async () => {
    const database = EmbeddedDatabase.open(resolveEmbeddedStoreOptions({ path: stores.folder(), driver }));
    const store = new EmbeddedExecutionStore(database);
    const rows = (table: string): number => database.prepare(`SELECT 1 FROM ${table}`).all([]).length;
    for (const n of times(5)) {
      const definition = { hash: `hash-${n}`, text: '{}' };
      await store.create(execution(`e${n}`, { definition, input: `"${'x'.repeat(5_000)}"` }));
      await store.record(completed(`e${n}`, 7, { kind: 'pending', next: 2 }));
      const records = times(3).map((index) => completed(`e${n}`, index));
      await store.commit(step(`e${n}`, 1, { status: 'completed', records }));
    }
    expect(await store.prune({ maxBytes: 0, limit: 4 })).toEqual({ removed: ['e0', 'e1', 'e2', 'e3'] });
    const counts = ['executions', 'large_inputs', 'definitions', 'records'].map(rows);
    expect(counts).toEqual([1, 1, 1, 4]);
    database.close();
  });

  test('does not mix up an execution with one that was removed before a restart', async () => {
    const first = await stores.open({ driver });
    await fiveSteps(first.executions, 'old');
    await first.executions.prune({ maxBytes: 0, limit: 1 });
    await first.close();
    const { executions } = await stores.open({ path: first.path, driver });
    await executions.create(execution('new'));
    expect(await executions.record(completed('new', 1))).toMatchObject({
      accepted: true,
      counters: { done: 1 },
    });
    expect(await executions.records({ executionId: 'new', node: 'work' })).toHaveLength(1);
  });
});
