import { CosmosClient, PartitionKeyDefinitionVersion, PartitionKeyKind } from '@azure/cosmos';
import type { Container, CosmosClientOptions } from '@azure/cosmos';
import { onTestFinished } from 'vitest';
import { startCosmosTestServer } from '../src/index.js';
import type { CosmosTestServer, CosmosTestServerOptions } from '../src/index.js';

export const path = { database: 'db', container: 'items' };

/** Nothing is tried again: a test sees the first answer. */
export const withoutRetries: Partial<CosmosClientOptions> = {
  connectionPolicy: {
    retryOptions: {
      maxRetryAttemptCount: 0,
      fixedRetryIntervalInMilliseconds: 0,
      maxWaitTimeInSeconds: 0,
    },
  },
};

/** A server that closes with the test. */
export async function openServer(options?: CosmosTestServerOptions): Promise<CosmosTestServer> {
  const server = await startCosmosTestServer(options);
  onTestFinished(() => server.close());
  return server;
}

export function clientOf(
  { endpoint, key }: Pick<CosmosTestServer, 'endpoint' | 'key'>,
  options: Partial<CosmosClientOptions> = {},
): CosmosClient {
  const client = new CosmosClient({ endpoint, key, consistencyLevel: 'Session', ...options });
  onTestFinished(() => client.dispose());
  return client;
}

/** The container at {@link path}, with the partition key `/pk`, as `client` sees it. */
export async function openContainer(client: CosmosClient): Promise<Container> {
  const { database } = await client.databases.createIfNotExists({ id: path.database });
  const { container } = await database.containers.createIfNotExists({
    id: path.container,
    partitionKey: {
      paths: ['/pk'],
      kind: PartitionKeyKind.Hash,
      version: PartitionKeyDefinitionVersion.V2,
    },
  });
  return container;
}

/** The same container without asking whether it is there. */
export function containerOf(client: CosmosClient): Container {
  return client.database(path.database).container(path.container);
}

/** A request as no SDK would make it. */
export function rawRequest(
  { endpoint, tokens }: CosmosTestServer,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<Response> {
  const token = tokens.issue(tokens.create('contributor'));
  return fetch(new URL(target, endpoint), {
    method,
    headers: { authorization: `type=aad&ver=1.0&sig=${token}`, ...headers },
    ...(body !== undefined && { body }),
  });
}
