import { ActorSystem } from '../actor/actor-system.js';
import type { ActorRef, AskOptions, TellOptions } from '../actor/actor-ref.js';
import type { ActorSource } from '../actor/actor-source.js';
import type { ActorDeadLetters } from '../actor/dead-letters.js';
import type { SpawnOptions } from '../actor/spawn-options.js';
import { errorRecord } from '../errors/error-record.js';
import { LoomError } from '../errors/loom-error.js';
import { nearestName } from '../internal/nearest-name.js';
import { wholeNumber } from '../internal/numeric-option.js';
import { createIdSource } from '../lifecycle/create-id-source.js';
import { Deadlines } from '../lifecycle/deadlines.js';
import { ReleaseStack } from '../lifecycle/release-stack.js';
import { safeLogger } from '../lifecycle/safe-logger.js';
import { silentLogger } from '../lifecycle/silent-logger.js';
import { systemClock } from '../lifecycle/system-clock.js';
import type { ActorInstance, HostedActor } from '../ports/instance-registry.js';
import type { Logger } from '../ports/logger.js';
import { ActorRegistry } from '../registry/actor-registry.js';
import type { ActorRegistration, RegisterOptions, RegistryChange } from '../registry/actor-registry.js';
import type { ActorWorkerOptions } from './actor-worker-options.js';
import { createPresence } from './presence.js';
import type { Presence } from './presence.js';
import { QueueSender } from './queue-sender.js';
import { QueueServer } from './queue-server.js';
import { RemoteRef } from './remote-ref.js';
import { actorQueueName, laneQueueName } from './wire.js';
import type { TaskOutcome, TaskRequest } from './task.js';
import { limitOf, TaskPool } from './task-pool.js';
import type { TaskActivity } from './task-pool.js';
import { aborted } from './task-run.js';
import type { RunOptions } from './task-run.js';
import type { WorkerHost } from './worker-host.js';

/** Where to send a message: `key` names one of many actors of the type. */
export interface WorkerTellOptions extends TellOptions {
  readonly key?: string | undefined;
}
export interface WorkerAskOptions extends AskOptions {
  readonly key?: string | undefined;
}

/**
 * A process that hosts actors: for messages (`tell`, `ask`, `actorOf`) and for the tasks of pipelines
 * (`run`). What is in this process works at once; `start` begins to serve a queue.
 */
export class ActorWorker implements AsyncDisposable {
  readonly name: string;
  readonly registry: ActorRegistry;
  readonly #system: ActorSystem;
  readonly #host: WorkerHost;
  readonly #logger: Logger;
  readonly #labels: ActorWorkerOptions['labels'];
  readonly #pools = new Map<string, TaskPool>();
  readonly #releases = new ReleaseStack();
  readonly #sender: QueueSender | undefined;
  readonly #server: QueueServer | undefined;
  readonly #presence: Presence | undefined;
  #starting: Promise<void> | undefined;
  #draining: Promise<void> | undefined;
  #endDrain: () => void = () => undefined;
  #isClosed = false;

  /** @throws LoomError `LOOM_INVALID_OPTION` */
  constructor(name: string, options: ActorWorkerOptions = {}) {
    const { registry = new ActorRegistry(), clock = systemClock, random = Math.random } = options;
    const { ids = createIdSource({ clock }), logger = silentLogger } = options;
    this.name = name;
    this.registry = registry;
    this.#labels = options.labels;
    this.#logger = logger === silentLogger ? logger : safeLogger(logger).child({ worker: name });
    this.#system = new ActorSystem({
      clock,
      ids,
      random,
      logger: this.#logger,
      askTimeoutMs: wholeNumber('askTimeoutMs', options.askTimeoutMs, 5_000, 1),
      deadLetterCapacity: wholeNumber('deadLetterCapacity', options.deadLetterCapacity, 100, 0),
      actorOf: (type, key) => this.#refTo(type, key),
    });
    this.#host = {
      worker: name,
      system: this.#system,
      clock,
      timeouts: new Deadlines(clock, 100),
      poolOf: (type) => this.#poolOf(type),
      maxPayloadBytes: wholeNumber('maxPayloadBytes', options.maxPayloadBytes, 16 * 1024 * 1024, 1),
      concurrency: wholeNumber('concurrency', options.concurrency, 100, 1, 10_000),
      leaseMs: wholeNumber('leaseMs', options.leaseMs, 5_000, 100, 43_200_000),
      maxDeliveries: wholeNumber('maxDeliveries', options.maxDeliveries, 5, 1),
      closeTimeoutMs: wholeNumber('closeTimeoutMs', options.closeTimeoutMs, 5_000, 0),
    };
    const { queue } = options;
    if (queue) {
      this.#sender = new QueueSender(queue, this.#system);
      this.#server = new QueueServer(queue, this.#host);
    }
    const { instances = queue?.instances } = options;
    if (instances) {
      const own = { id: ids.next(), worker: name, startedAt: clock.now() };
      const describe = (): ActorInstance => ({ ...own, ...this.describe() });
      this.#presence = createPresence(instances, describe, clock, this.#logger);
    }
    const stopListening = registry.onChange((change) => this.#onChange(change));
    // Released in the opposite order.
    this.#releases.add('drain', () => this.#endDrain());
    this.#releases.add('timers', () => this.#closeTimers());
    this.#releases.add('actors', () => this.#closeActors());
    this.#releases.add('replies', () => this.#sender?.close(this.#closedError()));
    this.#releases.add('consumers', () => this.#server?.close(true));
    this.#releases.add('registry listener', stopListening);
    this.#releases.add('presence', () => this.#presence && this.#inTime(this.#presence.close()));
  }

  /** Messages that reached no actor. */
  get deadLetters(): ActorDeadLetters {
    return this.#system.deadLetters;
  }

  /**
   * Makes `actor` what stands behind `type`, in this worker and all that share its registry.
   * @param type - 1 to 128 letters, digits, `.`, `_` or `-`: it becomes part of a queue's name
   * @returns whether an earlier registration was replaced; actors go on with a fresh instance then
   * @throws TypeError when `actor` is nothing that can handle a message
   * @throws LoomError `LOOM_INVALID_OPTION`, `LOOM_CLOSED`
   */
  registerActor(type: string, actor: ActorSource, options?: RegisterOptions): { readonly replaced: boolean } {
    this.#checkOpen();
    return this.registry.register(type, actor, options);
  }

  has(type: string): boolean {
    return this.registry.has(type);
  }

  /**
   * Consumes the queue of every registered type, also of those registered later, and makes the worker known.
   * Idempotent; without a queue and a registry of instances there is nothing to do.
   * @throws LoomError `LOOM_CLOSED`; `LOOM_INVALID_OPTION` when what is to be told of the worker cannot be used,
   *   such as a `version` that is none; or what the queue rejects with
   */
  async start(): Promise<void> {
    this.#checkOpen();
    this.#starting ??= this.#serveAll().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    await this.#starting;
  }

  /** Starts an actor that belongs to no type. It ends with `ref.stop()` or with the worker. */
  spawn(actor: ActorSource, options?: SpawnOptions): ActorRef {
    this.#checkOpen();
    return this.#system.spawn(actor, options).self;
  }

  /**
   * The actor of `type`, or the one of its actors that `key` names. It need not have begun to exist.
   * @throws LoomError `LOOM_UNKNOWN_ACTOR`, `LOOM_CLOSED`
   */
  actorOf(type: string, key?: string): ActorRef {
    this.#checkOpen();
    return this.#refTo(type, key);
  }

  /**
   * Sends and forgets. Resolves when the message is in a mailbox, or safe in the queue.
   * @throws LoomError `LOOM_UNKNOWN_ACTOR`, `LOOM_CLOSED`
   */
  async tell(type: string, message: unknown, options?: WorkerTellOptions): Promise<void> {
    const ref = this.actorOf(type, options?.key);
    if (ref instanceof RemoteRef) await ref.send(message, options);
    else ref.tell(message, options);
  }

  /** As {@link ActorRef.ask}. @throws LoomError `LOOM_UNKNOWN_ACTOR`, `LOOM_CLOSED` */
  async ask<Reply>(type: string, message: unknown, options?: WorkerAskOptions): Promise<Reply> {
    return this.actorOf(type, options?.key).ask<Reply>(message, options);
  }

  /**
   * One attempt of a task, here and now. Never rejects; without a promise when the handler needs none.
   * `aborted` once the worker closes.
   */
  run(task: TaskRequest, options?: RunOptions): TaskOutcome | Promise<TaskOutcome> {
    if (this.#draining) return aborted;
    const pool = this.#poolOf(task.actor);
    if (pool) return pool.run(task, options);
    return { kind: 'failed', error: errorRecord(this.#unknownActor(task.actor)) };
  }

  /** What the tasks of each type are doing; types that never had one are absent. */
  activity(): Readonly<Record<string, TaskActivity>> {
    return Object.fromEntries([...this.#pools].map(([type, { activity }]) => [type, activity]));
  }

  /**
   * Takes nothing new from outside: consumers end, `tell`, `ask` and `spawn` reject, `run` is `aborted`.
   * Resolves when every task and every message that was taken, and those they caused, are done, or `close`
   * has ended them. For good: `close` comes next. Idempotent.
   */
  drain(): Promise<void> {
    return (this.#draining ??= Promise.race([
      this.#drain(),
      new Promise<void>((end) => (this.#endDrain = end)),
    ]));
  }

  /**
   * Ends tasks as `aborted`, stops actors after the message they are at, and releases everything. Waits at
   * most `closeTimeoutMs` for handlers. Idempotent; later calls of other methods reject with `LOOM_CLOSED`.
   */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#draining ??= Promise.resolve();
    return this.#releases.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(): void {
    if (this.#draining) throw this.#closedError();
  }

  #closedError(): LoomError {
    const state = this.#isClosed ? 'is closed' : 'drains, and takes nothing new';
    return new LoomError('LOOM_CLOSED', `Worker "${this.name}" ${state}.`, { worker: this.name });
  }

  async #serveAll(): Promise<void> {
    const serving = this.registry.list().map(({ type }) => this.#serve(type));
    const [refused] = await Promise.all([this.#presence?.tell(), ...serving]);
    if (refused) throw refused;
  }

  /** What the worker makes known of itself. */
  describe(): Pick<ActorInstance, 'actors' | 'labels' | 'status' | 'slots'> {
    const registrations = this.registry.list();
    let used = 0;
    let total = 0;
    for (const registration of registrations) {
      const limit = limitOf(registration, this.#host);
      total += limit;
      // More than it may be, when its limit has just been lowered.
      used += Math.min(this.#pools.get(registration.type)?.activity.running ?? 0, limit);
    }
    return {
      actors: registrations.map((registration) => this.#hosted(registration)),
      labels: this.#labels,
      status: this.#draining ? 'draining' : 'ready',
      slots: { used, total },
    };
  }

  async #serve(type: string): Promise<void> {
    const registration = this.registry.get(type);
    if (!registration) return;
    const { lane } = this.#hosted(registration);
    const queues = [actorQueueName(type), ...(lane ? [lane] : [])];
    await this.#server?.serve(type, queues, limitOf(registration, this.#host));
  }

  /** Without metadata and labels there is nothing that a task could ask for, and so no lane. */
  #hosted({ type, options: { metadata } }: ActorRegistration): HostedActor {
    const { version = '0.0.0', capabilities, tags } = (metadata ?? {}) as Partial<HostedActor>;
    const actor = { type, version, capabilities, tags };
    const labels = this.#labels;
    if (!metadata && !labels) return actor;
    // Made when somebody asks: placing a task looks at every actor here, and mostly at no lane.
    return {
      ...actor,
      get lane() {
        return laneQueueName(actor, labels);
      },
    };
  }

  async #drain(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    this.#tellIfStarted();
    await this.#server?.close(false);
    // A task may tell an actor, but an actor starts no task.
    await Promise.all([...this.#pools.values()].map((pool) => pool.idle()));
    await this.#system.scheduler.idle();
  }

  /** The one there is of `type`, made now if it is the first time. */
  #poolOf(type: string): TaskPool | undefined {
    const known = this.#pools.get(type);
    if (known) return known;
    const registration = this.registry.get(type);
    if (!registration) return undefined;
    const pool = new TaskPool(registration, this.#host);
    this.#pools.set(type, pool);
    return pool;
  }

  #refTo(type: string, key: string | undefined): ActorRef {
    const pool = this.#poolOf(type);
    if (pool) return pool.home.actorOf(key);
    if (this.#sender) return new RemoteRef(key === undefined ? type : `${type}/${key}`, this.#sender);
    throw this.#unknownActor(type);
  }

  #onChange({ kind, registration }: RegistryChange): void {
    const { type } = registration;
    const pool = this.#pools.get(type);
    this.#tellIfStarted();
    if (kind === 'unregistered') {
      this.#pools.delete(type);
      const reason = this.#unknownActor(type);
      this.#background(type, () => Promise.all([this.#server?.stop(type, true), pool?.close(reason)]));
      return;
    }
    pool?.replace(registration);
    this.#background(type, async () => this.#starting && this.#serve(type));
  }

  #tellIfStarted(): void {
    if (this.#starting) void this.#presence?.tell();
  }

  #background(type: string, work: () => Promise<unknown>): void {
    work().catch((error: unknown) => this.#logger.error('Actor type is not served', { actor: type, error }));
  }

  async #closeActors(): Promise<void> {
    const pools = [...this.#pools.values()];
    const closing = [this.#system.close(), ...pools.map((pool) => pool.close(this.#closedError()))];
    if (!(await this.#inTime(Promise.all(closing)))) {
      const { closeTimeoutMs } = this.#host;
      this.#logger.warn('Handlers did not return in time, so their actors were dropped', { closeTimeoutMs });
    }
    this.#system.kill();
    for (const pool of pools) pool.kill();
  }

  /** Waits for `work`, but not longer than `closeTimeoutMs`. @returns whether it is done */
  async #inTime(work: Promise<unknown>): Promise<boolean> {
    const { clock, closeTimeoutMs } = this.#host;
    let cancel: () => void = () => undefined;
    const late = new Promise<false>((resolve) => {
      cancel = clock.setTimer(closeTimeoutMs, () => resolve(false));
    });
    return Promise.race([work.then(() => true), late]).finally(cancel);
  }

  #closeTimers(): void {
    this.#host.timeouts.close();
    this.#system.asks.close();
    this.#system.idle.close();
  }

  #unknownActor(type: string): LoomError {
    const nearest = nearestName(
      type,
      this.registry.list().map((registration) => registration.type),
    );
    const hint = nearest === undefined ? 'Register it first.' : `Did you mean "${nearest}"?`;
    const message = `No actor "${type}" is registered in worker "${this.name}". ${hint}`;
    return new LoomError('LOOM_UNKNOWN_ACTOR', message, { actor: type, nearest, worker: this.name });
  }
}
