import { LoomError } from '../errors/loom-error.js';
import { invalidOption } from '../internal/invalid-option.js';
import { Fifo } from '../internal/fifo.js';
import { Deadlines } from '../lifecycle/deadlines.js';
import type { Clock } from '../ports/clock.js';
import type { IdSource } from '../ports/id-source.js';
import type { Logger } from '../ports/logger.js';
import type { Random } from '../ports/random.js';
import { ActorCell } from './actor-cell.js';
import { resolveActor } from './actor-definition.js';
import type { ActorRef } from './actor-ref.js';
import type { ActorSource } from './actor-source.js';
import { resolveSpec } from './actor-spec.js';
import type { ActorSpec } from './actor-spec.js';
import type { Cell } from './cell.js';
import type { CellExtras } from './cell-extras.js';
import { ActorDeadLetters } from './dead-letters.js';
import { restartIdle } from './idle.js';
import { end, kill, start, stopAll } from './lifecycle.js';
import { Scheduler } from './scheduler.js';
import { Siblings } from './siblings.js';
import type { SpawnOptions } from './spawn-options.js';

export interface ActorSystemOptions {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly random: Random;
  readonly askTimeoutMs: number;
  readonly deadLetterCapacity: number;
  readonly actorOf: (type: string, key: string | undefined) => ActorRef;
}

/** Empty queues kept for the next mailbox that needs one. */
const sparedFifos = 64;

/** What all actors of one worker share. */
export class ActorSystem {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly random: Random;
  readonly askTimeoutMs: number;
  readonly actorOf: (type: string, key: string | undefined) => ActorRef;
  readonly scheduler: Scheduler;
  readonly deadLetters: ActorDeadLetters;
  /** Of asks: the process may end 100 ms after the last one was answered. */
  readonly asks: Deadlines;
  /** Of receive timeouts and passivation. */
  readonly idle: Deadlines;
  /** Actors spawned by no other actor. */
  readonly #guests = new Siblings(undefined, 'user');
  readonly #specs = new WeakMap<object, ActorSpec>();
  readonly #fifos: Fifo<unknown>[] = [];
  nextId = 1;

  constructor(options: ActorSystemOptions) {
    const { clock, logger } = options;
    this.clock = clock;
    this.ids = options.ids;
    this.logger = logger;
    this.random = options.random;
    this.askTimeoutMs = options.askTimeoutMs;
    this.actorOf = options.actorOf;
    this.scheduler = new Scheduler(clock);
    this.deadLetters = new ActorDeadLetters(clock, logger, options.deadLetterCapacity);
    this.asks = new Deadlines(clock, 100);
    this.idle = new Deadlines(clock, Infinity);
  }

  /** @throws TypeError, LoomError `LOOM_INVALID_OPTION` or `LOOM_CONFLICT` when the name is taken */
  spawn(source: ActorSource, options?: SpawnOptions, siblings = this.#guests): Cell {
    const name = options?.name;
    if (name !== undefined) checkName(name, siblings);
    return this.adopt(this.#specOf(source, options), siblings, name);
  }

  /** A cell that starts now. Its owner ends it. */
  adopt(spec: ActorSpec, siblings: Siblings, name?: string): Cell {
    const cell = new ActorCell(this, spec, siblings, name);
    siblings.add(cell);
    start(cell);
    return cell;
  }

  passivate(cell: Cell): void {
    void end(cell);
  }

  touch(cell: Cell, extras: CellExtras): void {
    if (extras.receiveTimeout !== undefined || extras.passivation !== undefined) restartIdle(cell, extras);
  }

  takeFifo(): Fifo<unknown> {
    return this.#fifos.pop() ?? new Fifo();
  }
  giveFifo(fifo: Fifo<unknown>): void {
    if (fifo.isSmall && this.#fifos.length < sparedFifos) this.#fifos.push(fifo);
  }

  close(): Promise<void> {
    return stopAll(this.#guests.all());
  }

  kill(): void {
    for (const cell of this.#guests.all()) kill(cell);
  }

  #specOf(source: ActorSource, options: SpawnOptions | undefined): ActorSpec {
    const isPlain =
      options === undefined || (options.mailbox === undefined && options.supervision === undefined);
    const known = isPlain ? this.#specs.get(source) : undefined;
    if (known) return known;
    const spec = resolveSpec(resolveActor(source, 'actor to spawn'), options ?? {});
    if (isPlain) this.#specs.set(source, spec);
    return spec;
  }
}

function checkName(name: string, siblings: Siblings): void {
  if (typeof name !== 'string' || name === '' || /[/$]/.test(name)) {
    const message = `Actor name ${JSON.stringify(name)} cannot be part of a path; give 1 or more characters without "/" and "$".`;
    throw invalidOption(message, { name });
  }
  if (!siblings.named(name)) return;
  const message = `"${siblings.path}" already has a child "${name}". Stop it first, or give another name.`;
  throw new LoomError('LOOM_CONFLICT', message, { parent: siblings.path, name });
}
