import { Agent } from 'node:https';
import { CosmosClient } from '@azure/cosmos';
import { startCosmosTestServer, type CosmosTestServer, type Role } from '@certoai/cosmos-test-server';
import { cosmosContainers, createCosmosContainers } from '@certoai/loom-core/cosmos';

export interface TestCosmos extends AsyncDisposable {
  readonly server: CosmosTestServer;
  readonly client: CosmosClient;
  /** Creates a database with the containers for traces. */
  database(name: string): Promise<void>;
  /** A client that signs in with an identity. */
  signedIn(role: Role): CosmosClient;
}

const { spans, summaries } = cosmosContainers;

export async function startCosmos({ https = false } = {}): Promise<TestCosmos> {
  const server = await startCosmosTestServer({ https });
  const { endpoint, key, ca } = server;
  const common = { endpoint, ...(ca !== undefined && { agent: new Agent({ ca, keepAlive: true }) }) };
  // As a user makes it: the package deals with refusals first, and no consistency is asked for.
  const client = new CosmosClient({ ...common, key });
  const clients = [client];
  return {
    server,
    client,
    database: (name) => createCosmosContainers(client, { database: name }, [spans, summaries]),
    signedIn(role) {
      const token = server.tokens.issue(server.tokens.create(role));
      const getToken = async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 });
      const one = new CosmosClient({ ...common, aadCredentials: { getToken } });
      clients.push(one);
      return one;
    },
    async [Symbol.asyncDispose]() {
      for (const one of clients) one.dispose();
      await server.close();
    },
  };
}
