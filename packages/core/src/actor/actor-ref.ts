import type { Headers } from '../message/envelope.js';

/** What may go with a message. A tell without options costs no envelope. */
export interface TellOptions {
  readonly headers?: Headers | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Not handled, and a dead letter, when it waited longer; milliseconds, 1 or more. @default no limit */
  readonly expiresInMs?: number | undefined;
  /** Whole number 0 to 100, higher first; see {@link MessageEnvelope.priority}. @default 0 */
  readonly priority?: number | undefined;
  /** Who should get the answer: `context.replyTo` of the receiver. */
  readonly replyTo?: ActorRef | undefined;
}

export interface AskOptions extends Omit<TellOptions, 'expiresInMs' | 'replyTo'> {
  /** Milliseconds until the ask rejects with `LOOM_TIMEOUT`, 1 or more. @default 5_000, or the worker's `askTimeoutMs` */
  readonly timeoutMs?: number | undefined;
  /** Ends the ask, and aborts `context.signal` of the receiver if it is at it. */
  readonly signal?: AbortSignal | undefined;
}

export interface StopOptions {
  /** Handle what is in the mailbox first. @default false */
  readonly drain?: boolean | undefined;
}

/** The address of an actor: all that others ever hold of it. */
// oxlint-disable-next-line typescript/no-explicit-any -- a ref to an actor of any message type is an ActorRef
export interface ActorRef<Msg = any> {
  /** `type`, `type/key` or the names from the top down. For logs and envelopes. */
  readonly path: string;
  /**
   * Sends and forgets, and never waits. What cannot be delivered becomes a dead letter. For an
   * actor in this process, an option out of its range throws `LOOM_INVALID_OPTION`.
   * Messages of one sender to one actor keep their order.
   */
  tell(message: Msg, options?: TellOptions): void;
  /**
   * Sends and resolves to what the handler returns. Rejects with what the handler throws.
   * An ask that ended before the actor came to it is not handled.
   * @throws LoomError `LOOM_TIMEOUT`, `LOOM_MAILBOX_FULL`, `LOOM_ACTOR_STOPPED`, or `signal.reason`
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- who asks knows the type of the answer
  ask<Reply = any>(message: Msg, options?: AskOptions): Promise<Reply>;
  /**
   * Ends the actor after the message it is at, its children first; what waits becomes dead letters.
   * Resolves when it has stopped. Actors of a registered type start again with their next message.
   */
  stop(options?: StopOptions): Promise<void>;
}
