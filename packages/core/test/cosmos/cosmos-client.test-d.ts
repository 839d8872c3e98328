import type { CosmosClient } from '@azure/cosmos';
import type { CosmosAdminClient, CosmosClientLike } from '@certoai/loom-core/cosmos';

/** A client of the real package is taken as it is. */
export const realClientIsTaken: (client: CosmosClient) => CosmosClientLike = (client) => client;

export const realClientMayCreate: (client: CosmosClient) => CosmosAdminClient = (client) => client;
