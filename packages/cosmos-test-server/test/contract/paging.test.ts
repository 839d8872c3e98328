import { beforeAll, expect, test } from 'vitest';
import type { Container, FeedOptions } from '@azure/cosmos';
import { describeContract, fresh, refusal } from './target.js';

describeContract('paging', (target) => {
  let container: Container;
  beforeAll(async () => {
    container = await target.container();
  });

  /** A new partition with items 0 to 24. */
  async function partition(): Promise<string> {
    const pk = fresh();
    const numbers = Array.from({ length: 25 }, (_, n) => n);
    const operations = numbers.map((n) => ({
      operationType: 'Create' as const,
      resourceBody: { id: String(n), pk, n },
    }));
    await container.items.batch(operations, pk);
    return pk;
  }

  interface Page {
    readonly rows: readonly number[];
    readonly token: string | undefined;
  }

  async function page(pk: string, query: string, options: FeedOptions = {}): Promise<Page> {
    const response = await container.items
      .query<number>(query, { partitionKey: pk, maxItemCount: 10, ...options })
      .fetchNext();
    return { rows: response.resources, token: response.continuationToken };
  }

  const byNumber = 'SELECT VALUE c.n FROM c ORDER BY c.n';
  const inOrder = 'SELECT VALUE c.n FROM c';

  test.each([inOrder, byNumber])('gives all rows once, in pages: %s', async (query) => {
    const pk = await partition();
    const iterator = container.items.query<number>(query, { partitionKey: pk, maxItemCount: 10 });
    const pages: number[][] = [];
    while (iterator.hasMoreResults()) pages.push((await iterator.fetchNext()).resources);
    expect(pages.flat()).toEqual(Array.from({ length: 25 }, (_, n) => n));
    expect(Math.max(...pages.map(({ length }) => length))).toBe(10);
  });

  test.each([inOrder, byNumber])('goes on from a token in another client: %s', async (query) => {
    const pk = await partition();
    const first = await page(pk, query);
    const other = target.newClient().database(target.database.id).container(container.id);
    const options = { partitionKey: pk, maxItemCount: 100, continuationToken: first.token as string };
    const { resources } = await other.items.query<number>(query, options).fetchNext();
    expect([...first.rows, ...resources]).toEqual(Array.from({ length: 25 }, (_, n) => n));
  });

  test('goes on rightly where items before and behind the token were deleted', async () => {
    const pk = await partition();
    const first = await page(pk, byNumber);
    for (const id of ['3', '9', '10']) await container.item(id, pk).delete();
    const second = await page(pk, byNumber, { continuationToken: first.token as string });
    expect(second.rows).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  });

  test('shows items that come in behind the token, and not those before it', async () => {
    const pk = await partition();
    const first = await page(pk, byNumber);
    await container.items.create({ id: 'before', pk, n: 4.5 });
    await container.items.create({ id: 'behind', pk, n: 10.5 });
    const second = await page(pk, byNumber, { continuationToken: first.token as string });
    expect(second.rows.slice(0, 3)).toEqual([10, 10.5, 11]);
  });

  test('rows that sort alike are all given once', async () => {
    const pk = fresh();
    for (let i = 0; i < 12; i++) await container.items.create({ id: String(i), pk, same: 1 });
    const query = 'SELECT VALUE c.id FROM c ORDER BY c.same';
    const iterator = container.items.query<string>(query, { partitionKey: pk, maxItemCount: 5 });
    const ids: string[] = [];
    while (iterator.hasMoreResults()) ids.push(...(await iterator.fetchNext()).resources);
    expect(ids.toSorted()).toEqual(Array.from({ length: 12 }, (_, i) => String(i)).toSorted());
  });

  test('has no token on the last page', async () => {
    const pk = await partition();
    expect((await page(pk, inOrder, { maxItemCount: 25 })).token).toBeUndefined();
  });

  test('refuses a token that is none', async () => {
    const broken = page(await partition(), inOrder, { continuationToken: 'broken' });
    expect(await refusal(broken)).toMatchObject({ code: 400 });
  });

  test('goes through all partitions of a container', async () => {
    const pks = [await partition(), await partition(), await partition()];
    const query = {
      query: 'SELECT VALUE c.n FROM c WHERE ARRAY_CONTAINS(@pks, c.pk)',
      parameters: [{ name: '@pks', value: pks }],
    };
    const numbers: number[] = [];
    let continuationToken: string | undefined;
    // As long as there is a token there may be rows, also behind an empty page.
    for (let pages = 0; pages < 100; pages++) {
      const options = { maxItemCount: 10, ...(continuationToken && { continuationToken }) };
      const response = await container.items.query<number>(query, options).fetchNext();
      numbers.push(...response.resources);
      continuationToken = response.continuationToken;
      if (!continuationToken) break;
    }
    expect(numbers).toHaveLength(75);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 75 }, (_, i) => Math.floor(i / 3)),
    );
  });

  test('an order over all partitions goes on from its token, also among rows that sort alike', async () => {
    const set = fresh();
    for (let n = 0; n < 30; n++)
      await container.items.create({ id: String(n), pk: `${set}-${n % 7}`, set, rank: Math.floor(n / 10) });
    const query = {
      query: 'SELECT c.id, c.rank FROM c WHERE c.set = @set ORDER BY c.rank DESC',
      parameters: [{ name: '@set', value: set }],
    };
    const rows: { id: string; rank: number }[] = [];
    let continuationToken: string | undefined;
    for (let pages = 0; pages < 100; pages++) {
      const options = {
        maxItemCount: 4,
        enableQueryControl: true,
        ...(continuationToken && { continuationToken }),
      };
      const response = await container.items.query(query, options).fetchNext();
      rows.push(...response.resources);
      continuationToken = response.continuationToken;
      if (!continuationToken) break;
    }
    expect(rows.map(({ rank }) => rank)).toEqual([2, 1, 0].flatMap((rank) => Array<number>(10).fill(rank)));
    expect(new Set(rows.map(({ id }) => id)).size).toBe(30);
  });
});
