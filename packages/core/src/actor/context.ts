import type { Headers, MessageEnvelope } from '../message/envelope.js';
import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';
import type { ModelDecision } from '../worker/task.js';
import type { ActorRef, StopOptions } from './actor-ref.js';
import type { ActorSource } from './actor-source.js';
import type { SpawnOptions } from './spawn-options.js';
import type { ActorTimers } from './timers.js';

/** What every handler knows about the message or the task it is at. */
export interface TaskContext {
  /** Aborted when the result is no longer wanted: cancel, timeout, shutdown, a lost lease. Made when first read. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Try number, from 1. */
  readonly attempt: number;
  /** The same on every attempt: give it to outside calls to make their effect happen once. */
  readonly idempotencyKey: string;
  /** Set for a task of a pipeline, as are `stage` and `index`. */
  readonly executionId: string | undefined;
  readonly stage: string | undefined;
  readonly index: number | undefined;
  /** W3C trace context and the user's own headers. */
  readonly trace: Headers;
  /** The record that carried the message; made when first read. */
  readonly envelope: MessageEnvelope;
  /** Says that the handler is alive: where a lease is held, it is extended now. */
  heartbeat(): void;
  /** Reports how far the work is. Never fails and never waits. */
  progress(data: unknown): void;
  /** Records what a model decided, with the task's trace and cost; told when the task ends. Never fails. */
  decision(decision: ModelDecision): void;
}

/** One behaviour of an actor, in place of its `onReceive`. */
// oxlint-disable-next-line typescript/no-explicit-any -- its author types its message
export type Behaviour = (message: any, context: ActorContext) => unknown;

/** What the runtime gives an actor: `this.context`. Use it only while the actor handles something. */
export interface ActorContext extends TaskContext {
  readonly self: ActorRef;
  readonly path: string;
  /** Key of a keyed actor. */
  readonly key: string | undefined;
  readonly clock: Clock;
  /** Who should get the answer, when the sender said so. */
  readonly replyTo: ActorRef | undefined;
  /** Children that have not stopped. */
  readonly children: readonly ActorRef[];
  child(name: string): ActorRef | undefined;
  /** Starts a child. It stops with its parent, and is supervised as `options.supervision` says. */
  spawn(actor: ActorSource, options?: SpawnOptions): ActorRef;
  /** An actor of a registered type, here or behind the worker's queue. */
  actorOf(type: string, key?: string): ActorRef;
  /** Ends this actor after the current message. To know when, watch it, or `stop` its ref from elsewhere. */
  stop(options?: StopOptions): void;
  /** Calls `onTerminated` when `ref` stops; at once when it already has. */
  watch(ref: ActorRef): void;
  unwatch(ref: ActorRef): void;
  /**
   * Handles messages with `behaviour` from the next one on.
   * @param options.discardOld - `false` keeps the present one for {@link unbecome}. @default true
   */
  become(behaviour: Behaviour, options?: { readonly discardOld?: boolean | undefined }): void;
  /** Back to the behaviour before, or to `onReceive`. */
  unbecome(): void;
  /**
   * Sets the current message aside.
   * @throws LoomError `LOOM_MAILBOX_FULL` when the stash is full
   */
  stash(): void;
  /** Puts what was set aside before everything that waits, in its old order. */
  unstashAll(): void;
  readonly timers: ActorTimers;
  /** Calls `onReceiveTimeout` after each `timeoutMs` without a message; `undefined` ends it. */
  setReceiveTimeout(timeoutMs: number | undefined): void;
}
