import type { Consumer, Delivery, MessageQueue, Verdict } from '../ports/message-queue.js';
import { deadLetter, release, serveMessage } from './message-delivery.js';
import { serveTask } from './task-delivery.js';
import { actorQueueName, parseActorQueueBody, parseAddress } from './wire.js';
import type { WorkerHost } from './worker-host.js';

/** Serves the queues of registered types: their tasks and their messages. */
export class QueueServer {
  readonly #queue: MessageQueue;
  readonly #host: WorkerHost;
  readonly #consumers = new Map<string, Promise<Consumer>>();
  /** Those that wait for what they had taken. */
  readonly #closing = new Set<Promise<Consumer>>();

  constructor(queue: MessageQueue, host: WorkerHost) {
    this.#queue = queue;
    this.#host = host;
  }

  /** Begins with `type`. Again for one that is served: nothing. */
  async serve(type: string, concurrency: number): Promise<void> {
    if (this.#consumers.has(type)) return void (await this.#consumers.get(type));
    const consumer = this.#queue.consume(actorQueueName(type), (delivery) => this.#take(delivery), {
      concurrency,
      leaseMs: this.#host.leaseMs,
      // A task must not vanish among the dead letters, with an orchestrator that waits for it: we count.
      maxDeliveries: Number.MAX_SAFE_INTEGER,
    });
    this.#consumers.set(type, consumer);
    await consumer.catch((error: unknown) => {
      if (this.#consumers.get(type) === consumer) this.#consumers.delete(type);
      throw error;
    });
  }

  /** Takes nothing more of `type`; resolves when what it had taken is done, or with `abort` given back. */
  async stop(type: string, abort: boolean): Promise<void> {
    const consumer = this.#consumers.get(type);
    // At once: the type may be served again while this one waits.
    this.#consumers.delete(type);
    if (consumer) await this.#end(consumer, abort);
  }

  async close(abort: boolean): Promise<void> {
    const consumers = [...this.#closing, ...this.#consumers.values()];
    this.#consumers.clear();
    await Promise.all(consumers.map((consumer) => this.#end(consumer, abort)));
  }

  async #end(consumer: Promise<Consumer>, abort: boolean): Promise<void> {
    this.#closing.add(consumer);
    try {
      await (await consumer.catch(() => undefined))?.close({ abort });
    } finally {
      this.#closing.delete(consumer);
    }
  }

  async #take(delivery: Delivery): Promise<Verdict | void> {
    const body = parseActorQueueBody(delivery.body);
    if (typeof body === 'string') return deadLetter(`Not a message for an actor. ${body}`);
    const type = body.kind === 'task' ? body.task.actor : parseAddress(body.envelope.to).type;
    if (actorQueueName(type) !== delivery.queue)
      return deadLetter(`A message for actor "${type}" is in queue "${delivery.queue}".`);
    const { leaseMs, poolOf, system } = this.#host;
    const pool = poolOf(type);
    // It was unregistered, or the consumer ended, after this delivery began.
    if (!pool || delivery.signal.aborted) return release;
    const onHeartbeat = (): void =>
      void delivery.extend(leaseMs).catch((error: unknown) => {
        system.logger.warn('Lease could not be extended', { queue: delivery.queue, error });
      });
    return body.kind === 'task'
      ? serveTask(delivery, pool, body, this.#queue, onHeartbeat)
      : serveMessage(delivery, pool, body.envelope, this.#queue, onHeartbeat);
  }
}
