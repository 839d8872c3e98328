export { BullMQMessageQueue } from './bullmq-message-queue.js';
export type { BullMQMessageQueueOptions } from './bullmq-message-queue-options.js';
export { checkRedis } from './check-redis.js';
export type { RedisFinding } from './check-redis.js';
export type { RedisClient, RedisConnectionOptions } from './redis-client.js';
