import { beforeAll, expect, test } from 'vitest';
import type { Container, OperationInput } from '@azure/cosmos';
import { describeContract, fresh } from './target.js';

describeContract('batch', (target) => {
  let container: Container;
  beforeAll(async () => {
    container = await target.container();
  });

  const create = (id: string, pk: string, more: Record<string, unknown> = {}): OperationInput => ({
    operationType: 'Create',
    resourceBody: { id, pk, ...more },
  });
  const idsIn = async (pk: string): Promise<unknown> =>
    (await container.items.query('SELECT VALUE c.id FROM c', { partitionKey: pk }).fetchAll()).resources;

  test('does every kind of operation, each with its own result', async () => {
    const pk = fresh();
    for (const id of ['replaced', 'read', 'deleted', 'patched'])
      await container.items.create({ id, pk, n: 1 });
    const { code, result } = await container.items.batch(
      [
        create('created', pk),
        { operationType: 'Upsert', resourceBody: { id: 'upserted', pk } },
        { operationType: 'Replace', id: 'replaced', resourceBody: { id: 'replaced', pk, n: 2 } },
        { operationType: 'Read', id: 'read' },
        { operationType: 'Delete', id: 'deleted' },
        {
          operationType: 'Patch',
          id: 'patched',
          resourceBody: { operations: [{ op: 'incr', path: '/n', value: 4 }] },
        },
      ],
      pk,
    );
    expect(code).toBe(200);
    expect(result?.map(({ statusCode }) => statusCode)).toEqual([201, 201, 200, 200, 204, 200]);
    expect(result?.[3]?.resourceBody).toMatchObject({ id: 'read', n: 1 });
    expect(result?.[5]?.resourceBody).toMatchObject({ n: 5 });
    expect((await container.item('replaced', pk).read()).resource).toMatchObject({
      n: 2,
      _etag: result?.[2]?.eTag,
    });
    expect(await idsIn(pk)).toEqual(expect.arrayContaining(['created', 'upserted', 'replaced']));
    expect(await idsIn(pk)).not.toContain('deleted');
  });

  test('with an operation that fails does nothing, and says which failed', async () => {
    const pk = fresh();
    await container.items.create({ id: 'taken', pk, n: 1 });
    const { code, result } = await container.items.batch(
      [
        create('first', pk),
        { operationType: 'Patch', id: 'taken', resourceBody: [{ op: 'incr', path: '/n', value: 1 }] },
        create('taken', pk),
        create('last', pk),
      ],
      pk,
    );
    expect(code).toBe(207);
    expect(result?.map(({ statusCode }) => statusCode)).toEqual([424, 424, 409, 424]);
    expect(await idsIn(pk)).toEqual(['taken']);
    expect((await container.item('taken', pk).read()).resource).toMatchObject({ n: 1 });
  });

  test('takes back deletions and replacements too', async () => {
    const pk = fresh();
    const { resource } = await container.items.create({ id: 'a', pk, n: 1 });
    const { etag } = await container.items.create({ id: 'b', pk, n: 1 });
    const { code } = await container.items.batch(
      [
        { operationType: 'Delete', id: 'a' },
        create('a', pk, { n: 2 }),
        { operationType: 'Replace', id: 'b', resourceBody: { id: 'b', pk, n: 2 } },
        { operationType: 'Delete', id: 'absent' },
      ],
      pk,
    );
    expect(code).toBe(207);
    expect((await container.item('a', pk).read()).resource).toEqual(resource);
    expect((await container.item('b', pk).read()).resource).toMatchObject({ n: 1, _etag: etag });
  });

  test('an operation sees what those before it did', async () => {
    const pk = fresh();
    const { code, result } = await container.items.batch(
      [create('a', pk, { n: 1 }), { operationType: 'Read', id: 'a' }, { operationType: 'Delete', id: 'a' }],
      pk,
    );
    expect(code).toBe(200);
    expect(result?.[1]?.resourceBody).toMatchObject({ id: 'a', n: 1 });
    expect(await idsIn(pk)).toEqual([]);
  });

  test('with an older etag does nothing', async () => {
    const pk = fresh();
    const { etag } = await container.items.create({ id: 'state', pk, n: 1 });
    await container.item('state', pk).replace({ id: 'state', pk, n: 2 });
    const { code, result } = await container.items.batch(
      [
        create('journal', pk),
        {
          operationType: 'Replace',
          id: 'state',
          ifMatch: etag,
          resourceBody: { id: 'state', pk, n: 3 },
        },
      ],
      pk,
    );
    expect(code).toBe(207);
    expect(result?.map(({ statusCode }) => statusCode)).toEqual([424, 412]);
    expect(await idsIn(pk)).toEqual(['state']);
  });

  test('of twenty that commit on one state, one wins, whole', async () => {
    const pk = fresh();
    const { etag } = await container.items.create({ id: 'state', pk, n: 0 });
    const commits = Array.from({ length: 20 }, (_, i) =>
      container.items.batch(
        [
          create(`commit-${i}`, pk),
          {
            operationType: 'Replace',
            id: 'state',
            ifMatch: etag,
            resourceBody: { id: 'state', pk, by: i },
          },
          create('outbox-1', pk, { by: i }),
        ],
        pk,
      ),
    );
    const codes = (await Promise.all(commits)).map(({ code }) => code);
    expect(codes.filter((code) => code === 200)).toHaveLength(1);
    const { resource } = await container.item('state', pk).read();
    expect((await container.item('outbox-1', pk).read()).resource).toMatchObject({ by: resource?.by });
    expect(await idsIn(pk)).toEqual(expect.arrayContaining(['state', 'outbox-1', `commit-${resource?.by}`]));
    expect(await idsIn(pk)).toHaveLength(3);
  });

  test('an item of another partition is refused', async () => {
    const pk = fresh();
    const { code, result } = await container.items.batch([create('a', pk), create('b', fresh())], pk);
    expect(code).toBe(207);
    expect(result?.map(({ statusCode }) => statusCode)).toEqual([424, 400]);
    expect(await idsIn(pk)).toEqual([]);
  });

  test('a hundred operations are done, and more refused', async () => {
    const pk = fresh();
    const operations = Array.from({ length: 100 }, (_, i) => create(String(i), pk));
    expect((await container.items.batch(operations, pk)).code).toBe(200);
    expect(await idsIn(pk)).toHaveLength(100);
    await expect(container.items.batch([...operations, create('100', pk)], pk)).rejects.toThrow();
  });

  test('more than 2 MB are refused, and nothing is done', async () => {
    const pk = fresh();
    const operations = ['a', 'b'].map((id) => create(id, pk, { text: 'x'.repeat(1_200_000) }));
    await expect(container.items.batch(operations, pk)).rejects.toThrow(/too large/);
    expect(await idsIn(pk)).toEqual([]);
  });

  test('a failing operation carries no substitute for its status: conflict and precondition stay apart', async () => {
    const pk = fresh();
    await container.items.create({ id: 'a', pk });
    const conflict = await container.items.batch([create('a', pk)], pk);
    const absent = await container.items.batch([{ operationType: 'Read', id: 'b' }], pk);
    expect([conflict.result?.[0]?.statusCode, absent.result?.[0]?.statusCode]).toEqual([409, 404]);
  });
});
