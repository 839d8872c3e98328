import type { ActorRef } from './actor-ref.js';
import type { ActorContext } from './context.js';

/**
 * Handles one message at a time, also when a handler waits. `Msg` is the closed union of what it takes.
 * Constructible without arguments: the runtime injects {@link context} before `onStart`.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- a handler may name its message type without the class naming it too
export abstract class Actor<Msg = any> {
  readonly context!: ActorContext;

  /** The return value is the reply of an ask and the output of a stage. */
  abstract onReceive(message: Msg, context: ActorContext): unknown;

  /** Before the first message; messages wait for it. */
  onStart?(context: ActorContext): unknown;
  /** After the last message, when all children have stopped. */
  onStop?(context: ActorContext): unknown;
  /** On the instance that failed, before a fresh one takes its place: release what it holds. */
  onRestart?(error: unknown, context: ActorContext): unknown;
  /** A watched actor has stopped. */
  onTerminated?(ref: ActorRef, context: ActorContext): unknown;
  /** Nothing came for as long as `context.setReceiveTimeout` said. */
  onReceiveTimeout?(context: ActorContext): unknown;
}
