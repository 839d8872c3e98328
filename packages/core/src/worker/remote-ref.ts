import type { ActorRef, AskOptions, StopOptions, TellOptions } from '../actor/actor-ref.js';
import { LoomError } from '../errors/loom-error.js';
import type { QueueSender } from './queue-sender.js';

/** Address of an actor behind the queue, in whatever process serves its type. */
export class RemoteRef implements ActorRef {
  readonly path: string;
  readonly #sender: QueueSender;

  constructor(path: string, sender: QueueSender) {
    this.path = path;
    this.#sender = sender;
  }

  tell(message: unknown, options?: TellOptions): void {
    this.#sender
      .tell(this.path, message, options)
      .catch((error: unknown) => this.#sender.lost(this.path, message, error));
  }

  /** Resolves when the queue has it. */
  send(message: unknown, options?: TellOptions): Promise<void> {
    return this.#sender.tell(this.path, message, options);
  }

  ask<Reply>(message: unknown, options?: AskOptions): Promise<Reply> {
    return this.#sender.ask(this.path, message, options) as Promise<Reply>;
  }

  async stop(_options?: StopOptions): Promise<void> {
    const message = `Actor "${this.path}" runs in another process, so it cannot be stopped from here. Send it a message.`;
    throw new LoomError('LOOM_UNSUPPORTED', message, { actor: this.path });
  }

  toJSON(): string {
    return this.path;
  }
}
