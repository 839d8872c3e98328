import type { Container } from '@azure/cosmos';
import { expect, test } from 'vitest';
import { keyOn, refusal } from '../contract/target.js';
import { clientOf, openContainer, openServer, path, rawRequest, withoutRetries } from '../open-server.js';

/** Creates items until one is refused. */
async function createUntilRefused(container: Container, pk: string): Promise<number> {
  for (let i = 0; i < 1000; i++) {
    const created = container.items.create({ id: `${pk}-${Math.random()}`, pk });
    const outcome = await created.then(
      () => undefined,
      (error: unknown) => error as { code: unknown },
    );
    if (outcome === undefined) continue;
    expect(outcome).toMatchObject({ code: 429, substatus: 3200 });
    return i;
  }
  throw new Error('Nothing was refused.');
}

test('what is beyond the budget is refused until the next second', async () => {
  const server = await openServer({ partitions: 1 });
  server.clock.stop();
  const container = await openContainer(clientOf(server, withoutRetries));
  server.faults.setBudget(path, 50);
  expect(await createUntilRefused(container, 'p')).toBe(10);
  server.clock.advance(1000);
  expect((await container.items.create({ id: 'later', pk: 'p' })).statusCode).toBe(201);
  server.faults.setBudget(path, undefined);
  for (let i = 0; i < 20; i++) await container.items.create({ id: String(i), pk: 'p' });
});

test('says how long the client has to wait', async () => {
  const server = await openServer({ partitions: 1 });
  server.clock.stop();
  const container = await openContainer(clientOf(server, withoutRetries));
  server.faults.setBudget(path, 5);
  await container.items.create({ id: 'a', pk: 'p' });
  const error = await container.items
    .create({ id: 'b', pk: 'p' })
    .catch((one: unknown) => one as { retryAfterInMs: number });
  const { retryAfterInMs } = error as { retryAfterInMs: number };
  expect(retryAfterInMs).toBeGreaterThan(0);
  expect(retryAfterInMs).toBeLessThanOrEqual(1000);
});

test('each physical partition has its share', async () => {
  const server = await openServer({ partitions: 2 });
  server.clock.stop();
  const container = await openContainer(clientOf(server, withoutRetries));
  server.faults.setBudget(path, 100);
  expect(await createUntilRefused(container, 'p')).toBe(10);
  // Some other key lies in the other partition, which has spent nothing.
  const others = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
  const outcomes = await Promise.allSettled(others.map((pk) => container.items.create({ id: 'x', pk })));
  expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
});

test('a batch is one spending, and refused as a whole', async () => {
  const server = await openServer({ partitions: 1 });
  server.clock.stop();
  const container = await openContainer(clientOf(server, withoutRetries));
  server.faults.setBudget(path, 20);
  const batch = (name: string): Promise<{ code?: number }> =>
    container.items.batch(
      ['a', 'b', 'c', 'd', 'e'].map((id) => ({
        operationType: 'Create' as const,
        resourceBody: { id: `${name}-${id}`, pk: 'p' },
      })),
      'p',
    );
  expect((await batch('first')).code).toBe(200);
  await expect(batch('second')).rejects.toThrow(/Request rate is large/);
  server.faults.setBudget(path, undefined);
  const { resources } = await container.items
    .query('SELECT VALUE COUNT(1) FROM c', { partitionKey: 'p' })
    .fetchAll();
  expect(resources).toEqual([5]);
});

test('in a bulk request each operation is refused alone', async () => {
  const server = await openServer({ partitions: 1 });
  server.clock.stop();
  const container = await openContainer(clientOf(server, withoutRetries));
  server.faults.setBudget(path, 20);
  const operation = (id: string): string =>
    JSON.stringify({ operationType: 'Create', partitionKey: '["p"]', resourceBody: { id, pk: 'p' } });
  const headers = {
    'x-ms-cosmos-is-batch-request': 'true',
    'x-ms-cosmos-batch-atomic': 'false',
    'x-ms-cosmos-batch-continue-on-error': 'true',
    'x-ms-documentdb-partitionkeyrangeid': '0',
  };
  const body = `[${['a', 'b', 'c', 'd', 'e', 'f'].map(operation).join(',')}]`;
  const response = await rawRequest(server, 'POST', 'dbs/db/colls/items/docs', headers, body);
  expect(response.status).toBe(207);
  const results = (await response.json()) as { statusCode: number; retryAfterMilliseconds?: number }[];
  expect(results.map(({ statusCode }) => statusCode)).toEqual([201, 201, 201, 201, 429, 429]);
  expect(results[4]?.retryAfterMilliseconds).toBeGreaterThan(0);
  server.faults.setBudget(path, undefined);
  const { resources } = await container.items
    .query('SELECT VALUE c.id FROM c', { partitionKey: 'p' })
    .fetchAll();
  expect(resources).toEqual(['a', 'b', 'c', 'd']);
});

test('the throughput of a container is its budget', async () => {
  const server = await openServer({ partitions: 1 });
  server.clock.stop();
  await openContainer(clientOf(server));
  const { containers } = clientOf(server, withoutRetries).database(path.database);
  const definition = { id: 'small', partitionKey: keyOn('/pk') };
  const { container } = await containers.create({ ...definition, throughput: 400 });
  expect(await createUntilRefused(container, 'p')).toBe(80);
});

test('refuses a budget that is none, and a container that is not there', async () => {
  const server = await openServer();
  await openContainer(clientOf(server));
  for (const units of [0, -1, 1.5, Number.NaN, Infinity])
    expect(() => server.faults.setBudget(path, units)).toThrow(RangeError);
  expect(() => server.faults.setBudget({ ...path, container: 'absent' }, 5)).toThrow(/Owner/);
});

test('operations cost what the README says', async () => {
  const server = await openServer();
  const container = await openContainer(clientOf(server));
  const text = 'x'.repeat(3000);
  const created = await container.items.create({ id: 'a', pk: 'p' });
  const large = await container.items.create({ id: 'b', pk: 'p', text });
  const replaced = await container.item('a', 'p').replace({ id: 'a', pk: 'p' });
  const read = await container.item('b', 'p').read();
  const deleted = await container.item('a', 'p').delete();
  const charges = [created, large, replaced, read, deleted].map(({ requestCharge }) => requestCharge);
  expect(charges).toEqual([5, 20, 10, 4, 5]);
  expect(await refusal(container.item('a', 'p').delete())).toMatchObject({ code: 404 });
  expect(server.requests.entries.at(-1)).toMatchObject({ status: 404, charge: 1 });
});
