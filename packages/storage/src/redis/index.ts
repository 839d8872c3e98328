export { RedisExecutionStore } from './redis-execution-store.js';
export type { RedisExecutionStoreOptions } from './redis-execution-store-options.js';
export { RedisInstanceRegistry } from './redis-instance-registry.js';
export type { RedisInstanceRegistryOptions } from './redis-instance-registry.js';
export { RedisOutboxStore } from './redis-outbox-store.js';
export type { RedisOutboxStoreOptions } from './redis-outbox-store.js';
