import { Agent } from 'node:https';
import { CosmosClient } from '@azure/cosmos';
import { startCosmosTestServer, type CosmosTestServer, type Role } from '@certoai/cosmos-test-server';
import { createCosmosContainers, type CosmosContainerLayout } from '@certoai/loom-core/cosmos';

/** As small as a layout gets. */
export const things: CosmosContainerLayout = { name: 'things', ttlSeconds: -1, indexedPaths: ['/n/?'] };

export interface TestCosmos extends AsyncDisposable {
  readonly server: CosmosTestServer;
  readonly client: CosmosClient;
  /** A client that signs in with an identity. */
  signedIn(role: Role): CosmosClient;
}

/** A server with a database `loom` that has the container `things`. */
export async function startCosmos({ https = false } = {}): Promise<TestCosmos> {
  const server = await startCosmosTestServer({ https });
  const { endpoint, key, ca } = server;
  const common = { endpoint, ...(ca !== undefined && { agent: new Agent({ ca, keepAlive: true }) }) };
  // Every refusal is to be seen by what is tested, and not to be dealt with by the package.
  const connectionPolicy = { retryOptions: { maxRetryAttemptCount: 0 } as never };
  const clients: CosmosClient[] = [];
  const opened = (client: CosmosClient): CosmosClient => {
    clients.push(client);
    return client;
  };
  const client = opened(new CosmosClient({ ...common, key, connectionPolicy }));
  await createCosmosContainers(client, { database: 'loom' }, [things]);
  return {
    server,
    client,
    signedIn(role) {
      const token = server.tokens.issue(server.tokens.create(role));
      const getToken = async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 });
      return opened(new CosmosClient({ ...common, aadCredentials: { getToken }, connectionPolicy }));
    },
    async [Symbol.asyncDispose]() {
      for (const one of clients) one.dispose();
      await server.close();
    },
  };
}
