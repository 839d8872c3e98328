import type {
  Consumer,
  ConsumeOptions,
  DeadLetters,
  DeliveryHandler,
  GroupStats,
  InstanceRegistry,
  Logger,
  MessageQueue,
  OutgoingMessage,
  QueueStats,
} from '@certoai/loom-core';
import { systemClock } from '@certoai/loom-core';
import type { Queue } from 'bullmq';
import {
  checkGroupKey,
  checkIds,
  checkMessages,
  checkQueueName,
  closedError,
  resolveConsumeOptions,
} from '../internal/message-queue-options.js';
import type { ResolvedConsumeOptions } from '../internal/message-queue-options.js';
import { checkPausable, isTemporary } from '../internal/temporary-queue.js';
import { ConnectedInstances } from '../redis/connected-instances.js';
import { BullMQConsumer } from './bullmq-consumer.js';
import { BullMQDeadLetters } from './bullmq-dead-letters.js';
import { resolveBullMQOptions } from './bullmq-message-queue-options.js';
import type { BullMQMessageQueueOptions } from './bullmq-message-queue-options.js';
import type { RedisFinding } from './check-redis.js';
import { groupStatsScript, sendGroupedScript } from './group-scripts.js';
import { LeasedJobs } from './leased-jobs.js';
import { leaseTimes } from './lease-times.js';
import { loadBullMQ } from './load-bullmq.js';
import { MarkerBoard } from './marker-board.js';
import { jobName, messageJob, messageJobValues } from './message-job.js';
import type { MessageJob } from './message-job.js';
import { runScript, statsScript } from './queue-scripts.js';
import type { OpenRedisClient, RedisClient, RedisConnectionOptions } from './redis-client.js';
import { RedisConnections, reconnect } from './redis-connections.js';
import { translateRedisError } from './redis-error.js';
import { SettingsWatch } from './settings-watch.js';
import { StalledWatch } from './stalled-watch.js';
import { withdrawScript } from './withdraw-script.js';

/** Events BullMQ keeps of each queue for its tools. Count. */
const eventsKept = 1_000;
/** Messages withdrawn in one step. */
const withdrawnAtOnce = 1_000;

/**
 * Messages in Redis, as jobs of BullMQ that its tools can see. Any number of processes may share them.
 * Nothing is loaded and no connection is opened before the first call.
 */
export class BullMQMessageQueue implements MessageQueue {
  readonly capabilities = { durable: true, shared: true };
  readonly deadLetters: DeadLetters;
  readonly instances: InstanceRegistry;
  readonly #prefix: string;
  readonly #logger: Logger;
  readonly #connections: RedisConnections;
  readonly #board: MarkerBoard;
  readonly #watch: StalledWatch;
  readonly #queues = new Map<string, Promise<Queue>>();
  readonly #consumers = new Set<BullMQConsumer>();
  readonly #settings: SettingsWatch;
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
    this.#settings = new SettingsWatch(logger);
    const working = (): Promise<OpenRedisClient> => this.#connections.working();
    const onError = (error: unknown): void => this.#report(error);
    this.#board = new MarkerBoard({
      working,
      onError,
      open: () => this.#connections.blocking(),
      release: (client) => this.#connections.release(client),
    });
    this.#watch = new StalledWatch({
      working,
      onError,
      onSilence: () => {
        void working().then(reconnect);
        this.#board.reconnect();
      },
    });
    this.instances = new ConnectedInstances({
      prefix,
      logger,
      connect: () => this.#connect(),
      open: () => this.#connections.blocking(),
      release: (client) => this.#connections.release(client),
    });
    this.deadLetters = new BullMQDeadLetters({
      connect: () => this.#connect(),
      checkOpen: () => this.#checkOpen(),
      key: (queue, type) => this.#key(queue, type),
    });
  }

  async send(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly string[]> {
    this.#checkOpen();
    checkQueueName(queue);
    const checked = checkMessages(messages);
    if (checked.length === 0) return [];
    return this.#call('store messages', async () => {
      if (!isTemporary(queue) && checked.every(({ group }) => group === undefined))
        return this.#add(await this.#queue(queue), checked.map(messageJob));
      const values = checked.flatMap(messageJobValues);
      const args = [this.#key(queue, ''), systemClock.now(), ...values];
      return (await runScript(await this.#connect(), sendGroupedScript, args)) as string[];
    });
  }

  async consume(queue: string, handler: DeliveryHandler, options?: ConsumeOptions): Promise<Consumer> {
    this.#checkOpen();
    if (this.#closing) throw closedError();
    checkQueueName(queue);
    const resolved = resolveConsumeOptions(handler, options);
    return this.#call('consume a queue', () => this.#consume(queue, handler, resolved));
  }

  async withdraw(queue: string, ids: readonly string[]): Promise<number> {
    this.#checkOpen();
    checkQueueName(queue);
    checkIds(ids);
    return this.#call('withdraw messages', async () => {
      const client = await this.#connect();
      let count = 0;
      for (let start = 0; start < ids.length; start += withdrawnAtOnce) {
        const some = ids.slice(start, start + withdrawnAtOnce);
        const args = [this.#key(queue, ''), systemClock.now(), ...some];
        count += Number(await runScript(client, withdrawScript, args));
      }
      return count;
    });
  }

  async group(queue: string, key: string): Promise<GroupStats> {
    this.#checkOpen();
    checkQueueName(queue);
    checkGroupKey(key);
    return this.#call('count the messages of a group', async () => {
      const now = systemClock.now();
      const args = [this.#key(queue, ''), now, key];
      const reply = await runScript(await this.#connect(), groupStatsScript, args);
      const [waiting, active, opensInMs] = reply as [number, number, number];
      return { waiting, active, openAt: opensInMs < 0 ? null : now + opensInMs };
    });
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
    checkPausable(queue);
    await this.#call('pause a queue', async () => (await this.#queue(queue)).pause());
  }

  async resume(queue: string): Promise<void> {
    this.#checkOpen();
    checkQueueName(queue);
    checkPausable(queue);
    await this.#call('resume a queue', async () => {
      await (await this.#queue(queue)).resume();
      // BullMQ does not know of the jobs that wait in groups.
      await (await this.#connect()).zadd(this.#key(queue, 'marker'), 0, '0');
    });
  }

  /**
   * What endangers messages in the settings of the server, as it was seen when this queue first connected; nothing
   * before. Where something was wrong, asking makes it look again, once a minute at most.
   */
  serverFindings(): readonly RedisFinding[] {
    return this.#settings.findings();
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
    // The events of a queue are bounded by whoever opens it as a BullMQ queue; a temporary one has none.
    if (!isTemporary(queue)) await this.#queue(queue);
    const working = await this.#connections.working();
    const { lockMs } = leaseTimes(options.leaseMs);
    const backend = createRedisBackend(queue, {
      ...this.#bullmq(working),
      lockDuration: lockMs,
    } as Parameters<typeof createRedisBackend>[1]);
    backend.on('error', () => {});
    await backend.waitUntilReady();
    if (this.#closing) {
      await backend.close();
      throw closedError();
    }
    const consumer = new BullMQConsumer({
      queue,
      jobs: new LeasedJobs({ backend, client: working, lockMs, isTemporary: isTemporary(queue) }),
      handler,
      options,
      logger: this.#logger,
      board: this.#board,
      watch: this.#watch,
      onClosed: async () => {
        this.#consumers.delete(consumer);
        await backend.close();
      },
    });
    this.#consumers.add(consumer);
    consumer.start();
    return consumer;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    this.#released = true;
    await this.instances.close();
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

  /** BullMQ asks for the version to print warnings; {@link SettingsWatch} tells the logger. */
  #bullmq(client: OpenRedisClient) {
    return { connection: client, prefix: this.#prefix, skipVersionCheck: true };
  }

  async #connect(): Promise<OpenRedisClient> {
    this.#checkOpen();
    const client = await this.#connections.sending();
    this.#settings.begin(client);
    return client;
  }

  /** A look that was under way when everything closed is nothing to report. */
  #report(error: unknown): void {
    if (!this.#closing) this.#logger.warn('Redis refused a look for work; it is repeated', { error });
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
