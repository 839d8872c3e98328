import type { OutboxStore } from '@certoai/loom-core';
import { CosmosOutboxStore } from '@certoai/loom-storage/cosmos';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { CosmosOutboxes } from './cosmos-outboxes.js';
import { startCosmos, type TestCosmos } from './cosmos.js';
import { claim, commit, contentsOf, drain, keyed, leaseMs, park, settle } from './outbox-calls.js';

let cosmos: TestCosmos;
let outboxes: CosmosOutboxes;

beforeAll(async () => {
  cosmos = await startCosmos();
  outboxes = new CosmosOutboxes(cosmos);
});
afterEach(() => cosmos.server.faults.setReplicaLagMs(0));
afterAll(() => cosmos[Symbol.asyncDispose]());

async function idsIn(partition: string): Promise<readonly string[]> {
  const { client, database } = await cosmos.open();
  const found = await (client as never as typeof import('@azure/cosmos').CosmosClient.prototype)
    .database(database)
    .container('outbox')
    .items.query<string>('SELECT VALUE c.id FROM c', { partitionKey: partition })
    .fetchAll();
  return found.resources.toSorted();
}

describe('of two processes', () => {
  test('one wins a version, and the other is told which one there is', async () => {
    await using here = await outboxes.opened({ partition: 'race' });
    await using there = await outboxes.opened({ partition: 'race' });
    await here.commit({ writes: [{ key: 'a', value: '1' }], messages: [] });
    const replies = await Promise.all(
      [here, there].map((store, place) =>
        store.commit({
          writes: [
            { key: `of${place}`, value: 'x' },
            { key: 'a', value: String(place), ifVersion: 1 },
          ],
          messages: keyed('k', String(place)),
        }),
      ),
    );
    const winner = replies.findIndex(({ committed }) => committed);
    expect(replies[1 - winner]).toEqual({ committed: false, key: 'a', version: 2 });
    expect(await here.read('a')).toEqual({ value: String(winner), version: 2 });
    expect(await here.read(`of${1 - winner}`)).toBeUndefined();
    expect(await drain(there)).toEqual([String(winner)]);
  });

  test('that commit at once, all messages are there, in the order of each process', async () => {
    const stores = [
      await outboxes.opened({ partition: 'both' }),
      await outboxes.opened({ partition: 'both' }),
    ];
    await Promise.all(
      stores.flatMap((store, place) =>
        Array.from({ length: 15 }, (_, n) => commit(store, keyed('k', `${place} ${n}`))),
      ),
    );
    const contents = await drain(stores[0] as OutboxStore, 7);
    expect(contents).toHaveLength(30);
    for (const place of [0, 1]) {
      const own = contents.filter((content) => content.startsWith(String(place)));
      expect(own).toEqual(Array.from({ length: 15 }, (_, n) => `${place} ${n}`));
    }
  });

  test('that commit all the time, none keeps the others from it', async () => {
    const partition = 'busy';
    const stores = await Promise.all([1, 2, 3, 4].map(() => outboxes.opened({ partition })));
    await Promise.all(
      stores.map(async (store, place) => {
        for (let n = 0; n < 100; n += 1) {
          const writes = [{ key: `${place}/${n}`, value: '1', ifVersion: 0 }];
          await store.commit({ writes, messages: keyed(`${place}/${n}`, 'm') });
        }
      }),
    );
    expect((await stores[0]?.stats())?.waiting).toBe(400);
  });

  test('one that was frozen past its lease settles nothing that the other has sent or has', async () => {
    const frozen = await outboxes.create();
    const heir = await outboxes.another(frozen);
    await commit(frozen, [...keyed('k', '1', '2'), ...keyed(undefined, 'free')]);
    const late = await claim(frozen);
    await outboxes.elapse(leaseMs + 1);
    const claimed = await claim(heir);
    expect(contentsOf(claimed)).toEqual(['1', '2', 'free']);
    await commit(heir, keyed('k', '3'));
    await settle(frozen, late);
    expect((await heir.stats()).waiting).toBe(4);
    await settle(heir, claimed);
    await settle(frozen, late);
    expect(await drain(frozen)).toEqual(['3']);
  });

  test('one that reads old replicas takes no part in what is decided', async () => {
    await using here = await outboxes.opened({ partition: 'lag' });
    await using there = await outboxes.opened({ partition: 'lag' });
    const value = { key: 'a', value: 'x' };
    await here.commit({ writes: [value], messages: [] });
    await there.read('a');
    cosmos.server.faults.setReplicaLagMs(400);
    await here.commit({ writes: [value], messages: keyed('k', '1') });
    // Its replicas say 1.
    expect(await there.commit({ writes: [{ ...value, ifVersion: 2 }], messages: keyed('k', '2') })).toEqual({
      committed: true,
      versions: [3],
    });
    expect(await here.commit({ writes: [value], messages: keyed('k', '3') })).toEqual({
      committed: true,
      versions: [4],
    });
    expect(await there.commit({ writes: [{ ...value, ifVersion: 3 }], messages: [] })).toEqual({
      committed: false,
      key: 'a',
      version: 4,
    });
    const sent: string[] = [];
    await vi.waitFor(
      async () => {
        for (const store of [here, there]) sent.push(...(await drain(store, 1)));
        expect(sent).toEqual(['1', '2', '3']);
      },
      { timeout: 20_000 },
    );
    expect((await here.stats()).waiting).toBe(0);
  });
});

describe('a commit that is too large', () => {
  test.each([
    ['writes', { writes: 99, keys: 0 }, /99 writes and messages of 0 keys, which may take 101 operations/],
    ['keys', { writes: 2, keys: 49 }, /2 writes and messages of 49 keys, which may take 102 operations/],
  ])('by its %s is refused, and nothing is written', async (_, { writes, keys }, expected) => {
    await using store = await outboxes.opened();
    const step = {
      writes: Array.from({ length: writes }, (__, n) => ({ key: `s${n}`, value: '1' })),
      messages: Array.from({ length: keys }, (__, n) => ({ key: `k${n}`, content: 'm' })),
    };
    const refused = store.commit(step);
    await expect(refused).rejects.toMatchObject({ code: 'LOOM_INVALID_OPTION', message: expected });
    expect(await store.read('s0')).toBeUndefined();
    expect((await store.stats()).waiting).toBe(0);
    const most = {
      writes: step.writes.slice(0, 98 - 2 * Math.min(keys, 48)),
      messages: step.messages.slice(0, 48),
    };
    expect(await store.commit(most)).toMatchObject({ committed: true });
    // Once more, when every key has a lane.
    expect(await store.commit(most)).toMatchObject({ committed: true });
    expect((await store.stats()).waiting).toBe(2 * most.messages.length);
  });

  test('by its bytes is refused, and what fits can be claimed, parked and retried', async () => {
    await using store = await outboxes.opened();
    const writes = [{ key: 'a', value: 'x'.repeat(700_000) }];
    const refused = store.commit({ writes, messages: keyed('k', 'y'.repeat(800_000)) });
    await expect(refused).rejects.toMatchObject({
      code: 'LOOM_PAYLOAD_TOO_LARGE',
      message: /The commit has 1500\d\d\d bytes as Cosmos DB gets it; the limit is 1500000/,
    });
    expect(await store.read('a')).toBeUndefined();
    const large = 'y'.repeat(1_490_000);
    await commit(store, keyed('k', large));
    await park(store, true);
    expect(await store.unpark('retry')).toBe(1);
    expect(await drain(store)).toEqual([large]);
  });
});

test('a key with more later commits than a batch can settle is sent in parts and in order', async () => {
  await using store = await outboxes.opened();
  const contents = Array.from({ length: 230 }, (_, n) => String(n));
  for (const content of contents) await commit(store, keyed('k', content, `${content}b`));
  const claimed = await claim(store, 1_000);
  expect(contentsOf(claimed)).toHaveLength(182);
  // Not all of it: the rest comes at once, begun in the middle of a commit.
  const { lane = '', messages = [] } = claimed.lanes[0] ?? {};
  const sent = messages.slice(0, 101).map(({ id }) => id);
  await store.settle(claimed.token, [{ lane, sent }]);
  const all = contents.flatMap((content) => [content, `${content}b`]);
  expect(await drain(store, 1_000)).toEqual(all.slice(101));
}, 60_000);

test('more messages without a key than a batch can park are all parked, and come back', async () => {
  await using store = await outboxes.opened();
  await commit(store, keyed(undefined, ...Array.from({ length: 120 }, (_, n) => String(n))));
  let parked = 0;
  for (let claimed = await claim(store); claimed.lanes.length > 0; claimed = await claim(store)) {
    const reason = '€'.repeat(1_000);
    const failed = { kind: 'park', attempts: 1, reason, blocks: true } as const;
    const outcomes = claimed.lanes.map(({ lane, messages }) => ({
      lane,
      sent: [],
      failed: { ...failed, id: messages[0]?.id ?? '' },
    }));
    await store.settle(claimed.token, outcomes);
    parked += outcomes.length;
  }
  expect(parked).toBe(120);
  expect(await store.stats()).toEqual({ waiting: 0, parked: 120, oldestAgeMs: null });
  expect(await store.unpark('retry')).toBe(120);
  expect((await drain(store)).map(Number).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 120 }, (_, n) => n),
  );
});

test('more lanes, and more parked messages, than a page has are all found', async () => {
  await using store = await outboxes.opened();
  const numbers = Array.from({ length: 240 }, (_, n) => String(n));
  for (let from = 0; from < 240; from += 48)
    await commit(
      store,
      numbers.slice(from, from + 48).flatMap((n) => keyed(`k${n}`, n)),
    );
  const claimed = await claim(store, 1_000);
  expect(contentsOf(claimed)).toEqual(numbers);
  const outcomes = claimed.lanes.map(({ lane, messages }) => {
    const id = messages[0]?.id ?? '';
    const failed = { kind: 'park', id, attempts: 1, reason: 'refused', blocks: true } as const;
    return { lane, sent: [], failed };
  });
  await store.settle(claimed.token, outcomes);
  const parked = await store.parked({ limit: 230 });
  expect(parked.map(({ content }) => content)).toEqual(numbers.slice(0, 230));
});

describe('a large message that is retried', () => {
  const text = (name: string, length: number): string => name.padEnd(length, 'x');
  const [p, q] = [text('p', 1_000_000), text('q', 1_000_000)];

  test('gets room in its lane, before what was committed later', async () => {
    await using store = await outboxes.opened();
    await commit(store, keyed('k', p));
    const id = await park(store, false);
    await commit(store, keyed('k', q, 'r'));
    await commit(store, keyed('k', 's'));
    expect(await store.unpark('retry', [id])).toBe(1);
    expect(await drain(store)).toEqual([p, q, 'r', 's']);
  });

  test('is refused while those before it have no room for it', async () => {
    await using store = await outboxes.opened();
    await commit(store, keyed('k', p));
    const first = await park(store, false);
    await commit(store, keyed('k', q));
    const second = await park(store, false);
    expect(await store.unpark('retry', [first])).toBe(1);
    await expect(store.unpark('retry', [second])).rejects.toMatchObject({
      code: 'LOOM_STORE_FULL',
      message: /^There is no room for message 2 of the outbox: .* Retry it when those are sent\.$/,
    });
    expect(await drain(store)).toEqual([p]);
    expect(await store.unpark('retry', [second])).toBe(1);
    expect(await drain(store)).toEqual([q]);
  });
});

test('nothing is left of what was sent, but the last number and what answers lost commits for a while', async () => {
  const partition = 'left over';
  await using store = await outboxes.opened({ partition });
  await store.commit({ writes: [{ key: 'a/1', value: '1' }], messages: keyed('k', '1', '2') });
  await commit(store, [...keyed('k', '3'), ...keyed(undefined, '4', '5')]);
  await park(store, false);
  await store.unpark('discard');
  expect((await drain(store, 2)).toSorted()).toEqual(['2', '3', '4', '5']);
  await commit(store, keyed(undefined, '6', '7'));
  await park(store, true);
  await park(store, true);
  await store.unpark('discard');
  expect((await idsIn(partition)).map((id) => id.replace(/(?<=^commit\.).*/, '*'))).toEqual([
    'commit.*',
    'commit.*',
    'commit.*',
    'head',
    'state.a_2f1',
  ]);
  cosmos.server.clock.advance(601_000);
  expect(await idsIn(partition)).toEqual(['head', 'state.a_2f1']);
});

test('a commit is one batch, and costs what the README says', async () => {
  let units = 0;
  const onCharge = ({ requestUnits }: { readonly requestUnits: number }): void =>
    void (units += requestUnits);
  await using store = await outboxes.opened({ partition: 'costs', onCharge });
  const cost = async (work: () => Promise<unknown>): Promise<readonly [number, number]> => {
    units = 0;
    cosmos.server.requests.clear();
    await work();
    return [Math.round(units), cosmos.server.requests.count('batch')];
  };
  const orders = Array.from({ length: 100 }, (_, n) => `order/${n}`);
  const step = (key: string, ifVersion: number) => ({
    writes: [{ key, value: 'x'.repeat(500), ifVersion }],
    messages: keyed(key, 'm'.repeat(500)),
  });
  const commitAll = (ifVersion: number) => async () => {
    for (const key of orders) await store.commit(step(key, ifVersion));
  };
  // The first one also reads the last number.
  expect(await cost(commitAll(0))).toEqual([2_596, 100]);
  expect(await cost(() => drain(store))).toEqual([1_685, 8]);
  expect(await cost(commitAll(1))).toEqual([3_100, 100]);
  expect(await cost(commitAll(2))).toEqual([4_100, 100]);
});

test('a look that finds nothing is one query', async () => {
  await using store = await outboxes.opened();
  await claim(store);
  cosmos.server.requests.clear();
  expect(await claim(store)).toMatchObject({ lanes: [], nextMs: null });
  expect(cosmos.server.requests.entries.map(({ operation }) => operation)).toEqual(['plan-query', 'query']);
});

test('messages that are retried while their lane is claimed change nothing of that', async () => {
  await using store = await outboxes.opened();
  await commit(store, keyed('k', '1', '2', '3'));
  const ids = [await park(store, false), await park(store, false)];
  for (const content of ['4', '5', '6']) await commit(store, keyed('k', content, `${content}b`));
  const claimed = await claim(store, 2);
  expect(contentsOf(claimed)).toEqual(['3', '4']);
  expect(await store.unpark('retry', ids)).toBe(2);
  expect(contentsOf(await claim(store))).toEqual([]);
  await settle(store, claimed);
  expect(await drain(store)).toEqual(['1', '2', '4b', '5', '5b', '6', '6b']);
});

test('a commit that comes while its lane is settled for good is not lost', async () => {
  const partition = 'meanwhile';
  await using store = await outboxes.opened({ partition });
  await commit(store, keyed('k', '1'));
  const claimed = await claim(store);
  const { client, database } = await cosmos.open();
  const container = client.database(database).container('outbox');
  const batch = container.items.batch.bind(container.items);
  let commits = 0;
  container.items.batch = async (...args) => {
    if (commits++ === 0) await commit(store, keyed('k', '2'));
    return batch(...args);
  };
  const same = { ...client, database: () => ({ ...client.database(database), container: () => container }) };
  await using relay = new CosmosOutboxStore(same, { database, partition });
  await settle(relay, claimed);
  expect(commits).toBe(2);
  expect(await drain(relay)).toEqual(['2']);
});

test('what follows a parked message is sent when that is discarded, wherever it is stored', async () => {
  await using store = await outboxes.opened();
  await commit(store, keyed('k', '1'));
  await commit(store, keyed('k', '2'));
  const id = await park(store, true);
  expect(await drain(store)).toEqual([]);
  expect(await store.unpark('discard', [id])).toBe(1);
  expect(await drain(store)).toEqual(['2']);
});

test('outboxes of other names share nothing', async () => {
  await using one = await outboxes.opened({ partition: 'one' });
  await using other = await outboxes.opened({ partition: 'other' });
  await one.commit({ writes: [{ key: 'a', value: '1' }], messages: keyed('k', 'm') });
  expect(await other.read('a')).toBeUndefined();
  expect(await drain(other)).toEqual([]);
  expect(await drain(one)).toEqual(['m']);
});

test('a missing container is named, with the command that creates it', async () => {
  const { client } = await cosmos.open();
  await using store = new CosmosOutboxStore(client, { database: 'nowhere', account: 'shop' });
  await expect(store.stats()).rejects.toMatchObject({
    code: 'LOOM_STORE_FAILED',
    message: /az cosmosdb sql container create --account-name shop .*--name outbox/,
  });
});

test.each(['', 'x'.repeat(257), Number.NaN, null])('refuses the partition %s', async (partition) => {
  const { client } = await cosmos.open();
  expect(() => new CosmosOutboxStore(client, { partition: partition as string })).toThrow(/^partition is /);
});
