import type { JsonValue } from './json.js';

/**
 * What an actor receives. Between processes it must be JSON; within one it is handed over as it is,
 * without a copy, so treat it as read-only.
 */
export type Message = JsonValue;

/** Names and values that travel with a message: W3C trace context (`traceparent`) and the user's own. */
export type Headers = Readonly<Record<string, string>>;

/** The one immutable record that carries a message everywhere. */
export interface MessageEnvelope<Body = unknown> {
  readonly id: string;
  /** Path of the receiver: `type`, `type/key`, or the path of a spawned actor. */
  readonly to: string;
  /** Where an answer goes: a path or, between processes, a queue. */
  readonly replyTo?: string | undefined;
  readonly body: Body;
  /** The same for everything that belongs to one conversation. @default the envelope's own id */
  readonly correlationId: string;
  /** Id of the message that caused this one. */
  readonly causationId?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly headers: Headers;
  /** 0 to 100, higher first. It orders queues between processes; a mailbox keeps the order of arrival. */
  readonly priority: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Not handled after this; milliseconds since the epoch. */
  readonly expiresAt?: number | undefined;
}
