export type {
  ActorSearch,
  ActorUsage,
  ActorUse,
  ActorVersion,
  ActorVersionState,
  CatalogueMetadata,
  ChangeOptions,
} from './actor-catalogue.js';
export type { CosmosInstanceRegistryOptions } from './cosmos-instance-registry.js';
export type { CosmosCredential, CosmosOptions } from '@certoai/loom-core/cosmos';
export { CosmosDBActorRegistry } from './cosmosdb-actor-registry.js';
export { openCosmos } from './open-cosmos.js';
export type { CosmosConnection } from './open-cosmos.js';
