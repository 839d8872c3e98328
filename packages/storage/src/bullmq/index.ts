export { BullMQMessageQueue } from './bullmq-message-queue.js';
export type { BullMQMessageQueueOptions } from './bullmq-message-queue-options.js';
export { checkRedis } from './check-redis.js';
export type { RedisFinding } from './check-redis.js';
export { diagnoseRedis } from './diagnose-redis.js';
export type { DiagnoseRedisOptions } from './diagnose-redis.js';
export type { RedisClient, RedisConnectionOptions } from './redis-client.js';
export type { StoreFinding } from '../internal/store-finding.js';
