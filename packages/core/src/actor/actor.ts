import type { ActorRef } from './actor-ref.js';
import type { ActorContext } from './context.js';

/**
 * Handles one message at a time, also when a handler waits. `Msg` is the closed union of what it takes.
 * Constructible without arguments: the runtime injects {@link context} before `onStart`.
 */
// `any`, so that a handler may name its message type without the class naming it too.
export abstract class Actor<Msg = any> {
  readonly context!: ActorContext;

  /** The return value is the reply of an ask and the output of a stage. */
  abstract onReceive(message: Msg, context: ActorContext): unknown;

  /** Before the first message; messages wait for it. */
  onStart(_context: ActorContext): unknown {
    return undefined;
  }
  /** After the last message, when all children have stopped. */
  onStop(_context: ActorContext): unknown {
    return undefined;
  }
  /** On the instance that failed, before a fresh one takes its place: release what it holds. */
  onRestart(_error: unknown, _context: ActorContext): unknown {
    return undefined;
  }
  /** A watched actor has stopped. */
  onTerminated(_ref: ActorRef, _context: ActorContext): unknown {
    return undefined;
  }
  /** Nothing came for as long as `context.setReceiveTimeout` said. */
  onReceiveTimeout(_context: ActorContext): unknown {
    return undefined;
  }
}
