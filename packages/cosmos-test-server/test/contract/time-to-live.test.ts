import { expect, test } from 'vitest';
import type { Container } from '@azure/cosmos';
import { describeContract, fresh, refusal } from './target.js';

const second = 1000;

describeContract('time to live', (target) => {
  async function idsIn(container: Container, pk: string): Promise<unknown> {
    const { resources } = await container.items
      .query('SELECT VALUE c.id FROM c', { partitionKey: pk })
      .fetchAll();
    return resources;
  }

  test('items of a container with one are gone when it is over, to reads, queries and writes', async () => {
    const container = await target.container({ id: 'short', defaultTtl: 10 });
    const pk = fresh();
    await container.items.create({ id: 'a', pk });
    await container.items.create({ id: 'longer', pk, ttl: 3600 });
    await container.items.create({ id: 'for-ever', pk, ttl: -1 });
    expect(await idsIn(container, pk)).toHaveLength(3);
    await target.elapse(11 * second);
    expect((await container.item('a', pk).read()).statusCode).toBe(404);
    expect(await idsIn(container, pk)).toEqual(['longer', 'for-ever']);
    const replaced = container.item('a', pk).replace({ id: 'a', pk });
    expect(await refusal(replaced)).toMatchObject({ code: 404 });
  });

  test('it counts from the last write', async () => {
    const container = await target.container({ id: 'renewed', defaultTtl: 10 });
    const pk = fresh();
    await container.items.create({ id: 'a', pk });
    await target.elapse(6 * second);
    await container.item('a', pk).replace({ id: 'a', pk });
    await target.elapse(6 * second);
    expect((await container.item('a', pk).read()).statusCode).toBe(200);
    await target.elapse(5 * second);
    expect((await container.item('a', pk).read()).statusCode).toBe(404);
  });

  test('-1 of a container lets an item have its own', async () => {
    const container = await target.container({ id: 'own', defaultTtl: -1 });
    const pk = fresh();
    await container.items.create({ id: 'short', pk, ttl: 1 });
    await container.items.create({ id: 'long', pk });
    await target.elapse(2 * second);
    expect(await idsIn(container, pk)).toEqual(['long']);
  });

  test('in a container without one nothing expires', async () => {
    const container = await target.container({ id: 'none' });
    const pk = fresh();
    await container.items.create({ id: 'a', pk, ttl: 1 });
    await target.elapse(2 * second);
    expect(await idsIn(container, pk)).toEqual(['a']);
  });

  test('an expired id can be created again', async () => {
    const container = await target.container({ id: 'again', defaultTtl: 1 });
    const pk = fresh();
    await container.items.create({ id: 'a', pk });
    await target.elapse(2 * second);
    expect((await container.items.create({ id: 'a', pk })).statusCode).toBe(201);
  });

  test('0 is refused', async () => {
    const container = await target.container({ id: 'own', defaultTtl: -1 });
    const wrong = container.items.create({ id: 'a', pk: fresh(), ttl: 0 });
    expect(await refusal(wrong)).toMatchObject({ code: 400 });
  });
});
