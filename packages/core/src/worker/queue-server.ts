import type { Consumer, Delivery, MessageQueue, Verdict } from '../ports/message-queue.js';
import { deadLetter, release, serveMessage } from './message-delivery.js';
import { createReportSender } from './report-sender.js';
import type { SendReport } from './report-sender.js';
import { serveTask } from './task-delivery.js';
import { parseActorQueueBody, parseAddress } from './wire.js';
import type { WorkerHost } from './worker-host.js';

interface Service {
  /** The same for services that are alike. */
  readonly how: string;
  readonly consumers: readonly Promise<Consumer>[];
}

/** Serves the queues of registered types: their tasks and their messages. */
export class QueueServer {
  readonly #queue: MessageQueue;
  readonly #host: WorkerHost;
  readonly #report: SendReport;
  readonly #services = new Map<string, Service>();
  /** Those that wait for what they had taken. */
  readonly #closing = new Set<Promise<Consumer>>();
  #isClosed = false;

  constructor(queue: MessageQueue, host: WorkerHost) {
    this.#queue = queue;
    this.#report = createReportSender(queue);
    this.#host = host;
  }

  /** Consumes these queues of `type`, and no others. Resolves when it does; as it is already: nothing. */
  async serve(type: string, queues: readonly string[], concurrency: number): Promise<void> {
    if (this.#isClosed) return;
    const how = `${concurrency} ${queues.join()}`;
    const before = this.#services.get(type);
    if (before && before.how !== how) {
      await this.stop(type, false);
      return this.serve(type, queues, concurrency);
    }
    const service = before ?? {
      how,
      consumers: queues.map((queue) => this.#consume(type, queue, concurrency)),
    };
    this.#services.set(type, service);
    await Promise.all(service.consumers).catch((error: unknown) => {
      if (this.#services.get(type) === service) void this.stop(type, false);
      throw error;
    });
  }

  /** Takes nothing more of `type`; resolves when what it had taken is done, or with `abort` given back. */
  async stop(type: string, abort: boolean): Promise<void> {
    const service = this.#services.get(type);
    // At once: the type may be served again while this one waits.
    this.#services.delete(type);
    if (service) await Promise.all(service.consumers.map((consumer) => this.#end(consumer, abort)));
  }

  async close(abort: boolean): Promise<void> {
    this.#isClosed = true;
    const serving = [...this.#services.values()].flatMap(({ consumers }) => consumers);
    const consumers = [...this.#closing, ...serving];
    this.#services.clear();
    await Promise.all(consumers.map((consumer) => this.#end(consumer, abort)));
  }

  #consume(type: string, queue: string, concurrency: number): Promise<Consumer> {
    return this.#queue.consume(queue, (delivery) => this.#take(type, delivery), {
      concurrency,
      leaseMs: this.#host.leaseMs,
      // A task must not vanish among the dead letters, with an orchestrator that waits for it: we count.
      maxDeliveries: Number.MAX_SAFE_INTEGER,
    });
  }

  async #end(consumer: Promise<Consumer>, abort: boolean): Promise<void> {
    this.#closing.add(consumer);
    try {
      await (await consumer.catch(() => undefined))?.close({ abort });
    } finally {
      this.#closing.delete(consumer);
    }
  }

  async #take(served: string, delivery: Delivery): Promise<Verdict | void> {
    const body = parseActorQueueBody(delivery.body);
    if (typeof body === 'string') return deadLetter(`Not a message for an actor. ${body}`);
    const type = body.kind === 'task' ? body.task.actor : parseAddress(body.envelope.to).type;
    if (type !== served) return deadLetter(`A message for actor "${type}" is in queue "${delivery.queue}".`);
    const { leaseMs, poolOf, system } = this.#host;
    const pool = poolOf(type);
    // It was unregistered, or the consumer ended, after this delivery began.
    if (!pool || delivery.signal.aborted) return release;
    const onHeartbeat = (): void =>
      void delivery.extend(leaseMs).catch((error: unknown) => {
        system.logger.warn('Lease could not be extended', { queue: delivery.queue, error });
      });
    return body.kind === 'task'
      ? serveTask(delivery, pool, body, this.#queue, this.#report, onHeartbeat)
      : serveMessage(delivery, pool, body.envelope, this.#queue, onHeartbeat);
  }
}
