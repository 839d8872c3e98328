import { systemClock, type ActorInstance, type Clock, type InstanceChange } from '@certoai/loom-core';
import { CosmosDBActorRegistry, type CosmosConnection } from '@certoai/loom-storage';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BusyClock } from './busy-clock.js';
import { startCosmos, type TestCosmos } from './cosmos.js';

let cosmos: TestCosmos;
let connection: CosmosConnection;
let clock: BusyClock;
let databases = 0;

beforeAll(async () => {
  cosmos = await startCosmos();
});
beforeEach(async () => {
  connection = await cosmos.open({ database: `live-${(databases += 1)}` });
  clock = new BusyClock();
});
afterEach(() => cosmos.server.faults.clear());
afterAll(() => cosmos[Symbol.asyncDispose]());

/** @param time - the system's, where waits between requests are to end by themselves */
function registry(time: Clock = clock): CosmosDBActorRegistry {
  const { client, database } = connection;
  return new CosmosDBActorRegistry(client, { database, clock: time, leaseMs: 3_000 });
}

function instance(id: string, fields: Partial<ActorInstance> = {}): ActorInstance {
  return {
    id,
    worker: 'w',
    actors: [],
    status: 'ready',
    slots: { used: 0, total: 9 },
    startedAt: 0,
    ...fields,
  };
}

describe('an answer that is lost', () => {
  const lost = { times: 1, effect: { kind: 'disconnect', when: 'after' } } as const;

  test('does not make a registration another one', async () => {
    await using here = registry(systemClock);
    await here.list();
    cosmos.server.faults.add({ ...lost, match: { operation: 'create-item' } });
    expect(await here.register(instance('a'))).toEqual({ replaced: false });
    cosmos.server.faults.add({ ...lost, match: { operation: 'replace-item' } });
    expect(await here.register(instance('a', { worker: 'x' }))).toEqual({ replaced: true });
    cosmos.server.faults.add({ ...lost, match: { operation: 'replace-item' } });
    expect(await here.deregister('a')).toEqual({ known: true });
    expect(await here.list()).toEqual([]);
  });

  test('is no change to who watches', async () => {
    await using here = registry(systemClock);
    const changes: InstanceChange[] = [];
    await here.register(instance('a'));
    await here.watch((change) => void changes.push(change));
    cosmos.server.faults.add({ ...lost, match: { operation: 'patch-item' } });
    expect(await here.heartbeat('a', { status: 'draining' })).toEqual({ known: true });
    await here.deregister('a');
    await expect
      .poll(() => changes.map(({ kind }) => kind), { timeout: 20_000 })
      .toEqual(['updated', 'gone']);
  });
});

describe('many at once', () => {
  test('that register one id are one instance', async () => {
    const replies = await Promise.all(
      Array.from({ length: 15 }, (_, index) => registry().register(instance('a', { worker: `w${index}` }))),
    );
    expect(replies.filter(({ replaced }) => !replaced)).toHaveLength(1);
    expect(await registry().list()).toHaveLength(1);
  });

  test('that deregister one id find it once', async () => {
    await registry().register(instance('a'));
    const replies = await Promise.all(Array.from({ length: 10 }, () => registry().deregister('a')));
    expect(replies.filter(({ known }) => known)).toHaveLength(1);
  });
});

describe('a watch', () => {
  test('that looks too seldom sees how it came out', async () => {
    await using here = registry();
    await using there = registry();
    const changes: InstanceChange[] = [];
    await here.register(instance('a'));
    await there.watch((change) => void changes.push(change));
    await here.heartbeat('a', { status: 'draining' });
    for (let used = 1; used <= 9; used++) await here.heartbeat('a', { slots: { used, total: 9 } });
    await clock.advance(1_500);
    const seen = changes.map((change) => change.instance.slots.used);
    expect(seen).toEqual(seen.toSorted((left, right) => left - right));
    expect(changes.at(-1)?.instance).toEqual((await here.list())[0]);
    expect(changes.at(-1)?.instance).toMatchObject({ status: 'draining', slots: { used: 9 } });
  });

  test('goes on after the store was away', async () => {
    await using here = registry();
    await using there = registry();
    const changes: InstanceChange[] = [];
    await there.watch((change) => void changes.push(change));
    const back = cosmos.server.faults.add({
      match: { operation: 'query' },
      effect: { kind: 'answer', status: 403 },
    });
    await here.register(instance('a'));
    await clock.advance(1_200);
    expect(changes).toEqual([]);
    back();
    await clock.advance(1_200);
    expect(changes.map(({ kind }) => kind)).toEqual(['registered']);
  });

  test('asks three times a lease while nothing happens, and not at all once it has ended', async () => {
    await using here = registry();
    const end = await here.watch(() => undefined);
    cosmos.server.requests.clear();
    await clock.advance(9_000);
    expect(cosmos.server.requests.count('query')).toBeLessThanOrEqual(10);
    expect(cosmos.server.requests.count('query')).toBeGreaterThanOrEqual(8);
    end();
    cosmos.server.requests.clear();
    await clock.advance(9_000);
    expect(cosmos.server.requests.entries).toHaveLength(0);
    expect(clock.pendingTimers).toBe(0);
  });

  test('that cannot begin says why, and leaves nothing behind', async () => {
    await using here = registry();
    await here.list();
    cosmos.server.faults.add({ match: { operation: 'query' }, effect: { kind: 'answer', status: 401 } });
    await expect(here.watch(() => undefined)).rejects.toMatchObject({ code: 'LOOM_STORE_FAILED' });
    await clock.idle();
    expect(clock.pendingTimers).toBe(0);
  });
});

test('a heartbeat is one request, and one item is all that an instance leaves behind', async () => {
  await using here = registry();
  await here.register(instance('a'));
  cosmos.server.requests.clear();
  await here.heartbeat('a', { status: 'ready', slots: { used: 1, total: 9 } });
  expect(cosmos.server.requests.entries).toHaveLength(1);
  await here.deregister('a');
  cosmos.server.clock.advance(120_000);
  const items = await (connection.client as never as typeof import('@azure/cosmos').CosmosClient.prototype)
    .database(connection.database)
    .container('actor-instances')
    .items.query('SELECT * FROM c')
    .fetchAll();
  expect(items.resources).toEqual([]);
});

test.each([0, -1, 1.5, Number.NaN, Infinity])('refuses a lease of %s', (leaseMs) => {
  expect(() => new CosmosDBActorRegistry(connection.client, { leaseMs })).toThrow(/^leaseMs is /);
});
