import type { ActorRef, AskOptions, TellOptions } from '../actor/actor-ref.js';
import type { ActorSystem } from '../actor/actor-system.js';
import { describeMessage } from '../actor/ask-letter.js';
import { LocalRef } from '../actor/local-ref.js';
import { errorFromRecord } from '../errors/error-from-record.js';
import { LoomError } from '../errors/loom-error.js';
import { crowdOf } from '../internal/abort-crowd.js';
import type { Abortable } from '../internal/abort-crowd.js';
import { wholeNumber } from '../internal/numeric-option.js';
import { Deadline } from '../lifecycle/deadlines.js';
import { createEnvelope } from '../message/create-envelope.js';
import type { MessageEnvelope } from '../message/envelope.js';
import type { JsonValue } from '../message/json.js';
import type { Consumer, Delivery, MessageQueue } from '../ports/message-queue.js';
import { actorQueueName, isReplyBody, parseAddress, replyQueueName } from './wire.js';

/** Sends messages to actors in other processes, and takes the replies to what was asked. */
export class QueueSender {
  readonly #queue: MessageQueue;
  readonly #system: ActorSystem;
  readonly #asks = new Map<string, RemoteAsk>();
  readonly #replyQueue: string;
  #replies: Promise<Consumer> | undefined;
  #closed: { readonly reason: unknown } | undefined;

  constructor(queue: MessageQueue, system: ActorSystem) {
    this.#queue = queue;
    this.#system = system;
    this.#replyQueue = replyQueueName(system.ids.next());
  }

  async tell(to: string, message: unknown, options: TellOptions = {}): Promise<void> {
    this.#checkOpen();
    const { replyTo, idempotencyKey } = options;
    if (replyTo) checkReachable(replyTo);
    const envelope = createEnvelope(message, to, options, this.#system);
    await this.#send(envelope, idempotencyKey === undefined ? undefined : `${to}/${idempotencyKey}`);
  }

  async ask(to: string, message: unknown, options: AskOptions = {}): Promise<unknown> {
    this.#checkOpen();
    const { signal } = options;
    const timeoutMs = wholeNumber('timeoutMs', options.timeoutMs, this.#system.askTimeoutMs, 1);
    signal?.throwIfAborted();
    const envelope = createEnvelope(message, to, { ...options, expiresInMs: timeoutMs }, this.#system);
    const ask = new RemoteAsk(envelope, timeoutMs);
    this.#asks.set(envelope.id, ask);
    this.#system.asks.add(ask, timeoutMs);
    const crowd = signal && crowdOf(signal).add(ask);
    // The reply may come before `send` resolves, and the deadline before there is a reply queue.
    this.#listen()
      .then(() => this.#send({ ...envelope, replyTo: this.#replyQueue }, undefined))
      .catch(ask.abort);
    try {
      return await ask.reply;
    } finally {
      this.#asks.delete(envelope.id);
      this.#system.asks.remove(ask);
      crowd?.delete(ask);
    }
  }

  /** A tell that could not be sent. */
  lost(to: string, message: unknown, error: unknown): void {
    this.#system.logger.warn('Message could not be sent', { actor: to, error });
    this.#system.deadLetters.add(message, to, 'send-failed');
  }

  async close(reason: unknown): Promise<void> {
    this.#closed = { reason };
    for (const ask of this.#asks.values()) ask.abort(reason);
    await (await this.#replies?.catch(() => undefined))?.close({ abort: true });
  }

  async #send(envelope: MessageEnvelope, dedupeId: string | undefined): Promise<void> {
    const queue = actorQueueName(parseAddress(envelope.to).type);
    const body = { kind: 'message', envelope } as unknown as JsonValue;
    await this.#queue.send(queue, [{ body, priority: envelope.priority, dedupeId }]);
  }

  #listen(): Promise<Consumer> {
    this.#replies ??= this.#queue.consume(this.#replyQueue, (delivery) => this.#take(delivery), {
      concurrency: 100,
    });
    // The next ask tries again.
    this.#replies.catch(() => (this.#replies = undefined));
    return this.#replies;
  }

  #checkOpen(): void {
    if (this.#closed) throw this.#closed.reason;
  }

  async #take({ body }: Delivery): Promise<void> {
    // One that nobody waits for any more came too late: its ask has been rejected.
    if (!isReplyBody(body)) return;
    const ask = this.#asks.get(body.correlationId);
    if (body.error) ask?.abort(errorFromRecord(body.error));
    else ask?.resolve(body.output);
  }
}

class RemoteAsk extends Deadline implements Abortable {
  readonly reply: Promise<unknown>;
  readonly #envelope: MessageEnvelope;
  readonly #timeoutMs: number;
  resolve!: (value: unknown) => void;
  abort!: (reason: unknown) => void;

  constructor(envelope: MessageEnvelope, timeoutMs: number) {
    super();
    this.#envelope = envelope;
    this.#timeoutMs = timeoutMs;
    this.reply = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.abort = reject;
    });
  }

  expire(): void {
    const { to: actor, body } = this.#envelope;
    const timeoutMs = this.#timeoutMs;
    const queue = actorQueueName(parseAddress(actor).type);
    const message = `Actor "${actor}" did not answer ${describeMessage(body)} within ${timeoutMs} ms. Does a worker serve queue "${queue}"?`;
    this.abort(new LoomError('LOOM_TIMEOUT', message, { actor, timeoutMs, queue }));
  }
}

/** An answer can only find an actor that other processes can name. */
function checkReachable(ref: ActorRef): void {
  if (!(ref instanceof LocalRef) || ref.cell.spec.home) return;
  const message = `Actor "${ref.path}" belongs to this process, so no answer from another can reach it. Give an actor of a registered type, or ask.`;
  throw new LoomError('LOOM_UNSUPPORTED', message, { actor: ref.path });
}
