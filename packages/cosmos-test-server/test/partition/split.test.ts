import { ChangeFeedStartFrom } from '@azure/cosmos';
import type { Container, OperationInput } from '@azure/cosmos';
import { expect, test } from 'vitest';
import type { CosmosTestServer } from '../../src/index.js';
import { clientOf, openContainer, openServer, path, rawRequest } from '../open-server.js';

const ids = Array.from({ length: 40 }, (_, i) => `i${String(i).padStart(2, '0')}`);

/** A client that has already asked for the ranges. */
async function open(): Promise<{ server: CosmosTestServer; container: Container }> {
  const server = await openServer({ partitions: 2 });
  const container = await openContainer(clientOf(server));
  for (const id of ids) await container.items.create({ id, pk: id });
  await container.items.query('SELECT VALUE COUNT(1) FROM c').fetchAll();
  return { server, container };
}

test('a range that was split is gone, and its halves have its items', async () => {
  const { server, container } = await open();
  const halves = server.split(path, '0');
  expect(halves).toEqual(['2', '3']);
  const changes = (id: string): Promise<Response> =>
    rawRequest(server, 'GET', 'dbs/db/colls/items/docs', {
      'a-im': 'Incremental feed',
      'x-ms-documentdb-partitionkeyrangeid': id,
    });
  const gone = await changes('0');
  expect([gone.status, gone.headers.get('x-ms-substatus')]).toEqual([410, '1002']);
  const counts = await Promise.all(
    ['1', ...halves].map(async (id) => {
      const response = await changes(id);
      return ((await response.json()) as { _count: number })._count;
    }),
  );
  expect(counts.reduce((sum, one) => sum + one)).toBe(ids.length);
  expect(Math.min(...counts)).toBeGreaterThan(0);
  for (const id of ids) expect((await container.item(id, id).read()).statusCode).toBe(200);
});

test('queries of a client that knew the range find everything once', async () => {
  const { server, container } = await open();
  server.split(path);
  const { resources } = await container.items.query<string>('SELECT VALUE c.id FROM c').fetchAll();
  expect(resources.toSorted()).toEqual(ids);
  const sorted = await container.items.query('SELECT VALUE c.id FROM c ORDER BY c.id').fetchAll();
  expect(sorted.resources).toEqual(ids);
});

test('a change feed that is under way loses nothing and repeats nothing', async () => {
  const { server, container } = await open();
  const feed = container.items.getChangeFeedIterator<{ id: string }>({
    changeFeedStartFrom: ChangeFeedStartFrom.Beginning(),
    maxItemCount: 5,
  });
  const seen: string[] = [];
  const read = async (): Promise<number> => {
    const { result } = await feed.readNext();
    seen.push(...result.map(({ id }) => id));
    return result.length;
  };
  await read();
  server.split(path, '0');
  await read();
  server.split(path, '1');
  const later = Array.from({ length: 20 }, (_, i) => `later${String(i).padStart(2, '0')}`);
  for (const id of later) await container.items.create({ id, pk: id });
  for (let quiet = 0; quiet < 12;) quiet = (await read()) === 0 ? quiet + 1 : 0;
  expect(seen.toSorted()).toEqual([...ids, ...later]);
});

test('bulk operations find the new ranges', async () => {
  const { server, container } = await open();
  const operations = (name: string): OperationInput[] =>
    ids.map((pk) => ({ operationType: 'Create', partitionKey: pk, resourceBody: { id: name, pk } }));
  await container.items.executeBulkOperations(operations('before'));
  server.split(path);
  const responses = await container.items.executeBulkOperations(operations('behind'));
  expect(responses.map(({ response }) => response?.statusCode)).toEqual(ids.map(() => 201));
});

test('a session goes on in the halves', async () => {
  const { server, container } = await open();
  server.split(path, '0');
  server.split(path, '1');
  server.faults.setReplicaLagMs(60_000);
  for (const id of ids) {
    await container.item(id, id).replace({ id, pk: id, n: 2 });
    expect((await container.item(id, id).read()).resource).toMatchObject({ n: 2 });
  }
});

test('refuses to split what is not there', async () => {
  const { server } = await open();
  expect(() => server.split({ ...path, container: 'absent' })).toThrow(/Owner/);
  expect(() => server.split(path, '9')).toThrow(/no longer available/);
});
