export { InMemoryExecutionStore } from './in-memory-execution-store.js';
export type { InMemoryExecutionStoreOptions } from './in-memory-execution-store.js';
export { InMemoryMessageQueue } from './in-memory-message-queue.js';
export type { InMemoryMessageQueueOptions } from './in-memory-message-queue.js';
