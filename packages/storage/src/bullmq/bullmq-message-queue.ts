import type {
  Consumer,
  ConsumeOptions,
  DeadLetters,
  DeliveryHandler,
  Logger,
  MessageQueue,
  OutgoingMessage,
  QueueStats,
} from '@certoai/loom-core';
import { systemClock } from '@certoai/loom-core';
import type { Queue } from 'bullmq';
import {
  checkMessages,
  checkQueueName,
  closedError,
  resolveConsumeOptions,
} from '../internal/message-queue-options.js';
import type { ResolvedConsumeOptions } from '../internal/message-queue-options.js';
import { BullMQConsumer } from './bullmq-consumer.js';
import { BullMQDeadLetters } from './bullmq-dead-letters.js';
import { resolveBullMQOptions } from './bullmq-message-queue-options.js';
import type { BullMQMessageQueueOptions } from './bullmq-message-queue-options.js';
import { checkRedis } from './check-redis.js';
import { LeasedJobs } from './leased-jobs.js';
import { leaseTimes } from './lease-times.js';
import { loadBullMQ } from './load-bullmq.js';
import { jobName, messageJob } from './message-job.js';
import type { MessageJob } from './message-job.js';
import { runScript, statsScript } from './queue-scripts.js';
import type { OpenRedisClient, RedisClient, RedisConnectionOptions } from './redis-client.js';
import { RedisConnections } from './redis-connections.js';
import { translateRedisError } from './redis-error.js';

/** Events BullMQ keeps of each queue for its tools. Count. */
const eventsKept = 1_000;
/** We count deliveries ourselves, and never let BullMQ fail a job because its process died. */
const noLimit = 1_000_000_000;

/**
 * Messages in Redis, as jobs of BullMQ that its tools can see. Any number of processes may share them.
 * Nothing is loaded and no connection is opened before the first call.
 */
export class BullMQMessageQueue implements MessageQueue {
  readonly capabilities = { durable: true, shared: true };
  readonly deadLetters: DeadLetters;
  readonly #prefix: string;
  readonly #logger: Logger;
  readonly #connections: RedisConnections;
  readonly #queues = new Map<string, Promise<Queue>>();
  readonly #consumers = new Set<BullMQConsumer>();
  #checked = false;
  #closing: Promise<void> | undefined;
  /** Comes after `#closing`: a handler that drains may still send. */
  #released = false;

  /**
   * @param redis - an ioredis client, which is copied and never closed; or ioredis options, or a URL
   * @throws LoomError `LOOM_INVALID_OPTION`
   */
  constructor(
    redis: RedisClient | RedisConnectionOptions | object | string,
    redisConfig?: BullMQMessageQueueOptions | object,
  ) {
    const { source, prefix, logger, overrides } = resolveBullMQOptions(redis, redisConfig);
    this.#prefix = prefix;
    this.#logger = logger;
    this.#connections = new RedisConnections({ source, overrides, logger });
    this.deadLetters = new BullMQDeadLetters({
      connect: () => this.#connect(),
      checkOpen: () => this.#checkOpen(),
      key: (queue, type) => this.#key(queue, type),
    });
  }

  async send(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly string[]> {
    this.#checkOpen();
    checkQueueName(queue);
    const jobs = checkMessages(messages).map(messageJob);
    if (jobs.length === 0) return [];
    return this.#call('store messages', async () => this.#add(await this.#queue(queue), jobs));
  }

  async consume(queue: string, handler: DeliveryHandler, options?: ConsumeOptions): Promise<Consumer> {
    this.#checkOpen();
    if (this.#closing) throw closedError();
    checkQueueName(queue);
    const resolved = resolveConsumeOptions(handler, options);
    return this.#call('consume a queue', () => this.#consume(queue, handler, resolved));
  }

  async stats(queue: string): Promise<QueueStats> {
    this.#checkOpen();
    checkQueueName(queue);
    return this.#call('count messages', async () => {
      const now = systemClock.now();
      const keys = ['wait', 'prioritized', 'delayed', 'active', 'failed', 'meta'].map((type) =>
        this.#key(queue, type),
      );
      const reply = await runScript(await this.#connect(), statsScript, [...keys, this.#key(queue, ''), now]);
      return statsOf(reply as StatsReply, now);
    });
  }

  async pause(queue: string): Promise<void> {
    this.#checkOpen();
    checkQueueName(queue);
    await this.#call('pause a queue', async () => (await this.#queue(queue)).pause());
  }

  async resume(queue: string): Promise<void> {
    this.#checkOpen();
    checkQueueName(queue);
    await this.#call('resume a queue', async () => (await this.#queue(queue)).resume());
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #add(queue: Queue, jobs: readonly MessageJob[]): Promise<readonly string[]> {
    const [first] = jobs;
    if (jobs.length === 1 && first) return [(await queue.add(jobName, first.data, first.opts)).id as string];
    const { Job } = await loadBullMQ();
    // addBulk of BullMQ 6 is a pipeline, of which a part may be lost with the connection.
    const transaction = (await queue.getBackend().client).multi();
    for (const { data, opts } of jobs)
      void new Job(queue, jobName, data, opts, opts.jobId).addJob(transaction);
    const replies = (await transaction.exec()) ?? [];
    return replies.map(([error, id]) => {
      if (error) throw error;
      return String(id);
    });
  }

  async #consume(
    queue: string,
    handler: DeliveryHandler,
    options: ResolvedConsumeOptions,
  ): Promise<Consumer> {
    const { createRedisBackend } = await loadBullMQ();
    // The events of a queue are bounded by whoever opens it as a BullMQ queue.
    await this.#queue(queue);
    const working = await this.#connections.working();
    const blocking = await this.#connections.blocking();
    const { lockMs, checkEveryMs } = leaseTimes(options.leaseMs);
    const backend = createRedisBackend(queue, {
      ...this.#bullmq(working),
      lockDuration: lockMs,
      maxStalledCount: noLimit,
      // Several consumers look in turns; a look must not be skipped because its own last one is still remembered.
      stalledInterval: Math.ceil(checkEveryMs * 0.7),
    } as Parameters<typeof createRedisBackend>[1]);
    backend.on('error', () => {});
    await backend.waitUntilReady();
    const consumer = new BullMQConsumer({
      queue,
      jobs: new LeasedJobs({ backend, client: working, lockMs }),
      handler,
      options,
      logger: this.#logger,
      blocking,
      release: () => this.#connections.release(blocking),
      onClosed: async () => {
        this.#consumers.delete(consumer);
        await backend.close();
      },
    });
    if (this.#closing) {
      this.#connections.release(blocking);
      await backend.close();
      throw closedError();
    }
    this.#consumers.add(consumer);
    consumer.start();
    return consumer;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    this.#released = true;
    const queues = await Promise.allSettled(this.#queues.values());
    await Promise.allSettled(
      queues.map(async (queue) => queue.status === 'fulfilled' && queue.value.close()),
    );
    await this.#connections.close();
  }

  /** A BullMQ queue, which is kept: it costs a command to open. */
  #queue(name: string): Promise<Queue> {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = this.#openQueue(name);
      this.#queues.set(name, queue);
      queue.catch(() => this.#queues.delete(name));
    }
    return queue;
  }

  async #openQueue(name: string): Promise<Queue> {
    const [{ Queue }, client] = await Promise.all([loadBullMQ(), this.#connect()]);
    const queue = new Queue(name, { ...this.#bullmq(client), streams: { events: { maxLen: eventsKept } } });
    // Its connection is ours, and reports by itself.
    queue.on('error', () => {});
    return queue;
  }

  /** BullMQ asks for the version to print warnings; {@link checkRedis} tells the logger. */
  #bullmq(client: OpenRedisClient) {
    return { connection: client, prefix: this.#prefix, skipVersionCheck: true };
  }

  async #connect(): Promise<OpenRedisClient> {
    this.#checkOpen();
    const client = await this.#connections.sending();
    if (!this.#checked) {
      this.#checked = true;
      void this.#warn(client);
    }
    return client;
  }

  async #warn(client: OpenRedisClient): Promise<void> {
    try {
      for (const finding of await checkRedis(client))
        this.#logger.warn('Redis is not set up for queues', { ...finding });
    } catch (error) {
      this.#logger.debug('Redis settings could not be read', { error });
    }
  }

  async #call<Result>(doing: string, run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (error) {
      throw translateRedisError(error, doing);
    }
  }

  #key(queue: string, type: string): string {
    return `${this.#prefix}:${queue}:${type}`;
  }

  #checkOpen(): void {
    if (this.#released) throw closedError();
  }
}

type StatsReply = readonly [
  ready: number,
  delayed: number,
  active: number,
  dead: number,
  paused: number,
  oldest: string,
];

function statsOf([ready, delayed, active, dead, paused, oldest]: StatsReply, now: number): QueueStats {
  const since = Number(oldest);
  const oldestReadyAgeMs = since < 0 ? null : Math.max(0, now - since);
  return { ready, delayed, active, dead, paused: paused === 1, oldestReadyAgeMs };
}
