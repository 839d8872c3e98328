import { beforeAll, expect, test } from 'vitest';
import type { Container, FeedOptions } from '@azure/cosmos';
import { describeContract, fresh } from './target.js';

describeContract('cross-partition queries', (target) => {
  let container: Container;
  const set = fresh();
  const count = 60;
  beforeAll(async () => {
    container = await target.container({ id: 'many' });
    await Promise.all(
      Array.from({ length: count }, (_, n) =>
        container.items.create({ id: `${set}-${n}`, pk: `${set}-${n % 12}`, set, n, kind: `k${n % 3}` }),
      ),
    );
  });

  async function rows(select: string, rest = '', options: FeedOptions = {}): Promise<unknown[]> {
    const query = `${select} FROM c WHERE c.set = @set ${rest}`;
    const parameters = [{ name: '@set', value: set }];
    return (await container.items.query({ query, parameters }, options).fetchAll()).resources;
  }
  const numbers = Array.from({ length: count }, (_, n) => n);

  test('find items wherever they are', async () => {
    const found = (await rows('SELECT VALUE c.n')) as number[];
    expect(found.toSorted((a, b) => a - b)).toEqual(numbers);
  });

  test('sort over all partitions, up and down', async () => {
    expect(await rows('SELECT VALUE c.n', 'ORDER BY c.n')).toEqual(numbers);
    const found = await rows('SELECT VALUE c.n', 'ORDER BY c.n DESC', { maxItemCount: 7 });
    expect(found).toEqual(numbers.toReversed());
  });

  test('sort whole items and chosen properties', async () => {
    const items = (await rows('SELECT *', 'AND c.n < 3 ORDER BY c.n')) as { id: string; n: number }[];
    expect(items.map(({ id }) => id)).toEqual([0, 1, 2].map((n) => `${set}-${n}`));
    const found = await rows('SELECT c.kind, c.n AS number', 'AND c.n < 2 ORDER BY c.n DESC');
    expect(found).toEqual([
      { kind: 'k1', number: 1 },
      { kind: 'k0', number: 0 },
    ]);
  });

  test.each([
    ['COUNT(1)', count],
    ['SUM(c.n)', (count * (count - 1)) / 2],
    ['AVG(c.n)', (count - 1) / 2],
    ['MIN(c.n)', 0],
    ['MAX(c.n)', count - 1],
  ])('%s is about all partitions', async (aggregate, expected) => {
    expect(await rows(`SELECT VALUE ${aggregate}`)).toEqual([expected]);
  });

  test('group over all partitions', async () => {
    const found = await rows('SELECT c.kind, COUNT(1) AS count, MAX(c.n) AS last', 'GROUP BY c.kind');
    expect(found).toHaveLength(3);
    expect(found).toEqual(
      expect.arrayContaining([
        { kind: 'k0', count: 20, last: 57 },
        { kind: 'k1', count: 20, last: 58 },
        { kind: 'k2', count: 20, last: 59 },
      ]),
    );
  });

  test('DISTINCT is about all partitions', async () => {
    const found = (await rows('SELECT DISTINCT VALUE c.kind')) as string[];
    expect(found.toSorted()).toEqual(['k0', 'k1', 'k2']);
  });

  test('TOP, and OFFSET with LIMIT, are about all partitions', async () => {
    expect(await rows('SELECT TOP 5 VALUE c.n', 'ORDER BY c.n')).toEqual([0, 1, 2, 3, 4]);
    expect(await rows('SELECT VALUE c.n', 'ORDER BY c.n OFFSET 10 LIMIT 3')).toEqual([10, 11, 12]);
    expect(await rows('SELECT TOP 5 VALUE c.n')).toHaveLength(5);
    expect(await rows('SELECT VALUE c.n', 'OFFSET 55 LIMIT 10')).toHaveLength(5);
  });

  test('give the same with a forced query plan', async () => {
    const found = (await rows('SELECT VALUE c.n', '', { forceQueryPlan: true })) as number[];
    expect(found.toSorted((a, b) => a - b)).toEqual(numbers);
  });

  test('with a partition key stay in its partition', async () => {
    const found = await rows('SELECT VALUE c.n', 'ORDER BY c.n', { partitionKey: `${set}-5` });
    expect(found).toEqual([5, 17, 29, 41, 53]);
  });
});
