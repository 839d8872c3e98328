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
export { CosmosOutboxStore } from './cosmos-outbox-store.js';
export type { CosmosOutboxStoreOptions } from './cosmos-outbox-store.js';
export { CosmosDBActorRegistry } from './cosmosdb-actor-registry.js';
export { diagnoseCosmos } from './diagnose-cosmos.js';
export type { DiagnoseCosmosOptions } from './diagnose-cosmos.js';
export { openCosmos } from './open-cosmos.js';
export type { CosmosConnection } from './open-cosmos.js';
export type { StoreFinding } from '../internal/store-finding.js';
