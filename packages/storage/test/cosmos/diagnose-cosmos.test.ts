import { cosmosContainers } from '@certoai/loom-core/cosmos';
import { CosmosClient } from '@azure/cosmos';
import { Agent } from 'node:https';
import type { Role } from '@certoai/cosmos-test-server';
import { diagnoseCosmos, type CosmosOptions, type StoreFinding } from '@certoai/loom-storage/cosmos';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startCosmos, type TestCosmos } from './cosmos.js';

let cosmos: TestCosmos;

beforeEach(async () => {
  cosmos = await startCosmos({ https: true });
});
afterEach(() => cosmos[Symbol.asyncDispose]());

async function all(options: CosmosOptions): Promise<readonly StoreFinding[]> {
  const { endpoint, ca } = cosmos.server;
  const clientOptions = { agent: new Agent({ ca: ca as string, keepAlive: true }) };
  const found: StoreFinding[] = [];
  for await (const finding of diagnoseCosmos({ endpoint, clientOptions, ...options }, { callMs: 1_500 }))
    found.push(finding);
  for (const { severity, fix } of found) expect(fix !== undefined && fix !== '').toBe(severity !== 'ok');
  return found;
}

function byKey(options: CosmosOptions = {}): Promise<readonly StoreFinding[]> {
  return all({ key: cosmos.server.key, ...options });
}

function as(role: Role, options: CosmosOptions = {}): Promise<readonly StoreFinding[]> {
  const token = cosmos.server.tokens.issue(cosmos.server.tokens.create(role));
  const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
  return all({ credential, ...options });
}

const names = Object.values(cosmosContainers).map(({ name }) => name);

/** One text a finding, with what differs from run to run and with the table of containers taken out. */
function lines(found: readonly StoreFinding[]): readonly string[] {
  return found.map(({ check, severity, message, fix }) =>
    [severity, check, message, ...(fix === undefined ? [] : ['→', fix])]
      .join(' ')
      .replaceAll(/[\da-f]{8}-[\da-f-]{27}(?<!0000000\d)/g, '<id>')
      .replaceAll(names.join(', '), '<all>')
      .replaceAll(names.map((name) => `"${name}"`).join(', '), '<all>')
      .replaceAll(/(\naz cosmosdb sql container create .* --name )([\w-]+) .*/g, '$1$2 …')
      // It tries again, and what comes of the last try depends on the time that is left.
      .replaceAll(/E(?:CONNREFUSED|TIMEDOUT) .*?\. →/g, '<reason>. →')
      .replaceAll(/(127\.0\.0\.1|localhost):\d+/g, '<address>'),
  );
}

async function itemsIn(name: string): Promise<number> {
  const { client, database } = await cosmos.open();
  const container = (client as CosmosClient).database(database).container(name);
  return (await container.items.readAll().fetchAll()).resources.length;
}

describe('diagnoseCosmos', () => {
  test('lists what it saw of an account that is as it should be, and leaves nothing there', async () => {
    await cosmos.open();
    expect(lines(await byKey())).toMatchInlineSnapshot(`
      [
        "ok credential This process signs in with a key of the account.",
        "ok account The account answers.",
        "ok containers Database "loom" has <all>, with the partition keys, times to live and indexes that Loom needs.",
        "ok read Items can be read.",
        "ok write Items can be written.",
        "ok throughput The throughput is not visible to this process.",
      ]
    `);
    expect(lines(await as('contributor'))).toMatchInlineSnapshot(`
      [
        "ok credential The credential that was given got a token.",
        "ok account The account answers.",
        "ok containers Database "loom" has <all>, with the partition keys, times to live and indexes that Loom needs.",
        "ok read Items can be read.",
        "ok write Items can be written.",
        "ok throughput The throughput is not visible to this process.",
      ]
    `);
    for (const { name } of Object.values(cosmosContainers)) expect(await itemsIn(name)).toBe(0);
    expect(cosmos.server.requests.count('batch')).toBe(2 * Object.keys(cosmosContainers).length);
  });

  test('says what is missing and how to create it, and creates nothing', async () => {
    const found = await byKey({ createMissing: true });
    const [missing] = lines(found.slice(-1));
    expect(missing?.split('\n').slice(0, 2)).toMatchInlineSnapshot(`
      [
        "error containers There is no database "loom" with <all>. → Deploy scripts/azure/cosmos.bicep, or run:",
        "az cosmosdb sql database create --account-name <account> --resource-group <resource-group> --name loom",
      ]
    `);
    for (const name of names) expect(missing).toContain(` --name ${name} …`);
    expect(cosmos.server.requests.count('create-database')).toBe(0);
    const { client, database } = await cosmos.open();
    await (client as CosmosClient).database(database).container(cosmosContainers.spans.name).delete();
    await (client as CosmosClient).database(database).container(cosmosContainers.actorTypes.name).delete();
    const [, , there, lacking, ...rest] = await byKey();
    expect(there).toMatchObject({ check: 'containers', severity: 'ok' });
    expect(there?.message).not.toContain(cosmosContainers.spans.name);
    expect(lines([lacking as StoreFinding])).toMatchInlineSnapshot(`
      [
        "error containers Database "loom" lacks "execution-spans", "actor-types". → Deploy scripts/azure/cosmos.bicep, or run:
      az cosmosdb sql container create --account-name <account> --resource-group <resource-group> --database-name loom --name execution-spans …
      az cosmosdb sql container create --account-name <account> --resource-group <resource-group> --database-name loom --name actor-types …",
      ]
    `);
    expect(rest.map(({ check, severity }) => `${severity} ${check}`)).toEqual([
      'ok read',
      'ok write',
      'ok throughput',
    ]);
  });

  test('tells a time to live and a partition key that lose items', async () => {
    const { client, database } = await cosmos.open();
    const { containers } = (client as CosmosClient).database(database);
    const { spans, actorTypes } = cosmosContainers;
    await (client as CosmosClient).database(database).container(spans.name).delete();
    await containers.create({ id: spans.name, partitionKey: { paths: ['/id'], version: 2 }, defaultTtl: 60 });
    const found = (client as CosmosClient).database(database).container(actorTypes.name);
    const { resource } = await found.read();
    await found.replace({ ...resource, defaultTtl: 3_600 });
    expect(lines((await byKey()).filter(({ severity }) => severity !== 'ok'))).toMatchInlineSnapshot(`
      [
        "error containers Container "loom/execution-spans" is not made as Loom needs it: its partition key path is /id, not /pk. → Compare it with scripts/azure/cosmos.bicep; a partition key is for good, so that takes a new container.",
        "error containers Container "loom/actor-types" is not made as Loom needs it: its default time to live is 3600, which would remove what must stay. → Compare it with scripts/azure/cosmos.bicep; a partition key is for good, so that takes a new container.",
      ]
    `);
  });

  test('tells the role that an identity lacks', async () => {
    await cosmos.open();
    expect(lines(await as('none'))).toMatchInlineSnapshot(`
      [
        "ok credential The credential that was given got a token.",
        "error account Cosmos DB could not read the layout in "loom/execution-spans": 403/5301 Request blocked by Auth: principal [<id>] does not have required RBAC permissions to perform action [Microsoft.DocumentDB/databaseAccounts/readMetadata] on resource [/]. → The identity lacks a role, which takes some minutes to be in force: az cosmosdb sql role assignment create --account-name <account> --resource-group <resource-group> --role-definition-id 00000000-0000-0000-0000-000000000001 --principal-id <id> --scope /dbs/loom",
      ]
    `);
    expect(lines((await as('reader')).filter(({ severity }) => severity !== 'ok'))).toMatchInlineSnapshot(`
      [
        "error write Cosmos DB could not write an item in "loom/execution-spans": 403 Batch request error: Request blocked by Auth: principal [<id>] does not have required RBAC permissions to perform action [Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers/items/create] on resource [/dbs/loom/colls/execution-spans/docs]. → The identity lacks a role, which takes some minutes to be in force: az cosmosdb sql role assignment create --account-name <account> --resource-group <resource-group> --role-definition-id 00000000-0000-0000-0000-000000000002 --principal-id <id> --scope /dbs/loom",
      ]
    `);
  });

  test('tells who cannot sign in', async () => {
    const credential = { getToken: () => Promise.reject(new Error('no identity here.\nMore of it')) };
    expect(lines(await all({ credential }))).toMatchInlineSnapshot(`
      [
        "error credential The credential that was given got no token: no identity here. → Give this process a managed identity or a workload identity, run "az login", or give a key.",
      ]
    `);
    expect(lines(await all({ credential: { getToken: async () => null } }))).toMatchInlineSnapshot(`
      [
        "error credential The credential that was given got no token: it has none. → Give this process a managed identity or a workload identity, run "az login", or give a key.",
      ]
    `);
    expect(lines(await byKey({ key: Buffer.from('other').toString('base64') }))).toMatchInlineSnapshot(`
      [
        "ok credential This process signs in with a key of the account.",
        "error account Cosmos DB could not read the layout in "loom/execution-spans": 401 The input authorization token can't serve the request. → Give a current key of this account, or none where keys are switched off, to sign in with an identity.",
      ]
    `);
    const asked: string[] = [];
    const unknown = {
      getToken: (scope: string | string[]) => {
        asked.push(String(scope));
        return Promise.reject(new Error('AADSTS500011: not known'));
      },
    };
    await all({ credential: unknown });
    expect(asked).toEqual([
      `${cosmos.server.endpoint.replace(/\/$/, '')}/.default`,
      'https://cosmos.azure.com/.default',
    ]);
  });

  test('tells an account that cannot be reached, and options that cannot be used', async () => {
    expect(lines(await byKey({ endpoint: 'https://localhost:1' }))).toMatchInlineSnapshot(`
      [
        "ok credential This process signs in with a key of the account.",
        "error account Cosmos DB could not read the layout in "loom/execution-spans": <reason>. → Nothing was changed. Check that the account can be reached.",
      ]
    `);
    expect(lines(await byKey({ endpoint: 'nowhere' }))).toMatchInlineSnapshot(`
      [
        "error options endpoint of Cosmos DB is "nowhere". → Give the address of the account, such as https://example.documents.azure.com.",
      ]
    `);
  });

  test('tells the throughput where it can be seen', async () => {
    const { client } = await cosmos.open();
    const offers: readonly object[] = [
      { offerThroughput: 400 },
      { offerThroughput: 400, offerAutopilotSettings: { maxThroughput: 4_000 } },
    ];
    let next = 0;
    const seeing = {
      database: (id: string) => ({
        ...client.database(id),
        container: (name: string) =>
          Object.assign(client.database(id).container(name), {
            readOffer: async () => ({ resource: next < 2 ? { content: offers[next++] } : undefined }),
          }),
      }),
    };
    const found = await all({ endpoint: undefined, client: seeing });
    const [credential, throughput] = lines(
      found.filter(({ check }) => check === 'throughput' || check === 'credential'),
    );
    expect(credential).toBe('ok credential The client that was given signs in.');
    expect(throughput).toMatch(
      /^ok throughput Request units a second: [\w-]+ 400, [\w-]+ up to 4000, [\w-]+ shared/,
    );
  });
});
