import type {
  Clock,
  ConsumeOptions,
  Consumer,
  DeadLetters,
  DeliveryHandler,
  GroupStats,
  InstanceRegistry,
  Logger,
  MessageQueue,
  MessageQueueCapabilities,
  OutgoingMessage,
  QueueStats,
} from '@certoai/loom-core';
import { InMemoryInstanceRegistry } from '../../memory/in-memory-instance-registry.js';
import {
  checkGroupKey,
  checkIds,
  checkMessages,
  checkQueueName,
  closedError,
  resolveConsumeOptions,
} from '../message-queue-options.js';
import { checkPausable, isTemporary } from '../temporary-queue.js';
import { LocalConsumer } from './local-consumer.js';
import { LocalDeadLetters } from './local-dead-letters.js';
import { LocalQueue } from './local-queue.js';
import type { MessageKeeper } from './message-keeper.js';

export interface LocalMessageQueueOptions {
  readonly keeper: MessageKeeper;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The port for a store that one process owns: checks what comes in, and joins the keeper with the queues. */
export class LocalMessageQueue implements MessageQueue {
  readonly deadLetters: DeadLetters;
  readonly instances: InstanceRegistry;
  readonly #keeper: MessageKeeper;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #queues = new Map<string, LocalQueue>();
  readonly #consumers = new Set<Consumer>();
  #closing: Promise<void> | undefined;
  /** Comes after `#closing`: a handler that drains may still send. */
  #released = false;

  constructor({ keeper, clock, logger }: LocalMessageQueueOptions) {
    this.#keeper = keeper;
    this.#clock = clock;
    this.#logger = logger;
    this.instances = new InMemoryInstanceRegistry({ clock });
    this.deadLetters = new LocalDeadLetters({
      keeper,
      clock,
      checkOpen: () => this.#checkOpen(),
      putBack: (queue, messages) => this.#queue(queue).add(messages),
    });
    const { messages, paused, groups, temporary } = keeper.load();
    for (const name of paused) this.#queue(name).setPaused(true);
    for (const group of groups) this.#queue(group.queue).restore(group);
    for (const message of messages) this.#queue(message.queue).add([message]);
    for (const name of new Set([...this.#queues.keys(), ...temporary])) {
      if (isTemporary(name)) void this.#endUnlessConsumed(name);
    }
  }

  get capabilities(): MessageQueueCapabilities {
    return this.#keeper.capabilities;
  }

  async send(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly string[]> {
    this.#checkOpen();
    checkQueueName(queue);
    const checked = checkMessages(messages);
    const kept = this.#keeper.append(queue, checked, this.#clock.now());
    const { ids, stored } = kept instanceof Promise ? await kept : kept;
    for (const { group } of checked) if (group) this.#queue(queue).setLimits(group);
    if (stored.length > 0) this.#queue(queue).add(stored);
    if (isTemporary(queue)) await this.#endUnlessConsumed(queue);
    return ids;
  }

  async consume(queue: string, handler: DeliveryHandler, options?: ConsumeOptions): Promise<Consumer> {
    this.#checkOpen();
    if (this.#closing) throw closedError();
    checkQueueName(queue);
    const consumer = new LocalConsumer(handler, resolveConsumeOptions(handler, options), () => {
      this.#consumers.delete(consumer);
      this.#queue(queue).removeConsumer(consumer);
      return isTemporary(queue) ? this.#endUnlessConsumed(queue) : undefined;
    });
    this.#consumers.add(consumer);
    this.#queue(queue).addConsumer(consumer);
    return consumer;
  }

  async withdraw(queue: string, ids: readonly string[]): Promise<number> {
    this.#checkOpen();
    checkQueueName(queue);
    checkIds(ids);
    return this.#queues.get(queue)?.withdraw(ids) ?? 0;
  }

  async group(queue: string, key: string): Promise<GroupStats> {
    this.#checkOpen();
    checkQueueName(queue);
    checkGroupKey(key);
    return this.#queues.get(queue)?.group(key) ?? { waiting: 0, active: 0, openAt: null };
  }

  async stats(queue: string): Promise<QueueStats> {
    this.#checkOpen();
    checkQueueName(queue);
    const empty = { ready: 0, delayed: 0, active: 0, dead: 0, paused: false, oldestReadyAgeMs: null };
    return this.#queues.get(queue)?.stats() ?? { ...empty, dead: this.#keeper.deadCount(queue) };
  }

  pause(queue: string): Promise<void> {
    return this.#setPaused(queue, true);
  }

  resume(queue: string): Promise<void> {
    return this.#setPaused(queue, false);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    this.#released = true;
    await this.instances.close();
    for (const queue of this.#queues.values()) queue.close();
    await this.#keeper.close();
  }

  async #setPaused(queue: string, paused: boolean): Promise<void> {
    this.#checkOpen();
    checkQueueName(queue);
    checkPausable(queue);
    await this.#keeper.setPaused(queue, paused);
    this.#queue(queue).setPaused(paused);
  }

  /** Nobody else can be there: this process is the only one. Never rejects: what is left goes when the store is opened. */
  async #endUnlessConsumed(name: string): Promise<void> {
    const queue = this.#queue(name);
    if (queue.isConsumed) return;
    this.#queues.delete(name);
    try {
      await queue.end();
      await this.#keeper.forget(name);
    } catch (error) {
      this.#logger.warn('Temporary queue could not be removed', { queue: name, error });
    }
  }

  #queue(name: string): LocalQueue {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = new LocalQueue({ name, keeper: this.#keeper, clock: this.#clock, logger: this.#logger });
      this.#queues.set(name, queue);
    }
    return queue;
  }

  #checkOpen(): void {
    if (this.#released) throw closedError();
  }
}
