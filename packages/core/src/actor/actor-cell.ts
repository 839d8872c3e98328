import type { Headers, MessageEnvelope } from '../message/envelope.js';
import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';
import type { ModelDecision } from '../worker/task.js';
import type { ActorRef, StopOptions } from './actor-ref.js';
import type { ActorSource } from './actor-source.js';
import { Cell } from './cell.js';
import type { ActorContext, Behaviour } from './context.js';
import { setReceiveTimeout } from './idle.js';
import { requestStop } from './lifecycle.js';
import { Siblings } from './siblings.js';
import type { SpawnOptions } from './spawn-options.js';
import { stash, unstashAll } from './stash.js';
import { checkAlive } from './stop-error.js';
import { TimerTable } from './timer-table.js';
import type { ActorTimers } from './timers.js';
import { unwatch, watch } from './watch.js';

/** A cell as its own handlers see it. */
export class ActorCell extends Cell implements ActorContext {
  get context(): ActorContext {
    return this;
  }
  get key(): string | undefined {
    return this.spec.home && this.name;
  }
  get clock(): Clock {
    return this.system.clock;
  }
  get logger(): Logger {
    return this.letter().loggerFor(this);
  }

  get envelope(): MessageEnvelope {
    return this.letter().envelopeFor(this);
  }
  get signal(): AbortSignal {
    return this.letter().signal;
  }
  get replyTo(): ActorRef | undefined {
    return this.letter().replyTo;
  }
  get trace(): Headers {
    return this.envelope.headers;
  }
  get attempt(): number {
    return this.letter().attempt;
  }
  get idempotencyKey(): string {
    return this.envelope.idempotencyKey ?? this.envelope.id;
  }
  get executionId(): string | undefined {
    return this.letter().task?.executionId;
  }
  get stage(): string | undefined {
    return this.letter().task?.stage;
  }
  get index(): number | undefined {
    return this.letter().task?.index;
  }
  heartbeat(): void {
    this.letter().heartbeat();
  }
  progress(data: unknown): void {
    this.letter().progress(data);
  }
  decision(decision: ModelDecision): void {
    this.letter().decision(decision);
  }

  get children(): readonly ActorRef[] {
    return this.offspring?.all().map((child) => child.self) ?? [];
  }
  child(name: string): ActorRef | undefined {
    return this.offspring?.named(name)?.self;
  }
  spawn(actor: ActorSource, options?: SpawnOptions): ActorRef {
    checkAlive(this);
    return this.system.spawn(actor, options, (this.offspring ??= new Siblings(this))).self;
  }
  actorOf(type: string, key?: string): ActorRef {
    return this.system.actorOf(type, key);
  }
  stop(options?: StopOptions): void {
    void requestStop(this, options?.drain === true);
  }
  watch(ref: ActorRef): void {
    watch(this, ref);
  }
  unwatch(ref: ActorRef): void {
    unwatch(this, ref);
  }
  become(behaviour: Behaviour, options?: { readonly discardOld?: boolean | undefined }): void {
    const behaviours = (this.extra.behaviours ??= []);
    if (options?.discardOld !== false) behaviours.pop();
    behaviours.push(behaviour);
  }
  unbecome(): void {
    const { extra } = this;
    extra.behaviours?.pop();
    if (extra.behaviours?.length === 0) extra.behaviours = undefined;
  }
  stash(): void {
    stash(this);
  }
  unstashAll(): void {
    unstashAll(this);
  }
  get timers(): ActorTimers {
    return (this.extra.timers ??= new TimerTable(this));
  }
  setReceiveTimeout(timeoutMs: number | undefined): void {
    checkAlive(this);
    setReceiveTimeout(this, timeoutMs);
  }
}
