export { InMemoryExecutionStore } from './in-memory-execution-store.js';
export type { InMemoryExecutionStoreOptions } from './in-memory-execution-store.js';
export { InMemoryInstanceRegistry } from './in-memory-instance-registry.js';
export type { InMemoryInstanceRegistryOptions } from './in-memory-instance-registry.js';
export { InMemoryMessageQueue } from './in-memory-message-queue.js';
export type { InMemoryMessageQueueOptions } from './in-memory-message-queue.js';
export { InMemoryOutboxStore } from '../outbox/in-memory-outbox-store.js';
export type { InMemoryOutboxStoreOptions } from '../outbox/in-memory-outbox-store.js';
