import { resolveCosmosOptions } from '@certoai/loom-core/cosmos';
import { CosmosDBActorRegistry, openCosmos, type CosmosOptions } from '@certoai/loom-storage';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startCosmos, type TestCosmos } from './cosmos.js';

let cosmos: TestCosmos;

beforeEach(async () => {
  cosmos = await startCosmos({ https: true });
});
afterEach(() => cosmos[Symbol.asyncDispose]());

const metadata = { type: 'ocr', version: '1.0.0' };

describe('with a key', () => {
  test('creates nothing unless told to, and says what is missing and how to create it', async () => {
    const opening = cosmos.open({ createMissing: false });
    await expect(opening).rejects.toMatchObject({ code: 'LOOM_STORE_FAILED' });
    await expect(opening).rejects.toThrow(
      /^There is no database "loom" with .*Deploy scripts\/azure\/cosmos\.bicep, or run:\naz cosmosdb sql database create --account-name <account> /s,
    );
    expect(cosmos.server.requests.count('create-database')).toBe(0);
    await cosmos.open();
    await cosmos.open({ createMissing: false });
  });

  test('that is wrong says so', async () => {
    const key = Buffer.from('other').toString('base64');
    await expect(cosmos.open({ key })).rejects.toThrow(/create what is missing .* 401 .*Give a current key/s);
    await expect(cosmos.open({ key, createMissing: false })).rejects.toThrow(
      /401 .*Give a current key of this account/s,
    );
  });

  test('sees its own writes', async () => {
    const { client, database } = await cosmos.open();
    cosmos.server.faults.setReplicaLagMs(60_000);
    await using types = new CosmosDBActorRegistry(client, { database });
    await types.register(metadata);
    expect(await types.get('ocr', '1.0.0')).toBeDefined();
  });
});

describe('with an identity', () => {
  test('opens what is there, and creates nothing', async () => {
    await expect(cosmos.openAs('contributor')).rejects.toThrow(/^There is no database "loom"/);
    await cosmos.open();
    cosmos.server.requests.clear();
    const { client } = await cosmos.openAs('contributor');
    await using types = new CosmosDBActorRegistry(client);
    await types.register(metadata);
    expect(cosmos.server.requests.count('create-database')).toBe(0);
    expect(cosmos.server.requests.count('create-container')).toBe(0);
  });

  test('that only reads is told the role that writing takes, and for whom', async () => {
    await cosmos.open();
    const { client } = await cosmos.openAs('reader');
    await using types = new CosmosDBActorRegistry(client, { account: 'shop' });
    expect(await types.search()).toEqual([]);
    await expect(types.register(metadata)).rejects.toThrow(
      /az cosmosdb sql role assignment create --account-name shop --resource-group <resource-group> --role-definition-id 00000000-0000-0000-0000-000000000002 --principal-id [\w-]+ --scope \/dbs\/loom$/,
    );
  });

  test('without any role is told the role that reading takes', async () => {
    await cosmos.open();
    await expect(cosmos.openAs('none')).rejects.toThrow(
      /--role-definition-id 00000000-0000-0000-0000-000000000001 /,
    );
  });

  test('of this machine is found by itself', async () => {
    await cosmos.open();
    const before = { ...process.env };
    Object.assign(process.env, cosmos.server.managedIdentity.environment);
    try {
      const connection = await cosmos.open({ key: undefined, createMissing: false });
      await using types = new CosmosDBActorRegistry(connection.client);
      await types.register(metadata);
    } finally {
      process.env = before;
    }
    expect(cosmos.server.managedIdentity.requestedResources.length).toBeGreaterThan(0);
  });
});

describe('a client that is given', () => {
  test('is used and not closed', async () => {
    const first = await cosmos.open();
    const { client } = first;
    const again = await openCosmos({ client });
    expect(again.client).toBe(client);
    await again.close();
    await again.close();
    await using types = new CosmosDBActorRegistry(client);
    expect(await types.search()).toEqual([]);
  });
});

describe('options', () => {
  test.each<[CosmosOptions, RegExp]>([
    [{}, /^endpoint of Cosmos DB is undefined; give the address of the account/],
    [{ endpoint: '' }, /^endpoint of Cosmos DB is ""/],
    [{ endpoint: 'localhost:8081', key: 'k' }, /^endpoint of Cosmos DB is "localhost:8081"/],
    [{ endpoint: 'http://localhost:8081' }, /is not encrypted/],
    [
      { endpoint: 'https://a.documents.azure.com', key: 'k', client: { database: () => ({}) as never } },
      /^key and client are given/,
    ],
    [{ endpoint: 'https://a.documents.azure.com', createMissing: true }, /^createMissing takes a key/],
    [{ endpoint: 'https://a.documents.azure.com', key: 'k', database: '' }, /^database is ""/],
  ])('%j are refused', async (options, message) => {
    await expect(openCosmos(options)).rejects.toMatchObject({ code: 'LOOM_INVALID_OPTION' });
    await expect(openCosmos(options)).rejects.toThrow(message);
  });

  test.each([
    ['https://shop.documents.azure.com:443/', 'shop'],
    ['https://shop-2.documents.azure.cn', 'shop-2'],
    ['https://localhost:8081', undefined],
  ])('of %s have the account %s', (endpoint, account) => {
    expect(resolveCosmosOptions({ endpoint, key: 'k' }).account).toBe(account);
  });
});
