import { CosmosClient } from '@azure/cosmos';
import {
  checkCosmosContainers,
  CosmosCalls,
  CosmosContainer,
  cosmosContainers,
  createCosmosContainers,
  type CosmosCharge,
  type CosmosOperation,
} from '@certoai/loom-core/cosmos';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startCosmos, things, type TestCosmos } from '../support/cosmos.js';

let cosmos: TestCosmos;
let charges: CosmosCharge[] = [];
let number = 0;

beforeAll(async () => {
  cosmos = await startCosmos();
});
afterEach(() => {
  cosmos.server.faults.clear();
  charges = [];
});
afterAll(() => cosmos[Symbol.asyncDispose]());

const place = { database: 'loom' };
const at = { database: 'loom', container: 'things' };

function container(client: CosmosClient = cosmos.client): CosmosContainer {
  const calls = new CosmosCalls({ onCharge: (charge) => charges.push(charge) });
  return new CosmosContainer(client, place, things, calls);
}

/** In a partition of its own. */
function thing(fields: object = {}): { id: string; pk: string; n?: number } {
  number += 1;
  return { id: 'a', pk: `p${number}`, ...fields };
}

describe('items', () => {
  test('are created, read, replaced, patched and removed', async () => {
    const one = container();
    const { id, pk } = thing();
    expect(await one.read('read', pk, id)).toBeUndefined();
    const created = await one.create('create', { id, pk, n: 1 });
    expect(created).toMatchObject({ kind: 'done', inDoubt: false, value: { document: { n: 1 } } });
    expect(await one.create('create', { id, pk, n: 2 })).toEqual({ kind: 'conflict', inDoubt: false });
    const read = await one.read<{ n: number }>('read', pk, id);
    expect(read?.document.n).toBe(1);
    const etag = read?.etag ?? '';
    expect(await one.replace('replace', { id, pk, n: 3 }, etag)).toMatchObject({ kind: 'done' });
    expect(await one.replace('replace', { id, pk, n: 4 }, etag)).toEqual({
      kind: 'precondition',
      inDoubt: false,
    });
    expect(await one.remove('remove', pk, id, etag)).toMatchObject({ kind: 'precondition' });
    const grow = {
      operations: [{ op: 'incr' as const, path: '/n', value: 2 }],
      condition: 'FROM c WHERE c.n < 5',
    };
    expect(await one.patch('patch', pk, id, grow)).toMatchObject({
      kind: 'done',
      value: { document: { n: 5 } },
    });
    expect(await one.patch('patch', pk, id, grow)).toEqual({ kind: 'precondition', inDoubt: false });
    const last = await one.read('read', pk, id);
    expect(await one.remove('remove', pk, id, last?.etag ?? '')).toMatchObject({ kind: 'done' });
    expect(await one.remove('remove', pk, id, last?.etag ?? '')).toMatchObject({ kind: 'absent' });
    expect(await one.patch('patch', pk, id, grow)).toMatchObject({ kind: 'absent' });
    expect(await one.upsert('upsert', { id, pk })).toMatchObject({ kind: 'done' });
  });

  test('are read as this client wrote them, by whichever client it was made', async () => {
    const one = container();
    const { id, pk } = thing();
    cosmos.server.faults.setReplicaLagMs(60_000);
    await one.create('create', { id, pk, n: 1 });
    expect(await one.read('read', pk, id)).toBeDefined();
    const rows = await one.rows('query', { query: 'SELECT * FROM c', parameters: [] }, pk);
    cosmos.server.faults.setReplicaLagMs(0);
    expect(rows).toHaveLength(1);
  });

  test('cost what the service says', async () => {
    const one = container();
    const { id, pk } = thing();
    await one.create('create', { id, pk });
    await one.create('create again', { id, pk });
    const [layout, created, refused] = charges;
    expect(layout).toMatchObject({ doing: 'read the layout', succeeded: true });
    expect(created).toMatchObject({ container: 'things', doing: 'create', succeeded: true });
    expect(created?.requestUnits).toBeGreaterThan(1);
    expect(refused).toMatchObject({ doing: 'create again', succeeded: false });
  });
});

describe('a write whose answer is lost', () => {
  test('is sent again, and its own trace is told from a stranger by the doubt', async () => {
    const one = container();
    const mine = thing();
    const theirs = thing();
    await one.create('create', theirs);
    const lost = { effect: { kind: 'disconnect', when: 'after' }, times: 1 } as const;
    cosmos.server.faults.add({ ...lost, match: { operation: 'create-item' } });
    expect(await one.create('create', mine)).toEqual({ kind: 'conflict', inDoubt: true });
    expect(await one.create('create', theirs)).toEqual({ kind: 'conflict', inDoubt: false });
  });

  test.each([408, 500, 503])('with %i, is sent again', async (status) => {
    const one = container();
    const mine = thing();
    await one.check();
    const effect = { kind: 'answer', status, when: 'after' } as const;
    cosmos.server.faults.add({ match: { operation: 'create-item' }, times: 1, effect });
    expect(await one.create('create', mine)).toEqual({ kind: 'conflict', inDoubt: true });
  });

  test.each(['html', 'empty'] as const)('behind a proxy with %s, is sent again', async (body) => {
    const one = container();
    await one.check();
    const effect = { kind: 'answer', status: 502, body } as const;
    cosmos.server.faults.add({ match: { operation: 'create-item' }, times: 1, effect });
    expect(await one.create('create', thing())).toMatchObject({ kind: 'done', inDoubt: true });
  });
});

describe('a refusal that passes', () => {
  test.each([
    { status: 429, substatus: 3_200, retryAfterMs: 5 },
    { status: 429 },
    { status: 449 },
    { status: 404, substatus: 1_002 },
  ])('is tried again: %o', async (answer) => {
    const one = container();
    const { id, pk } = thing();
    await one.create('create', { id, pk });
    const match = { operation: answer.status === 404 ? ('read-item' as const) : ('batch' as const) };
    cosmos.server.faults.add({ match, times: 3, effect: { kind: 'answer', ...answer } });
    if (answer.status === 404) expect(await one.read('read', pk, id)).toBeDefined();
    else expect(await one.batch('commit', pk, [create(pk, 'b')])).toMatchObject({ kind: 'done' });
  });
});

const create = (pk: string, id: string): CosmosOperation => ({
  operationType: 'Create',
  resourceBody: { id, pk },
});

describe('a batch', () => {
  test('is written together or not at all', async () => {
    const one = container();
    const { pk } = thing();
    expect(await one.batch('commit', pk, [create(pk, 'a'), create(pk, 'b')])).toMatchObject({ kind: 'done' });
    expect(await one.batch('commit', pk, [create(pk, 'c'), create(pk, 'a')])).toEqual({
      kind: 'conflict',
      inDoubt: false,
      refused: 1,
    });
    expect(await one.read('read', pk, 'c')).toBeUndefined();
  });

  test('says which state it found when it asks for one', async () => {
    const one = container();
    const { id, pk } = thing();
    await one.create('create', { id, pk });
    const replace = { operationType: 'Replace', id, ifMatch: '"old"', resourceBody: { id, pk } } as const;
    expect(await one.batch('commit', pk, [create(pk, 'marker'), replace])).toMatchObject({
      kind: 'precondition',
    });
  });

  test('whose answer is lost is answered by its marker', async () => {
    const one = container();
    const { pk } = thing();
    await one.check();
    cosmos.server.faults.add({
      match: { operation: 'batch' },
      times: 1,
      effect: { kind: 'disconnect', when: 'after' },
    });
    expect(await one.batch('commit', pk, [create(pk, 'marker'), create(pk, 'state')])).toEqual({
      kind: 'conflict',
      inDoubt: true,
      refused: 0,
    });
    expect(await one.read('read', pk, 'state')).toBeDefined();
  });

  test('of nothing, or of more than the service takes, is not sent', async () => {
    const one = container();
    await expect(one.batch('commit', 'p', [])).rejects.toThrow(/has 0 operations; give 1 to 100/);
    const many = Array.from({ length: 101 }, (_, index) => create('p', String(index)));
    await expect(one.batch('commit', 'p', many)).rejects.toThrow(/has 101 operations/);
  });
});

describe('a query', () => {
  const all = { query: 'SELECT VALUE c.n FROM c ORDER BY c.n', parameters: [] };

  async function filled(count: number): Promise<{ one: CosmosContainer; pk: string }> {
    const one = container();
    const { pk } = thing();
    for (let n = 0; n < count; n++) await one.create('create', { id: `i${n}`, pk, n });
    return { one, pk };
  }

  test('in a partition gives that partition, page by page', async () => {
    const { one, pk } = await filled(25);
    expect(await one.rows('query', all, pk)).toEqual(Array.from({ length: 25 }, (_, n) => n));
    const first = await one.page<number>('query', all, { pk, size: 10 });
    expect(first.rows).toHaveLength(10);
    const second = await one.page<number>('query', all, { pk, size: 10, from: first.next });
    expect(second.rows[0]).toBe(10);
  });

  test('goes on after a page failed, and after its partition was split', async () => {
    const { one, pk } = await filled(25);
    const first = await one.page<number>('query', all, { pk, size: 10 });
    cosmos.server.split(at);
    cosmos.server.faults.add({
      match: { operation: 'query' },
      times: 2,
      effect: { kind: 'answer', status: 503 },
    });
    const second = await one.page<number>('query', all, { pk, size: 100, from: first.next });
    expect([...first.rows, ...second.rows]).toEqual(Array.from({ length: 25 }, (_, n) => n));
  });

  test('over all partitions finds everything, also on a client that asked before they were split', async () => {
    const { one } = await filled(1);
    const query = { query: 'SELECT * FROM c WHERE c.n >= 0', parameters: [] };
    const before = await one.rows('query', query);
    cosmos.server.split(at);
    expect(await one.rows('query', query)).toHaveLength(before.length);
    expect(before.length).toBeGreaterThan(0);
  });
});

describe('a container that is missing or different', () => {
  test('is named with the commands that create it, and found once it is there', async () => {
    await using fresh = await startCosmos();
    const calls = new CosmosCalls();
    const gone = new CosmosContainer(
      fresh.client,
      { account: 'shop', database: 'loom' },
      cosmosContainers.spans,
      calls,
    );
    await expect(gone.read('read', 'p', 'a')).rejects.toThrow(
      /^Database "loom" lacks "execution-spans"\. Deploy scripts\/azure\/cosmos\.bicep, or run:\naz cosmosdb sql container create --account-name shop --resource-group <resource-group> --database-name loom --name execution-spans --partition-key-path \/pk --partition-key-version 2 --ttl 2592000 --idx '\{"indexingMode":"consistent".*\}'$/,
    );
    await createCosmosContainers(fresh.client, place, [cosmosContainers.spans]);
    expect(await gone.read('read', 'p', 'a')).toBeUndefined();
  });

  test('are named all together, with their database', async () => {
    const check = checkCosmosContainers(cosmos.client, { database: 'nowhere' }, new CosmosCalls());
    const error = (await check.catch((failure: unknown) => failure)) as Error;
    expect(error.message).toMatch(
      /^There is no database "nowhere" with "execution-spans", .*"actor-instances", "outbox"\./,
    );
    const commands = error.message.split('\n').slice(1);
    expect(commands[0]).toMatch(/^az cosmosdb sql database create .* --name nowhere$/);
    expect(commands).toHaveLength(1 + Object.keys(cosmosContainers).length);
  });

  test('are created by who may, also when several do it at once', async () => {
    const create = (): Promise<void> => createCosmosContainers(cosmos.client, { database: 'raced' });
    await Promise.all([create(), create(), create()]);
    await checkCosmosContainers(cosmos.client, { database: 'raced' }, new CosmosCalls());
  });

  test('with another partition key is refused before anything is lost in it', async () => {
    await cosmos.client.databases.createIfNotExists({ id: 'other' });
    const partitionKey = { paths: ['/id'], version: 2 } as never;
    await cosmos.client.database('other').containers.createIfNotExists({ id: 'things', partitionKey });
    const one = new CosmosContainer(cosmos.client, { database: 'other' }, things, new CosmosCalls());
    await expect(one.create('create', thing())).rejects.toThrow(/its partition key path is \/id, not \/pk/);
  });
});

describe('an identity', () => {
  test('that only reads is told which role it lacks to write', async () => {
    await using secure = await startCosmos({ https: true });
    const reader = container(secure.signedIn('reader'));
    expect(await reader.read('read', 'p', 'a')).toBeUndefined();
    const refused =
      /could not create in "loom\/things": 403\/5301 .*--role-definition-id 00000000-0000-0000-0000-000000000002 --principal-id [^<]/s;
    await expect(reader.create('create', thing())).rejects.toThrow(refused);
    await expect(reader.batch('create', 'p', [create('p', 'a')])).rejects.toThrow(
      /role-definition-id 0{8}-.*2 /,
    );
    const nobody = container(secure.signedIn('none'));
    await expect(nobody.read('read', 'p', 'a')).rejects.toThrow(/role-definition-id 0{8}-.*1 /);
    const writer = container(secure.signedIn('contributor'));
    expect(await writer.create('create', thing())).toMatchObject({ kind: 'done' });
  });

  test('is told that it cannot create containers', async () => {
    await using secure = await startCosmos({ https: true });
    const check = checkCosmosContainers(
      secure.signedIn('contributor'),
      { database: 'loom' },
      new CosmosCalls(),
    );
    await expect(check).rejects.toThrow(/^Database "loom" lacks "execution-spans", /);
    const created = createCosmosContainers(secure.signedIn('contributor'), place);
    await expect(created).rejects.toThrow(/403\/5300 .*do it once with scripts\/azure\/cosmos\.bicep/s);
  });
});

test('a wrong key, and an account that cannot be reached, are told apart', async () => {
  const { endpoint } = cosmos.server;
  const key = Buffer.from('not the key').toString('base64');
  const stranger = new CosmosClient({ endpoint, key });
  await expect(container(stranger).read('read', 'p', 'a')).rejects.toThrow(/401 .*Give a current key/s);
  stranger.dispose();
  const away = new CosmosClient({ endpoint: 'http://localhost:9', key });
  const calls = new CosmosCalls({ callMs: 300 });
  const one = new CosmosContainer(away, place, things, calls);
  await expect(one.read('read', 'p', 'a')).rejects.toThrow(
    /ECONNREFUSED.*Check that the account can be reached/s,
  );
  away.dispose();
});
