import type { CosmosPlace } from './az-commands.js';
import { cosmosError } from './cosmos-error.js';
import { cosmosProblem } from './cosmos-problem.js';
import { containerDefinition, cosmosContainers, type CosmosContainerLayout } from './cosmos-layout.js';

/** A client that may create databases and containers, which takes a key of the account. */
export interface CosmosAdminClient {
  readonly databases: {
    createIfNotExists(body: { id: string }): Promise<{ readonly database: CosmosAdminDatabase }>;
  };
}

export interface CosmosAdminDatabase {
  readonly containers: { createIfNotExists(body: object): Promise<unknown> };
}

/**
 * Creates what is missing of the database and its containers; what is there stays as it is.
 * @throws LoomError `LOOM_STORE_FAILED`
 */
export async function createCosmosContainers(
  client: CosmosAdminClient,
  place: CosmosPlace,
  layouts: readonly CosmosContainerLayout[] = Object.values(cosmosContainers),
): Promise<void> {
  try {
    const { database } = await unlessRaced(() => client.databases.createIfNotExists({ id: place.database }));
    for (const layout of layouts) {
      await unlessRaced(() => database.containers.createIfNotExists(containerDefinition(layout)));
    }
  } catch (error) {
    throw cosmosError(error, { place, container: '*', doing: 'create what is missing', isWrite: true });
  }
}

/** Of two that create the same thing at once, one is told of a conflict; then it is there. */
async function unlessRaced<Created>(create: () => Promise<Created>): Promise<Created> {
  try {
    return await create();
  } catch (error) {
    if (cosmosProblem(error).kind !== 'conflict') throw error;
    return create();
  }
}
