import { Agent } from 'node:https';
import { startCosmosTestServer, type CosmosTestServer, type Role } from '@certoai/cosmos-test-server';
import { openCosmos, type CosmosConnection, type CosmosOptions } from '@certoai/loom-storage';

export interface TestCosmos extends AsyncDisposable {
  readonly server: CosmosTestServer;
  /** By key, in a database that is created unless told otherwise. */
  open(options?: CosmosOptions): Promise<CosmosConnection>;
  /** By identity; only over https. */
  openAs(role: Role, options?: CosmosOptions): Promise<CosmosConnection>;
}

export async function startCosmos({ https = false } = {}): Promise<TestCosmos> {
  const server = await startCosmosTestServer({ https });
  const { endpoint, key, ca } = server;
  const clientOptions = ca === undefined ? {} : { agent: new Agent({ ca, keepAlive: true }) };
  const opened: CosmosConnection[] = [];
  const kept = async (opening: Promise<CosmosConnection>): Promise<CosmosConnection> => {
    const connection = await opening;
    opened.push(connection);
    return connection;
  };
  return {
    server,
    open: (options) => kept(openCosmos({ endpoint, key, clientOptions, createMissing: true, ...options })),
    openAs(role, options) {
      const token = server.tokens.issue(server.tokens.create(role));
      const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
      return kept(openCosmos({ endpoint, credential, clientOptions, ...options }));
    },
    async [Symbol.asyncDispose]() {
      for (const connection of opened) await connection.close();
      await server.close();
    },
  };
}
