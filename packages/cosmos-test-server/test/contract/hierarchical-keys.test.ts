import { beforeAll, expect, test } from 'vitest';
import type { Container } from '@azure/cosmos';
import { describeContract, fresh, keyOn, refusal } from './target.js';

describeContract('hierarchical keys', (target) => {
  let container: Container;
  beforeAll(async () => {
    container = await target.container({ id: 'levels', partitionKey: keyOn('/tenant', '/user', '/session') });
  });

  test('items that differ on any level are different items', async () => {
    const tenant = fresh();
    await container.items.create({ id: 'a', tenant, user: 'u1', session: 1, n: 1 });
    await container.items.create({ id: 'a', tenant, user: 'u1', session: 2, n: 2 });
    await container.items.create({ id: 'a', tenant, user: 'u2', session: 1, n: 3 });
    expect((await container.item('a', [tenant, 'u1', 2]).read()).resource).toMatchObject({ n: 2 });
    expect((await container.item('a', [tenant, 'u2', 1]).read()).resource).toMatchObject({ n: 3 });
    expect((await container.item('a', [tenant, 'u2', 2]).read()).statusCode).toBe(404);
  });

  test('a prefix of the key finds all items below it', async () => {
    const tenant = fresh();
    for (const user of ['u1', 'u2', 'u3'])
      for (const session of [1, 2])
        await container.items.create({ id: `${user}-${session}`, tenant, user, session });
    await container.items.create({ id: 'other', tenant: fresh(), user: 'u1', session: 1 });
    const idsBelow = async (...partitionKey: string[]): Promise<string[]> => {
      const { resources } = await container.items
        .query<string>('SELECT VALUE c.id FROM c', { partitionKey })
        .fetchAll();
      return resources.toSorted();
    };
    expect(await idsBelow(tenant)).toEqual(['u1-1', 'u1-2', 'u2-1', 'u2-2', 'u3-1', 'u3-2']);
    expect(await idsBelow(tenant, 'u2')).toEqual(['u2-1', 'u2-2']);
  });

  test('a batch takes the whole key', async () => {
    const tenant = fresh();
    const item = { id: 'a', tenant, user: 'u', session: 1 };
    const operations = [{ operationType: 'Create' as const, resourceBody: item }];
    expect((await container.items.batch(operations, [tenant, 'u', 1])).code).toBe(200);
    expect((await container.item('a', [tenant, 'u', 1]).read()).statusCode).toBe(200);
  });

  test('an operation on an item with a part of the key is refused', async () => {
    expect(await refusal(container.item('a', [fresh(), 'u1']).delete())).toMatchObject({ code: 400 });
  });
});
