import { ChangeFeedStartFrom } from '@azure/cosmos';
import type { ChangeFeedIteratorOptions, Container } from '@azure/cosmos';
import { beforeAll, expect, test } from 'vitest';
import { describeContract, fresh } from './target.js';

interface Change {
  readonly id: string;
  readonly set: string;
  readonly n: number;
}

describeContract('change feed', (target) => {
  let container: Container;
  beforeAll(async () => {
    container = await target.container();
  });

  interface Changes {
    readonly changes: readonly Change[];
    readonly token: string;
  }

  /** Reads until nothing new comes, from every range in turn. */
  async function drain(options: ChangeFeedIteratorOptions): Promise<Changes> {
    const iterator = container.items.getChangeFeedIterator<Change>(options);
    const changes: Change[] = [];
    let token = '';
    for (let quiet = 0; quiet < 2;) {
      const response = await iterator.readNext();
      token = response.continuationToken;
      changes.push(...(response.result ?? []));
      quiet = response.statusCode === 304 ? quiet + 1 : 0;
    }
    return { changes, token };
  }

  const of = (set: string, { changes }: Changes): readonly string[] =>
    changes.filter((change) => change.set === set).map(({ id, n }) => `${id}:${n}`);

  test('from the beginning shows every item once, as it is now', async () => {
    const set = fresh();
    for (let i = 0; i < 30; i++)
      await container.items.create({ id: `i${i}`, pk: `${set}-${i % 6}`, set, n: 0 });
    await container.item('i3', `${set}-3`).replace({ id: 'i3', pk: `${set}-3`, set, n: 1 });
    const found = await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Beginning(), maxItemCount: 4 });
    const expected = Array.from({ length: 30 }, (_, i) => (i === 3 ? 'i3:1' : `i${i}:0`));
    expect(of(set, found).toSorted()).toEqual(expected.toSorted());
  });

  test('from a continuation shows what came behind it, and nothing twice', async () => {
    const set = fresh();
    await container.items.create({ id: 'old', pk: set, set, n: 0 });
    const before = await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Beginning() });
    expect(of(set, before)).toEqual(['old:0']);
    await container.items.create({ id: 'new', pk: set, set, n: 0 });
    const after = await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Continuation(before.token) });
    expect(of(set, after)).toEqual(['new:0']);
    const nothing = await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Continuation(after.token) });
    expect(of(set, nothing)).toEqual([]);
  });

  test('from now shows only what comes', async () => {
    const set = fresh();
    await container.items.create({ id: 'old', pk: set, set, n: 0 });
    const iterator = container.items.getChangeFeedIterator<Change>({
      changeFeedStartFrom: ChangeFeedStartFrom.Now(),
    });
    let token = '';
    const early: string[] = [];
    for (let reads = 0; reads < 8; reads++) {
      const { result, continuationToken } = await iterator.readNext();
      early.push(...(result ?? []).map(({ id }) => id));
      token = continuationToken;
    }
    expect(early).toEqual([]);
    await container.items.create({ id: 'new', pk: set, set, n: 0 });
    const after = await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Continuation(token) });
    expect(of(set, after)).toEqual(['new:0']);
  });

  test('from a time shows what was written since', async () => {
    const set = fresh();
    const { resource } = await container.items.create({ id: 'old', pk: set, set, n: 0 });
    await target.elapse(3000);
    await container.items.create({ id: 'new', pk: set, set, n: 0 });
    const written = (resource as unknown as { _ts: number })._ts;
    const start = ChangeFeedStartFrom.Time(new Date((written + 2) * 1000));
    expect(of(set, await drain({ changeFeedStartFrom: start }))).toEqual(['new:0']);
  });

  test('of a partition key shows its changes in their order', async () => {
    const [set, pk] = [fresh(), fresh()];
    for (let n = 0; n < 5; n++) await container.items.create({ id: `i${n}`, pk, set, n });
    await container.items.create({ id: 'elsewhere', pk: fresh(), set, n: 0 });
    await container.item('i1', pk).replace({ id: 'i1', pk, set, n: 9 });
    const found = await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Beginning(pk) });
    expect(of(set, found)).toEqual(['i0:0', 'i2:2', 'i3:3', 'i4:4', 'i1:9']);
  });

  test('of its ranges, each by itself, shows everything once', async () => {
    const set = fresh();
    for (let i = 0; i < 24; i++) await container.items.create({ id: `i${i}`, pk: `${set}-${i}`, set, n: 0 });
    const found: string[] = [];
    for (const range of await container.getFeedRanges()) {
      const start = ChangeFeedStartFrom.Beginning(range);
      found.push(...of(set, await drain({ changeFeedStartFrom: start })));
    }
    expect(found.toSorted()).toEqual(Array.from({ length: 24 }, (_, i) => `i${i}:0`).toSorted());
  });

  test('does not show what was deleted', async () => {
    const set = fresh();
    await container.items.create({ id: 'kept', pk: set, set, n: 0 });
    await container.items.create({ id: 'deleted', pk: set, set, n: 0 });
    await container.item('deleted', set).delete();
    const found = await drain({ changeFeedStartFrom: ChangeFeedStartFrom.Beginning(set) });
    expect(of(set, found)).toEqual(['kept:0']);
  });

  test('shows a batch on one page', async () => {
    const set = fresh();
    await container.items.batch(
      Array.from({ length: 10 }, (_, n) => ({
        operationType: 'Create' as const,
        resourceBody: { id: `i${n}`, pk: set, set, n },
      })),
      set,
    );
    const start = ChangeFeedStartFrom.Beginning(set);
    const iterator = container.items.getChangeFeedIterator<Change>({
      changeFeedStartFrom: start,
      maxItemCount: 3,
    });
    expect((await iterator.readNext()).result).toHaveLength(10);
  });
});
