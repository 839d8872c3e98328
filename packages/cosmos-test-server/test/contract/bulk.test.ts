import { beforeAll, expect, test } from 'vitest';
import type { Container, OperationInput } from '@azure/cosmos';
import { describeContract, fresh } from './target.js';

describeContract('bulk', (target) => {
  let container: Container;
  beforeAll(async () => {
    container = await target.container();
  });

  test.concurrent('spreads operations over partitions, and answers them in their order', async () => {
    const set = fresh();
    const operations = Array.from({ length: 90 }, (_, i) => ({
      operationType: 'Create' as const,
      resourceBody: { id: `${set}-${i}`, pk: `${set}-${i % 9}`, n: i },
      partitionKey: `${set}-${i % 9}`,
    }));
    const result = await container.items.executeBulkOperations(operations);
    expect(result.map(({ response }) => response?.statusCode)).toEqual(operations.map(() => 201));
    for (const i of [0, 44, 89]) {
      const { resource } = await container.item(`${set}-${i}`, `${set}-${i % 9}`).read();
      expect(resource).toMatchObject({ n: i });
    }
  });

  test.concurrent('does every kind of operation', async () => {
    const pk = fresh();
    for (const id of ['replaced', 'read', 'deleted', 'patched'])
      await container.items.create({ id, pk, n: 1 });
    const operations: OperationInput[] = [
      { operationType: 'Create', resourceBody: { id: 'created', pk }, partitionKey: pk },
      { operationType: 'Upsert', resourceBody: { id: 'upserted', pk }, partitionKey: pk },
      {
        operationType: 'Replace',
        id: 'replaced',
        resourceBody: { id: 'replaced', pk, n: 2 },
        partitionKey: pk,
      },
      { operationType: 'Read', id: 'read', partitionKey: pk },
      { operationType: 'Delete', id: 'deleted', partitionKey: pk },
      {
        operationType: 'Patch',
        id: 'patched',
        resourceBody: { operations: [{ op: 'incr', path: '/n', value: 4 }] },
        partitionKey: pk,
      },
    ];
    const responses = await container.items.executeBulkOperations(operations);
    expect(responses.map(({ response }) => response?.statusCode)).toEqual([201, 201, 200, 200, 204, 200]);
    expect((await container.item('patched', pk).read()).resource).toMatchObject({ n: 5 });
    expect((await container.item('deleted', pk).read()).statusCode).toBe(404);
  });

  test.concurrent('an operation that fails does not stop or undo the others', async () => {
    const pk = fresh();
    await container.items.create({ id: 'taken', pk, n: 1 });
    const responses = await container.items.executeBulkOperations(
      ['a', 'taken', 'b'].map((id) => ({
        operationType: 'Create' as const,
        resourceBody: { id, pk, n: 2 },
        partitionKey: pk,
      })),
    );
    const codes = responses.map(({ response, error }) => response?.statusCode ?? error?.code);
    expect(codes).toEqual([201, 409, 201]);
    expect((await container.item('taken', pk).read()).resource).toMatchObject({ n: 1 });
    expect((await container.item('b', pk).read()).statusCode).toBe(200);
  });

  test.concurrent('finds the partitions of numbers, booleans and null', async () => {
    const set = fresh();
    const keys = [7, -0.25, 1e21, true, false, null];
    const responses = await container.items.executeBulkOperations(
      keys.map((pk, i) => ({
        operationType: 'Create' as const,
        resourceBody: { id: `${set}-${i}`, pk },
        partitionKey: pk,
      })),
    );
    expect(responses.map(({ response }) => response?.statusCode)).toEqual(keys.map(() => 201));
    for (const [i, pk] of keys.entries()) {
      expect((await container.item(`${set}-${i}`, pk).read()).statusCode).toBe(200);
      await container.item(`${set}-${i}`, pk).delete();
    }
  });
});
