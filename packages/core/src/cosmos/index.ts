export type { CosmosPlace } from './az-commands.js';
export { changeItem } from './change-item.js';
export { checkCosmosContainers } from './check-containers.js';
export { CosmosCalls } from './cosmos-calls.js';
export type { CosmosAnswer, CosmosCallOptions, CosmosCharge } from './cosmos-calls.js';
export type {
  CosmosClientLike,
  CosmosDocument,
  CosmosOperation,
  CosmosQuery,
  CosmosValue,
} from './cosmos-client-like.js';
export { CosmosContainer, maxBatchOperations } from './cosmos-container.js';
export type { CosmosItem, CosmosRows } from './cosmos-container.js';
export { countOnce } from './count-once.js';
export { createCosmosContainers } from './create-containers.js';
export type { CosmosAdminClient } from './create-containers.js';
export { cosmosError } from './cosmos-error.js';
export { cosmosId } from './cosmos-id.js';
export {
  containerDefinition,
  cosmosContainers,
  cosmosDatabaseName,
  cosmosTemplate,
} from './cosmos-layout.js';
export type { CosmosContainerLayout } from './cosmos-layout.js';
export { resolveCosmosOptions } from './cosmos-options.js';
export type { CosmosCredential, CosmosOptions, ResolvedCosmosOptions } from './cosmos-options.js';
export { cosmosProblem } from './cosmos-problem.js';
export type { CosmosProblem, CosmosProblemKind } from './cosmos-problem.js';
export { leaseNews, noLeaseHistory, withLeaseHistory } from './leased-item.js';
export type { KnownLease, LeasedItem } from './leased-item.js';
export { WatchByLooking } from './watch-by-looking.js';
