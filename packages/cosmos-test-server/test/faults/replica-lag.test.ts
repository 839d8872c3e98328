import { ChangeFeedStartFrom } from '@azure/cosmos';
import type { Container } from '@azure/cosmos';
import { expect, test } from 'vitest';
import { refusal } from '../contract/target.js';
import { clientOf, containerOf, openContainer, openServer, rawRequest } from '../open-server.js';
import type { CosmosTestServer } from '../../src/index.js';

const lagMs = 60_000;

interface Readers {
  readonly server: CosmosTestServer;
  /** Writes, in its session. */
  readonly writer: Container;
  /** Has a session too, and wrote nothing in it. */
  readonly stranger: Container;
  /** Sends no session token. */
  readonly careless: Container;
}

async function open(): Promise<Readers> {
  const server = await openServer();
  const writer = await openContainer(clientOf(server));
  return {
    server,
    writer,
    stranger: containerOf(clientOf(server)),
    careless: await openContainer(clientOf(server, { consistencyLevel: 'Eventual' })),
  };
}

const seen = async (container: Container): Promise<unknown> =>
  (await container.item('a', 'p').read()).resource?.n;

test('a read without a session token shows an older state, and later the newest', async () => {
  const { server, writer, careless } = await open();
  await writer.items.create({ id: 'a', pk: 'p', n: 1 });
  server.clock.advance(lagMs);
  server.faults.setReplicaLagMs(lagMs);
  await writer.item('a', 'p').replace({ id: 'a', pk: 'p', n: 2 });
  expect(await seen(careless)).toBe(1);
  expect(await seen(writer)).toBe(2);
  server.clock.advance(lagMs);
  expect(await seen(careless)).toBe(2);
});

test('a new item is absent, and a deleted one there, until the replica has caught up', async () => {
  const { server, writer, careless } = await open();
  server.faults.setReplicaLagMs(lagMs);
  await writer.items.create({ id: 'a', pk: 'p', n: 1 });
  expect((await careless.item('a', 'p').read()).statusCode).toBe(404);
  server.clock.advance(lagMs);
  await writer.item('a', 'p').delete();
  expect(await seen(careless)).toBe(1);
  expect((await writer.item('a', 'p').read()).statusCode).toBe(404);
  server.clock.advance(lagMs);
  expect((await careless.item('a', 'p').read()).statusCode).toBe(404);
});

test('the session of another client does not help, and its own does', async () => {
  const { server, writer, stranger } = await open();
  server.faults.setReplicaLagMs(lagMs);
  await writer.items.create({ id: 'a', pk: 'p', n: 1 });
  expect((await stranger.item('a', 'p').read()).statusCode).toBe(404);
  // A refused write tells the stranger how far the partition is.
  expect(await refusal(stranger.items.create({ id: 'a', pk: 'p' }))).toMatchObject({ code: 409 });
  expect(await seen(stranger)).toBe(1);
});

test('queries and the change feed lag like reads', async () => {
  const { server, writer, careless } = await open();
  server.faults.setReplicaLagMs(lagMs);
  await writer.items.create({ id: 'a', pk: 'p', n: 1 });
  const count = async (container: Container): Promise<unknown> =>
    (await container.items.query('SELECT * FROM c', { partitionKey: 'p' }).fetchAll()).resources.length;
  expect([await count(careless), await count(writer)]).toEqual([0, 1]);
  const feed = careless.items.getChangeFeedIterator({
    changeFeedStartFrom: ChangeFeedStartFrom.Beginning('p'),
  });
  expect((await feed.readNext()).statusCode).toBe(304);
  server.clock.advance(lagMs);
  // Nothing is passed over by having been looked at too early.
  expect((await feed.readNext()).result).toHaveLength(1);
});

test('conditions of writes are about the newest state', async () => {
  const { server, writer, careless } = await open();
  server.faults.setReplicaLagMs(lagMs);
  const { etag } = await writer.items.create({ id: 'a', pk: 'p', n: 1 });
  await writer.item('a', 'p').replace({ id: 'a', pk: 'p', n: 2 });
  const accessCondition = { type: 'IfMatch', condition: etag };
  const stale = careless.item('a', 'p').replace({ id: 'a', pk: 'p', n: 3 }, { accessCondition });
  expect(await refusal(stale)).toMatchObject({ code: 412 });
});

test('a session that has seen more than there is gets 404/1002', async () => {
  const { server, writer } = await open();
  await writer.items.create({ id: 'a', pk: 'p' });
  const read = async (lsn: number): Promise<unknown> => {
    const session = [0, 1, 2, 3].map((range) => `${range}:-1#${lsn}`).join(',');
    const headers = { 'x-ms-documentdb-partitionkey': '["p"]', 'x-ms-session-token': session };
    const response = await rawRequest(server, 'GET', 'dbs/db/colls/items/docs/a', headers);
    return [response.status, response.headers.get('x-ms-substatus')];
  };
  expect(await read(1)).toEqual([200, null]);
  expect(await read(999)).toEqual([404, '1002']);
});

test('refuses a lag that is none', async () => {
  const { faults } = await openServer();
  for (const ms of [-1, Number.NaN, Infinity, undefined as never])
    expect(() => faults.setReplicaLagMs(ms)).toThrow(RangeError);
});
