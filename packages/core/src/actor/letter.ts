import { Deadline } from '../lifecycle/deadlines.js';
import { createEnvelope } from '../message/create-envelope.js';
import type { MessageEnvelope } from '../message/envelope.js';
import type { Logger } from '../ports/logger.js';
import type { ModelDecision, TaskRequest } from '../worker/task.js';
import type { ActorRef } from './actor-ref.js';
import type { Cell } from './cell.js';
import type { DeadLetterReason } from './dead-letters.js';

/**
 * A message with more to it than its body. A plain tell has none of this: it stands in the mailbox as it
 * is, and becomes a letter only when its handler asks for the envelope or the signal.
 */
export class Letter extends Deadline {
  readonly body: unknown;
  readonly replyTo: ActorRef | undefined;
  /** What it asks for, when it is a task of a pipeline. */
  readonly task?: TaskRequest;
  /** Its sender no longer waits: it is not handled. */
  ended = false;
  #envelope: MessageEnvelope | undefined;
  #controller: AbortController | undefined;
  #reason: unknown;

  constructor(body: unknown, envelope?: MessageEnvelope, replyTo?: ActorRef) {
    super();
    this.body = body;
    this.#envelope = envelope;
    this.replyTo = replyTo;
  }

  /** Has the actor handle it. What comes back is the result, or a promise of it. */
  deliver(cell: Cell): unknown {
    return cell.receive(this.body);
  }
  succeed(_value: unknown): void {}
  fail(_error: unknown): void {}
  /** It will not be handled. */
  abandon(cell: Cell, reason: DeadLetterReason, _cause?: unknown): void {
    cell.system.deadLetters.add(this.body, cell.path, reason);
  }
  expire(): void {}
  /** The runtime's own: not dropped to make room. */
  get isEssential(): boolean {
    return false;
  }

  /** Aborts the signal of the handler that is at it. */
  cancel(reason: unknown): void {
    this.#reason ??= reason;
    this.#controller?.abort(reason);
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  envelopeFor(cell: Cell): MessageEnvelope {
    return (this.#envelope ??= createEnvelope(this.body, cell.path, {}, cell.system));
  }
  get expiresAt(): number | undefined {
    return this.#envelope?.expiresAt;
  }

  // What only some letters have: a task of a pipeline, or a message from a queue.
  get attempt(): number {
    return 1;
  }
  loggerFor(cell: Cell): Logger {
    return (cell.extra.logger ??= cell.system.logger.child({ actor: cell.path }));
  }
  heartbeat(): void {}
  progress(_data: unknown): void {}
  decision(_decision: ModelDecision): void {}
}

/** What the runtime tells an actor: never dropped to make room, and nobody misses it when the actor has ended. */
export class Notice extends Letter {
  override abandon(): void {}
  override get isEssential(): boolean {
    return true;
  }
}
