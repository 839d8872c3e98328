import { Fifo } from '../internal/fifo.js';
import { isThenable } from '../internal/thenable.js';
import type { ActorInstance } from './actor-definition.js';
import type { ActorSpec } from './actor-spec.js';
import type { ActorSystem } from './actor-system.js';
import { CellExtras } from './cell-extras.js';
import * as is from './cell-state.js';
import type { ActorContext } from './context.js';
import type { DeadLetterReason } from './dead-letters.js';
import { Letter } from './letter.js';
import { atBoundary, fail } from './lifecycle.js';
import { LocalRef } from './local-ref.js';
import type { Workable } from './scheduler.js';
import type { Siblings } from './siblings.js';

const closed = is.draining | is.stopping | is.stopped | is.dormant;
const unready = is.scheduled | is.active | is.busy | is.suspended | is.stopping | is.stopped | is.dormant;
const halted = is.busy | is.suspended | is.stopping | is.stopped | is.judged;
const eventful = is.draining | is.stopping | is.judged;

/**
 * One actor: its mailbox and its message loop. An idle actor is this object, its instance and its ref, so
 * its fields are few, open to the files of this folder, and not private; what most actors never use lives
 * in {@link CellExtras}. {@link ActorCell} adds the context that handlers see.
 */
export abstract class Cell implements Workable {
  readonly system: ActorSystem;
  spec: ActorSpec;
  readonly siblings: Siblings;
  readonly id: number;
  readonly name: string | undefined;
  readonly self: LocalRef;
  instance: ActorInstance | undefined;
  offspring: Siblings | undefined;
  extras: CellExtras | undefined;
  flags: number = is.suspended;
  /** What is being handled: a message, or its letter. */
  current: unknown;
  /** Messages that wait: the first, and the rest in a queue that an actor with one or none does not have. */
  count = 0;
  first: unknown;
  rest: Fifo<unknown> | undefined;

  constructor(system: ActorSystem, spec: ActorSpec, siblings: Siblings, name: string | undefined) {
    this.system = system;
    this.spec = spec;
    this.siblings = siblings;
    this.id = system.nextId++;
    this.name = name;
    this.self = new LocalRef(this);
  }

  abstract get context(): ActorContext;

  /** Names from the top down. */
  get path(): string {
    const parent = this.siblings.path;
    if (this.spec.home && this.name === undefined) return parent;
    return `${parent}/${this.name ?? `$${this.id}`}`;
  }

  get extra(): CellExtras {
    return (this.extras ??= new CellExtras());
  }

  /** Takes a message, unless the actor is closed or its mailbox full. */
  post(message: unknown): void {
    if ((this.flags & closed) !== 0 || this.count >= this.spec.capacity) this.#refuse(message);
    else this.enqueue(message);
  }

  /** Takes a message without question: the runtime's own, which no bound may keep out. */
  enqueue(message: unknown): void {
    if (this.count++ === 0) this.first = message;
    else (this.rest ??= this.system.takeFifo()).push(message);
    if ((this.flags & unready) === 0) this.schedule();
  }

  /** Before everything that waits. */
  putBack(message: unknown): void {
    if (this.count++ > 0) (this.rest ??= this.system.takeFifo()).unshift(this.first);
    this.first = message;
  }

  take(): unknown {
    const message = this.first;
    this.first = --this.count === 0 ? undefined : (this.rest as Fifo<unknown>).shift();
    return message;
  }

  schedule(): void {
    this.flags |= is.scheduled;
    this.system.scheduler.add(this);
  }

  work(quota: number): number {
    this.flags = (this.flags & ~is.scheduled) | is.active;
    let handled = 0;
    while (handled < quota && this.count > 0 && (this.flags & halted) === 0) {
      handled++;
      this.#handle(this.take());
    }
    this.#leave();
    return handled;
  }

  /** Handles `letter` at once when nothing is in its way, without the wait for a turn. */
  handleNow(letter: Letter): void {
    if (this.flags !== 0 || this.count > 0) return this.post(letter);
    this.flags = is.active;
    this.#handle(letter);
    this.#leave();
  }

  receive(message: unknown): unknown {
    const behaviours = this.extras?.behaviours;
    const context = this as unknown as ActorContext;
    if (behaviours === undefined) return (this.instance as ActorInstance).onReceive(message, context);
    return behaviours[behaviours.length - 1]?.(message, context);
  }

  /** The letter of the current message, made now if it had none. */
  letter(): Letter {
    if (this.current instanceof Letter) return this.current;
    const letter = new Letter(this.current);
    this.current = letter;
    return letter;
  }

  /** What waits becomes dead letters, and asks reject. */
  abandonMail(reason: DeadLetterReason): void {
    while (this.count > 0) this.abandon(this.take(), reason);
    this.rest = undefined;
  }

  abandon(message: unknown, reason: DeadLetterReason): void {
    if (message instanceof Letter) message.abandon(this, reason, this.extras?.cause);
    else this.system.deadLetters.add(message, this.path, reason);
  }

  #handle(message: unknown): void {
    this.current = message;
    try {
      const result = message instanceof Letter ? this.#open(message) : this.receive(message);
      if (isThenable(result)) this.#hold(message, result);
      else this.#succeeded(message, result);
    } catch (error) {
      this.#failed(message, error);
    }
  }

  #open(letter: Letter): unknown {
    if (letter.ended) return undefined;
    const { expiresAt } = letter;
    if (expiresAt !== undefined && expiresAt <= this.system.clock.now())
      return letter.abandon(this, 'expired');
    return letter.deliver(this);
  }

  #hold(message: unknown, promise: PromiseLike<unknown>): void {
    this.flags |= is.busy;
    this.system.scheduler.suspend();
    const resume = (): void => {
      this.flags &= ~is.busy;
      this.#leave();
      this.system.scheduler.settle();
    };
    Promise.resolve(promise).then(
      (value) => {
        this.#succeeded(message, value);
        resume();
      },
      (error: unknown) => {
        this.#failed(message, error);
        resume();
      },
    );
  }

  #succeeded(message: unknown, result: unknown): void {
    // A stashed message is no longer current, and not answered yet.
    if (message instanceof Letter && this.current === message) message.succeed(result);
    if (this.extras !== undefined) this.extras.streak = 0;
  }

  #failed(message: unknown, error: unknown): void {
    if (message instanceof Letter) message.fail(error);
    fail(this, error);
  }

  /** After a message: on with what was decided meanwhile, with the next message, or to rest. */
  #leave(): void {
    this.flags &= ~is.active;
    if ((this.flags & is.busy) !== 0) return;
    this.current = undefined;
    if ((this.flags & eventful) !== 0) return atBoundary(this);
    if (this.count > 0) {
      if ((this.flags & unready) === 0) this.schedule();
    } else if (this.rest !== undefined) {
      this.system.giveFifo(this.rest);
      this.rest = undefined;
    }
    if (this.extras !== undefined) this.system.touch(this, this.extras);
  }

  #refuse(message: unknown): void {
    const { home, overflow, capacity } = this.spec;
    if ((this.flags & is.dormant) !== 0 && home) return home.wake(this, message);
    if ((this.flags & closed) !== 0) {
      // An actor of a registered type comes back: what arrives while it goes is for the next instance.
      if (!home?.isOpen || (this.flags & is.stopped) !== 0) return this.abandon(message, 'stopped');
      if (this.count < capacity) return this.enqueue(message);
    }
    if (overflow === 'drop-oldest' && this.#dropOldest()) return this.enqueue(message);
    this.abandon(message, overflow === 'reject' ? 'mailbox-full' : 'dropped-newest');
  }

  /** The runtime's own stay. @returns whether there was another */
  #dropOldest(): boolean {
    const kept: unknown[] = [];
    while (this.first instanceof Letter && this.first.isEssential) kept.push(this.take());
    const isAny = this.count > 0;
    if (isAny) this.abandon(this.take(), 'dropped-oldest');
    for (const letter of kept.reverse()) this.putBack(letter);
    return isAny;
  }
}
