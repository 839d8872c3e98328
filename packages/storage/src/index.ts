export type { MessageQueue } from '@certoai/loom-core';
export { BullMQMessageQueue } from './bullmq/bullmq-message-queue.js';
export type { BullMQMessageQueueOptions } from './bullmq/bullmq-message-queue-options.js';
export { checkRedis } from './bullmq/check-redis.js';
export type { RedisFinding } from './bullmq/check-redis.js';
export type { RedisClient, RedisConnectionOptions } from './bullmq/redis-client.js';
export type {
  ActorSearch,
  ActorUsage,
  ActorUse,
  ActorVersion,
  ActorVersionState,
  CatalogueMetadata,
  ChangeOptions,
} from './cosmos/actor-catalogue.js';
export type { CosmosInstanceRegistryOptions } from './cosmos/cosmos-instance-registry.js';
export type { CosmosCredential, CosmosOptions } from '@certoai/loom-core/cosmos';
export { CosmosDBActorRegistry } from './cosmos/cosmosdb-actor-registry.js';
export { openCosmos } from './cosmos/open-cosmos.js';
export type { CosmosConnection } from './cosmos/open-cosmos.js';
export type { OutboxCommit, OutboxMessage, OutboxWrite } from './outbox/outbox-input.js';
export type { OutboxPatternOptions, OutboxRelayOptions } from './outbox/outbox-options.js';
export { OutboxPattern } from './outbox/outbox-pattern.js';
export type { ParkedOutboxMessage, ParkedOutboxMessages } from './outbox/outbox-pattern.js';
export { RedisInstanceRegistry } from './redis/redis-instance-registry.js';
export type { RedisInstanceRegistryOptions } from './redis/redis-instance-registry.js';
