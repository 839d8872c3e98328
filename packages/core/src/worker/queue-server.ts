import type { ActorRef } from '../actor/actor-ref.js';
import type { ActorSystem } from '../actor/actor-system.js';
import type { DeadLetterReason } from '../actor/dead-letters.js';
import { errorRecord } from '../errors/error-record.js';
import { toJsonText } from '../message/json-text.js';
import type { JsonValue } from '../message/json.js';
import type { MessageEnvelope } from '../message/envelope.js';
import type { Consumer, Delivery, MessageQueue, Verdict } from '../ports/message-queue.js';
import type { HostedType } from './hosted-type.js';
import { QueueLetter } from './queue-letter.js';
import type { HandledOutcome } from './queue-letter.js';
import { QueueSender } from './queue-sender.js';
import type { TaskReport, TaskRequest } from './task.js';
import { actorQueueName, parseActorQueueBody, parseAddress } from './wire.js';
import type { ReplyBody } from './wire.js';

export interface QueueServerOptions {
  readonly queue: MessageQueue;
  readonly system: ActorSystem;
  readonly leaseMs: number;
  readonly maxPayloadBytes: number;
  readonly hosted: (type: string) => HostedType | undefined;
}

/** Serves the queues of registered types: their tasks and their messages. */
export class QueueServer {
  readonly #options: QueueServerOptions;
  readonly #consumers = new Map<string, Promise<Consumer>>();
  /** Those that wait for what they had taken. */
  readonly #closing = new Set<Promise<Consumer>>();

  constructor(options: QueueServerOptions) {
    this.#options = options;
  }

  /** Begins with `type`. Again for one that is served: nothing. */
  async serve(type: string, concurrency: number): Promise<void> {
    if (this.#consumers.has(type)) return void (await this.#consumers.get(type));
    const { queue, leaseMs } = this.#options;
    const consumer = queue.consume(actorQueueName(type), (delivery) => this.#take(delivery), {
      concurrency,
      leaseMs,
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
    if (typeof body === 'string')
      return { kind: 'dead-letter', reason: `Not a message for an actor. ${body}` };
    const type = body.kind === 'task' ? body.task.actor : parseAddress(body.envelope.to).type;
    if (actorQueueName(type) !== delivery.queue) {
      return {
        kind: 'dead-letter',
        reason: `A message for actor "${type}" is in queue "${delivery.queue}".`,
      };
    }
    const hosted = this.#options.hosted(type);
    // It was unregistered after this delivery began.
    if (!hosted) return { kind: 'release' };
    if (body.kind === 'task') return this.#serveTask(delivery, hosted, body.task, body.replyTo);
    return this.#serveMessage(delivery, hosted, body.envelope);
  }

  async #serveTask(
    delivery: Delivery,
    hosted: HostedType,
    task: TaskRequest,
    replyTo: string,
  ): Promise<Verdict | void> {
    const { signal } = delivery;
    if (signal.aborted) return { kind: 'release' };
    const outcome = await hosted.pool.run(task, { signal, onHeartbeat: () => this.#extend(delivery) });
    // Another worker may have the task by now: a report would be one too many.
    if (outcome.kind === 'aborted' || signal.aborted) return { kind: 'release' };
    const { executionId, stage, index, token, attempt } = task;
    const report: TaskReport = { executionId, stage, index, token, attempt, outcome };
    const dedupeId = `${executionId}/${stage}/${index}/${token}`;
    await this.#options.queue.send(replyTo, [{ body: report as unknown as JsonValue, dedupeId }]);
  }

  async #serveMessage(
    delivery: Delivery,
    hosted: HostedType,
    envelope: MessageEnvelope,
  ): Promise<Verdict | void> {
    const { expiresAt, replyTo } = envelope;
    const replyQueue = replyTo !== undefined && QueueSender.isReplyQueue(replyTo) ? replyTo : undefined;
    const isLate = (): boolean => expiresAt !== undefined && expiresAt <= this.#options.system.clock.now();
    if (isLate()) return refusal('expired', replyQueue !== undefined);
    const sender = replyTo === undefined || replyQueue ? undefined : this.#refTo(replyTo);
    const letter = new QueueLetter(delivery, envelope, sender, () => this.#extend(delivery));
    try {
      hosted.home.actorOf(parseAddress(envelope.to).key).cell.post(letter);
    } catch (error) {
      // It has no actor for this key, and never will.
      if (replyQueue) return this.#reply(replyQueue, envelope, { kind: 'failed', error });
      return { kind: 'dead-letter', reason: errorRecord(error).message };
    }
    const outcome = await letter.outcome;
    if (outcome.kind === 'refused') return refusal(outcome.reason, replyQueue !== undefined);
    if (!replyQueue) {
      if (outcome.kind === 'failed') throw outcome.error;
      return;
    }
    if (!isLate()) await this.#reply(replyQueue, envelope, outcome);
  }

  async #reply(replyQueue: string, { id, to }: MessageEnvelope, outcome: HandledOutcome): Promise<void> {
    let body: ReplyBody;
    try {
      if (outcome.kind === 'failed') throw outcome.error;
      const text = toJsonText(outcome.value, {
        what: `reply of actor "${to}"`,
        maxBytes: this.#options.maxPayloadBytes,
      });
      body = { kind: 'reply', correlationId: id, output: JSON.parse(text) as JsonValue };
    } catch (error) {
      body = { kind: 'reply', correlationId: id, error: errorRecord(error) };
    }
    await this.#options.queue.send(replyQueue, [{ body: body as unknown as JsonValue, dedupeId: id }]);
  }

  #refTo(path: string): ActorRef | undefined {
    const { type, key } = parseAddress(path);
    try {
      return this.#options.system.actorOf(type, key);
    } catch {
      return undefined;
    }
  }

  #extend(delivery: Delivery): void {
    const { leaseMs, system } = this.#options;
    delivery.extend(leaseMs).catch((error: unknown) => {
      system.logger.warn('Lease could not be extended', { queue: delivery.queue, error });
    });
  }
}

/** What becomes of a message that no actor handled. */
function refusal(reason: DeadLetterReason | 'aborted', isAsk: boolean): Verdict | undefined {
  if (reason === 'stopped' || reason === 'aborted') return { kind: 'release' };
  if (reason !== 'expired') return { kind: 'retry' };
  // Who asked has given up by now.
  return isAsk ? undefined : { kind: 'dead-letter', reason: 'The message expired before it was handled.' };
}
