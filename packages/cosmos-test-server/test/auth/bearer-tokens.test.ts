import { CosmosClient } from '@azure/cosmos';
import { DefaultAzureCredential } from '@azure/identity';
import { Agent } from 'node:https';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { CosmosTestServer, Principal, Role } from '../../src/index.js';
import { refusal } from '../contract/target.js';
import { clientOf, containerOf, openContainer, openServer, path } from '../open-server.js';

function trusting({ ca }: CosmosTestServer): { agent: Agent } {
  const agent = new Agent({ ca: ca as string, keepAlive: true });
  onTestFinished(() => agent.destroy());
  return { agent };
}

function clientWithRole(server: CosmosTestServer, role: Role): CosmosClient {
  return clientOfPrincipal(server, server.tokens.create(role));
}

function clientOfPrincipal(server: CosmosTestServer, principal: Principal): CosmosClient {
  const token = server.tokens.issue(principal);
  const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
  const client = new CosmosClient({
    endpoint: server.endpoint,
    aadCredentials: credential,
    ...trusting(server),
  });
  onTestFinished(() => client.dispose());
  return client;
}

/** A secure server with the container, and one item in it. */
async function secureServer(): Promise<CosmosTestServer> {
  const server = await openServer({ https: true });
  const container = await openContainer(clientOf(server, trusting(server)));
  await container.items.create({ id: 'a', pk: 'p' });
  return server;
}

test('a client that does not know the certificate does not trust it', async () => {
  const server = await openServer({ https: true });
  await expect(clientOf(server).databases.readAll().fetchAll()).rejects.toThrow(/self-signed certificate/);
});

test('a contributor reads and writes items, and may not manage databases and containers', async () => {
  const server = await secureServer();
  const client = clientWithRole(server, 'contributor');
  const container = await openContainer(client);
  await container.items.create({ id: 'b', pk: 'p' });
  expect((await container.item('a', 'p').read()).resource).toMatchObject({ id: 'a' });
  expect((await container.items.query('SELECT * FROM c ORDER BY c.id').fetchAll()).resources).toHaveLength(2);
  const missing = client.databases.createIfNotExists({ id: 'other' });
  expect(await refusal(missing)).toEqual({ code: 403, substatus: 5300 });
  const containers = client.database(path.database).containers;
  expect(await refusal(containers.createIfNotExists({ id: 'other' }))).toEqual({
    code: 403,
    substatus: 5300,
  });
  expect(await refusal(container.delete())).toEqual({ code: 403, substatus: 5300 });
});

test('a reader reads and does not write', async () => {
  const container = containerOf(clientWithRole(await secureServer(), 'reader'));
  expect((await container.item('a', 'p').read()).resource).toMatchObject({ id: 'a' });
  expect((await container.items.query('SELECT * FROM c').fetchAll()).resources).toHaveLength(1);
  const forbidden = { code: 403, substatus: 5301 };
  expect(await refusal(container.items.create({ id: 'b', pk: 'p' }))).toEqual(forbidden);
  expect(await refusal(container.items.upsert({ id: 'a', pk: 'p' }))).toEqual(forbidden);
  expect(await refusal(container.item('a', 'p').delete())).toEqual(forbidden);
});

test('a principal without a role does nothing, and is let in once it has one', async () => {
  const server = await secureServer();
  const principal = server.tokens.create('none');
  const container = containerOf(clientOfPrincipal(server, principal));
  expect(await refusal(container.item('a', 'p').read())).toEqual({ code: 403, substatus: 5301 });
  principal.setRole('contributor');
  expect((await container.item('a', 'p').read()).resource).toMatchObject({ id: 'a' });
});

test('a request without a token or a key is refused', async () => {
  const server = await openServer();
  expect((await fetch(server.endpoint)).status).toBe(401);
  expect((await fetch(server.endpoint, { headers: { authorization: '%E0' } })).status).toBe(401);
});

test('a token that was not issued, or is revoked, is refused', async () => {
  const server = await secureServer();
  const container = containerOf(clientWithRole(server, 'contributor'));
  expect((await container.item('a', 'p').read()).statusCode).toBe(200);
  server.tokens.revokeAll();
  expect(await refusal(container.item('a', 'p').read())).toMatchObject({ code: 401 });
});

test('DefaultAzureCredential gets its token from the managed identity', async () => {
  const server = await secureServer();
  for (const [name, value] of Object.entries(server.managedIdentity.environment)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const client = new CosmosClient({
    endpoint: server.endpoint,
    aadCredentials: new DefaultAzureCredential(),
    ...trusting(server),
  });
  onTestFinished(() => client.dispose());
  const container = await openContainer(client);
  expect((await container.item('a', 'p').read()).resource).toMatchObject({ id: 'a' });
  const { port } = new URL(server.endpoint);
  expect(server.managedIdentity.requestedResources).toEqual([`https://localhost:${port}`]);
  server.managedIdentity.principal.setRole('reader');
  expect(await refusal(container.items.create({ id: 'b', pk: 'p' }))).toEqual({ code: 403, substatus: 5301 });
});

test('without local authentication the key is refused', async () => {
  const server = await openServer({ localAuth: false });
  expect(await refusal(clientOf(server).databases.readAll().fetchAll())).toMatchObject({ code: 401 });
});
