import { PartitionKeyDefinitionVersion, PartitionKeyKind } from '@azure/cosmos';
import { expect, test } from 'vitest';
import { refusal } from '../contract/target.js';
import { clientOf, openContainer, openServer, rawRequest } from '../open-server.js';

const items = 'dbs/db/colls/items/docs';
const query = { 'x-ms-documentdb-isquery': 'true', 'x-ms-documentdb-partitionkey': '["p"]' };
const key = { 'x-ms-documentdb-partitionkey': '["p"]' };
const ask = (text: string): string => JSON.stringify({ query: text });
const item = '{"id":"a","pk":"p"}';

/** Method, path, headers, body, and the name of what is not there. */
type Unknown = readonly [string, string, Readonly<Record<string, string>>, string | undefined, string];

const unknown: readonly Unknown[] = [
  ['GET', 'offers', {}, undefined, 'GET /offers'],
  ['POST', 'dbs/db/colls/items/sprocs', {}, '{}', 'POST /dbs/db/colls/items/sprocs'],
  ['GET', 'dbs/db/colls/items/conflicts', {}, undefined, 'GET /dbs/db/colls/items/conflicts'],
  ['POST', items, query, ask('SELECT VALUE udf.f(c.n) FROM c'), 'user-defined functions'],
  ['POST', items, query, ask('SELECT VALUE ST_DISTANCE(c.a, c.b) FROM c'), 'the function "ST_DISTANCE"'],
  ['POST', items, query, ask('SELECT * FROM (SELECT VALUE c FROM c) AS d'), 'a query whose first source'],
  ['GET', items, { 'a-im': 'Full-Fidelity Feed' }, undefined, 'the change feed mode "Full-Fidelity Feed"'],
  ['GET', items, { 'a-im': 'Incremental feed' }, undefined, 'a change feed of several partition key ranges'],
  ['POST', items, { ...key, 'x-ms-documentdb-pre-trigger-include': 't' }, item, 'triggers'],
  ['POST', items, { ...key, 'x-ms-indexing-directive': 'Exclude' }, item, 'indexing directives'],
  ['POST', items, { ...key, 'if-none-match': '*' }, item, 'If-None-Match on a write'],
  ['POST', items, { ...key, 'if-match': '*' }, item, 'If-Match on a creation'],
  ['PATCH', `${items}/a`, key, '[{"op":"copy","path":"/n"}]', 'the patch operation "copy"'],
  ['POST', items, { ...key, ...batch() }, '[{"operationType":"Execute"}]', 'the batch operation "Execute"'],
];

function batch(): Readonly<Record<string, string>> {
  return { 'x-ms-cosmos-is-batch-request': 'true', 'x-ms-cosmos-batch-atomic': 'true' };
}

const definitions: readonly (readonly [string, object])[] = [
  ['partition key hash version 1', { partitionKey: { paths: ['/pk'] } }],
  ['the container property "computedProperties"', { computedProperties: [] }],
  ['"vectorIndexes" of an indexing policy', { indexingPolicy: { vectorIndexes: [{}] } }],
  ['the indexing mode "lazy"', { indexingPolicy: { indexingMode: 'lazy' } }],
  ['custom conflict resolution', { conflictResolutionPolicy: { mode: 'Custom' } }],
  ['autoscale throughput', { maxThroughput: 4000 }],
];

test.each(unknown)('%s %s %o says that it is not implemented', async (method, path, headers, body, what) => {
  const server = await openServer();
  const opened = await openContainer(clientOf(server));
  await opened.items.create({ id: 'a', pk: 'p' });
  const response = await rawRequest(server, method, path, headers, body);
  expect(response.status).toBe(501);
  const { code, message } = (await response.json()) as { code: string; message: string };
  expect(code).toBe('NotImplemented');
  expect(message).toContain(`does not implement ${what}`);
});

test.each(definitions)('%s is not implemented, and said so', async (what, more) => {
  const client = clientOf(await openServer());
  await openContainer(client);
  const partitionKey = { paths: ['/pk'], kind: PartitionKeyKind.Hash, version: 2 };
  const created = client.database('db').containers.create({ id: 'x', partitionKey, ...more });
  const error = await created.catch((one: unknown) => one as { code: unknown; message: string });
  expect(error).toMatchObject({ code: 501, message: expect.stringContaining(`does not implement ${what}`) });
});

test('a stronger consistency than that of the account is refused', async () => {
  const server = await openServer();
  const strong = clientOf(server, { consistencyLevel: 'Strong' });
  expect(await refusal(openContainer(strong))).toMatchObject({ code: 400 });
});

test.each([
  ['POST', items, '["p"]', '{"id"'],
  ['POST', items, '["p"]', '[]'],
  ['POST', items, 'p', item],
  ['POST', items, '[{"a":1}]', item],
  ['POST', items, '["p","q"]', item],
  ['POST', items, '[]', item],
  ['POST', items, '["other"]', item],
  ['POST', items, '["p"]', '{"pk":"p"}'],
  ['POST', items, '["p"]', '{"id":7,"pk":"p"}'],
  ['GET', 'dbs/%E0%A4%A', '["p"]', undefined],
])('%s %s with the key %s and the body %s is a bad request', async (method, path, pk, body) => {
  const server = await openServer();
  await openContainer(clientOf(server));
  const response = await rawRequest(server, method, path, { 'x-ms-documentdb-partitionkey': pk }, body);
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, 'BadRequest']);
});

test('an item is not written without a partition key', async () => {
  const server = await openServer();
  await openContainer(clientOf(server));
  const response = await rawRequest(server, 'POST', items, {}, item);
  expect([response.status, response.headers.get('x-ms-substatus')]).toEqual([400, '1001']);
});

test('a batch with an operation that is not implemented does nothing', async () => {
  const server = await openServer();
  const opened = await openContainer(clientOf(server));
  const operations =
    '[{"operationType":"Create","resourceBody":{"id":"a","pk":"p"}},{"operationType":"Execute"}]';
  expect((await rawRequest(server, 'POST', items, { ...key, ...batch() }, operations)).status).toBe(501);
  expect((await opened.item('a', 'p').read()).statusCode).toBe(404);
});

test('a method that a path has not is refused', async () => {
  const server = await openServer();
  expect((await rawRequest(server, 'PUT', 'dbs')).status).toBe(405);
});

test('a cross-partition query that the gateway cannot serve says how to ask the ranges', async () => {
  const server = await openServer();
  await openContainer(clientOf(server));
  const headers = { 'x-ms-documentdb-isquery': 'true' };
  const response = await rawRequest(server, 'POST', items, headers, ask('SELECT VALUE COUNT(1) FROM c'));
  expect([response.status, response.headers.get('x-ms-substatus')]).toEqual([400, '1004']);
  const { additionalErrorInfo } = (await response.json()) as { additionalErrorInfo: string };
  expect(JSON.parse(additionalErrorInfo)).toMatchObject({ queryInfo: { aggregates: ['Count'] } });
});

test('a container needs a partition key that can be', async () => {
  const server = await openServer();
  await openContainer(clientOf(server));
  const { containers } = clientOf(server).database('db');
  const version = PartitionKeyDefinitionVersion.V2;
  const wrong = [
    { paths: ['pk'], kind: PartitionKeyKind.Hash, version },
    { paths: ['/a', '/b'], kind: PartitionKeyKind.Hash, version },
    { paths: ['/a', '/b', '/c', '/d'], kind: PartitionKeyKind.MultiHash, version },
  ];
  for (const [i, partitionKey] of wrong.entries())
    expect(await refusal(containers.create({ id: `x${i}`, partitionKey }))).toMatchObject({ code: 400 });
});
