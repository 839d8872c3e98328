import { beforeAll, expect, test } from 'vitest';
import type { Container } from '@azure/cosmos';
import { describeContract, fresh, keyOn, refusal } from './target.js';

describeContract('items', (target) => {
  let container: Container;
  beforeAll(async () => {
    container = await target.container();
  });

  test('creates an item, and reads it back with what the service adds', async () => {
    const pk = fresh();
    const created = await container.items.create({ id: 'a', pk, n: 1, deep: { list: [1, { x: null }] } });
    expect(created.statusCode).toBe(201);
    const { statusCode, resource } = await container.item('a', pk).read();
    expect(statusCode).toBe(200);
    expect(resource).toEqual(created.resource);
    expect(resource).toMatchObject({ id: 'a', pk, n: 1, deep: { list: [1, { x: null }] } });
    expect(resource).toMatchObject({ _etag: expect.any(String), _ts: expect.any(Number) });
    expect(resource).toMatchObject({ _rid: expect.any(String), _self: expect.any(String) });
    expect(resource).not.toHaveProperty('_lsn');
  });

  test('the creation of an id that is taken is a conflict, and changes nothing', async () => {
    const pk = fresh();
    await container.items.create({ id: 'a', pk, n: 1 });
    expect(await refusal(container.items.create({ id: 'a', pk, n: 2 }))).toMatchObject({ code: 409 });
    expect((await container.item('a', pk).read()).resource).toMatchObject({ n: 1 });
  });

  test('the same id in two partitions is two items', async () => {
    const [first, second] = [fresh(), fresh()];
    await container.items.create({ id: 'same', pk: first, n: 1 });
    await container.items.create({ id: 'same', pk: second, n: 2 });
    expect((await container.item('same', first).read()).resource).toMatchObject({ n: 1 });
    expect((await container.item('same', second).read()).resource).toMatchObject({ n: 2 });
  });

  test('a read of what is not there answers 404 without throwing', async () => {
    const { statusCode, resource, substatus } = await container.item('absent', fresh()).read();
    expect({ statusCode, resource }).toEqual({ statusCode: 404, resource: undefined });
    expect(substatus ?? 0).not.toBe(1002);
  });

  test('an item is not found under another partition key', async () => {
    const pk = fresh();
    await container.items.create({ id: 'a', pk });
    expect((await container.item('a', fresh()).read()).statusCode).toBe(404);
  });

  test('an upsert creates, then replaces', async () => {
    const pk = fresh();
    expect((await container.items.upsert({ id: 'a', pk, n: 1, old: true })).statusCode).toBe(201);
    expect((await container.items.upsert({ id: 'a', pk, n: 2 })).statusCode).toBe(200);
    const { resource } = await container.item('a', pk).read();
    expect(resource).toMatchObject({ n: 2 });
    expect(resource).not.toHaveProperty('old');
  });

  test('a replacement takes the whole place of an item, which keeps its _rid', async () => {
    const pk = fresh();
    const created = await container.items.create({ id: 'a', pk, n: 1, old: true });
    const replaced = await container.item('a', pk).replace({ id: 'a', pk, n: 2 });
    expect(replaced.statusCode).toBe(200);
    expect(replaced.resource).not.toHaveProperty('old');
    expect(replaced.resource).toMatchObject({ n: 2, _rid: (created.resource as { _rid?: string })._rid });
  });

  test('a replacement of what is not there is not found', async () => {
    const pk = fresh();
    expect(await refusal(container.item('a', pk).replace({ id: 'a', pk }))).toMatchObject({ code: 404 });
  });

  test('a deletion answers 204, and 404 for what is not there', async () => {
    const pk = fresh();
    await container.items.create({ id: 'a', pk });
    expect((await container.item('a', pk).delete()).statusCode).toBe(204);
    expect((await container.item('a', pk).read()).statusCode).toBe(404);
    expect(await refusal(container.item('a', pk).delete())).toMatchObject({ code: 404 });
  });

  test('a deleted id can be created again, as another item', async () => {
    const pk = fresh();
    const first = await container.items.create({ id: 'a', pk });
    await container.item('a', pk).delete();
    const second = await container.items.create({ id: 'a', pk });
    expect((second.resource as { _rid?: string })._rid).not.toBe((first.resource as { _rid?: string })._rid);
  });

  test.each([
    ['text', 'x'],
    ['a number', 7],
    ['a fraction', 0.5],
    ['true', true],
    ['false', false],
    ['null', null],
  ] as const)('the partition key may be %s', async (_, value) => {
    const id = fresh();
    await container.items.create({ id, pk: value });
    expect((await container.item(id, value).read()).resource).toMatchObject({ id, pk: value });
    expect((await container.item(id, `${String(value)}!`).read()).statusCode).toBe(404);
    await container.item(id, value).delete();
  });

  test('an item without the partition key property has the key undefined', async () => {
    const id = fresh();
    await container.items.create({ id });
    expect((await container.item(id, undefined).read()).resource).toMatchObject({ id });
    expect((await container.item(id, null).read()).statusCode).toBe(404);
    await container.item(id, undefined).delete();
  });

  test('the partition key may lie deeper in an item', async () => {
    const deep = await target.container({ id: 'deep', partitionKey: keyOn('/owner/id') });
    const owner = { id: fresh() };
    await deep.items.create({ id: 'a', owner });
    expect((await deep.item('a', owner.id).read()).resource).toMatchObject({ owner });
  });

  test('text that is not ASCII comes back as it was, in ids, keys and values', async () => {
    const [id, pk, text] = [`ü-${fresh()}`, `鍵-${fresh()}`, 'naïve 🚀 “quote” \u0000 \u2028'];
    await container.items.create({ id, pk, text });
    expect((await container.item(id, pk).read()).resource).toMatchObject({ id, pk, text });
  });

  test('an item of less than 2 MB is stored, and a larger one is refused with 413', async () => {
    const pk = fresh();
    await container.items.create({ id: 'a', pk, text: 'x'.repeat(1_900_000) });
    expect((await container.item('a', pk).read()).resource?.text).toHaveLength(1_900_000);
    const large = container.items.create({ id: 'b', pk, text: 'x'.repeat(2_200_000) });
    expect(await refusal(large)).toMatchObject({ code: 413 });
    expect((await container.item('b', pk).read()).statusCode).toBe(404);
  });

  test('an id has at most 1023 bytes', async () => {
    const pk = fresh();
    await container.items.create({ id: 'i'.repeat(1023), pk });
    const long = container.items.create({ id: 'i'.repeat(1024), pk });
    expect(await refusal(long)).toMatchObject({ code: 400 });
  });

  test('a unique key is unique within its partition', async () => {
    const unique = await target.container({
      id: 'unique',
      uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/email'] }] },
    });
    const [pk, email] = [fresh(), 'a@example.org'];
    await unique.items.create({ id: 'a', pk, email });
    expect(await refusal(unique.items.create({ id: 'b', pk, email }))).toMatchObject({ code: 409 });
    await unique.items.create({ id: 'b', pk: fresh(), email });
    await unique.items.create({ id: 'b', pk, email: 'b@example.org' });
    const taken = unique.item('b', pk).replace({ id: 'b', pk, email });
    expect(await refusal(taken)).toMatchObject({ code: 409 });
    await unique.item('a', pk).replace({ id: 'a', pk, email, n: 2 });
    await unique.item('a', pk).delete();
    await unique.item('b', pk).replace({ id: 'b', pk, email });
  });

  test('of many that create one id at once, one wins', async () => {
    const pk = fresh();
    const attempts = Array.from({ length: 50 }, (_, by) => container.items.create({ id: 'a', pk, by }));
    const outcomes = await Promise.allSettled(attempts);
    const won = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value.resource?.by] : []));
    expect(won).toHaveLength(1);
    expect((await container.item('a', pk).read()).resource).toMatchObject({ by: won[0] });
  });

  test('two hundred creations at once are two hundred items', async () => {
    const pk = fresh();
    const ids = Array.from({ length: 200 }, (_, i) => String(i));
    await Promise.all(ids.map((id) => container.items.create({ id, pk })));
    const { resources } = await container.items
      .query('SELECT VALUE COUNT(1) FROM c', { partitionKey: pk })
      .fetchAll();
    expect(resources).toEqual([200]);
  });
});
