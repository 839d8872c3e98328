import type { ExecutionStore, StoredRecord } from '@certoai/loom-core';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import { afterEach, describe, expect, test } from 'vitest';
import { OtherProcess } from './child-process.js';
import { OpenedStores, drivers } from './opened-stores.js';

const rounds = 8;

/** What a process said to have done, and so has to be there. */
class Acknowledged {
  readonly steps = new Map<string, number>();
  readonly pendings = new Map<string, number>();

  add(line: string): void {
    const [what, id = '', value] = line.split(' ');
    if (what === 'created') this.steps.set(id, 0);
    if (what === 'committed') this.steps.set(id, Number(value));
    if (what === 'pending') this.pendings.set(id, Number(value));
  }
}

describe.each(drivers)('a folder whose owner is killed while it writes, on %s', (driver) => {
  const stores = new OpenedStores();
  afterEach(() => stores.clear());

  test('has all that was acknowledged, and nothing by halves', { timeout: 120_000 }, async () => {
    const path = stores.folder();
    const acknowledged = new Acknowledged();
    for (let round = 0; round < rounds; round += 1) {
      const writer = new OtherProcess('write', path, driver, String(round));
      await writer.said(1 + Math.floor(Math.random() * 600));
      await writer.kill();
      expect(writer.lines[0]).toBe(`open ${driver}`);
      for (const line of writer.lines) acknowledged.add(line);
      await using store = await openEmbeddedStore({ path, driver });
      await check(store.executions, acknowledged);
    }
    expect(acknowledged.steps.size).toBeGreaterThan(rounds);
  });
});

async function check(store: ExecutionStore, { steps, pendings }: Acknowledged): Promise<void> {
  for (const [id, step] of steps) {
    const found = await store.load(id);
    if (!found) throw new Error(`${id} was created and is gone`);
    const stored = found.version - 1;
    expect(stored).toBeGreaterThanOrEqual(step);
    expect(found.state).toBe(`{"step":${stored}}`);
    expect(found.status).toBe(stored === 5 ? 'completed' : 'running');
    const records = await store.records({ executionId: id, node: 'work' });
    expect(indexesOf(records, (index) => index < 100)).toEqual(upTo(stored));
    const retried = indexesOf(records, (index) => index > 100, 'completed');
    expect(retried).toEqual(upTo(stored).map((index) => 100 + index));
    expect(found.counters['work']?.done ?? 0).toBe(2 * stored);
    const pending = pendings.get(id);
    if (pending !== undefined)
      expect(records.some(({ index, token }) => index === pending && token === 2)).toBe(true);
  }
}

function indexesOf(
  records: readonly StoredRecord[],
  matches: (index: number) => boolean,
  kind?: StoredRecord['kind'],
): readonly number[] {
  return records
    .filter((one) => matches(one.index) && (!kind || one.kind === kind))
    .map(({ index }) => index);
}

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
