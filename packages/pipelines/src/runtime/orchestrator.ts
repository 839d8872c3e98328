import {
  ActorRegistry,
  ActorWorker,
  LoomError,
  ReleaseStack,
  type ErrorRecord,
  type ExecutionStore,
  type Logger,
  type MessageQueue,
  type TraceSink,
} from '@certoai/loom-core';
import type { OutboxPattern } from '@certoai/loom-storage';
import type { PipelineDefinition } from '../definition/pipeline-definition.js';
import { builtInModes } from '../modes/index.js';
import type { Mode } from '../modes/mode.js';
import { customMode, type StageExecutor } from '../modes/stage-executor.js';
import { attachedElsewhere, executionHandle, executionResult, type Attached } from './attached-execution.js';
import { Elsewhere } from './elsewhere.js';
import { EventSender } from './event-sender.js';
import type { ExecutionHandle, ExecutionResult } from './execution-handle.js';
import type { ExecutionHost } from './execution-host.js';
import { Executions } from './executions.js';
import { GuardedSink } from './guarded-sink.js';
import { Inbox, inboxQueue, type InboxOptions } from './inbox.js';
import { LiveExecution, type Revival } from './live-execution.js';
import {
  openExecutionStore,
  resolveOrchestratorOptions,
  type OrchestratorOptions,
  type RedisClientLike,
} from './orchestrator-options.js';
import { Outgoing } from './outgoing.js';
import { Pacer } from './pacer.js';
import { ParkedTasks } from './parked-tasks.js';
import { PlanCache } from './plan-cache.js';
import { Recovery } from './recover.js';
import { RemoteEvents } from './remote-events.js';
import { Retention } from './retention.js';
import { StartChecks } from './start-checks.js';
import { Starting } from './start-execution.js';
import type { StartOptions } from './start-options.js';
import { takeConfig } from './take-config.js';
import { TaskRoutes } from './task-routes.js';
import { Tenure } from './tenure.js';
import { WorkerDirectory } from './worker-directory.js';

/** A definition as TypeScript, or as it comes from JSON or YAML; the check at start is the judge. */
export type DefinitionInput = PipelineDefinition | Readonly<Record<string, unknown>>;

/**
 * Runs pipelines: decides, commits, hands out tasks, and picks up after a crash. Any number of them may
 * share one store that is `shared`.
 */
export class PipelineOrchestrator implements AsyncDisposable {
  readonly executions: Executions;
  readonly worker: ActorWorker;
  readonly #store: ExecutionStore;
  readonly #logger: Logger;
  readonly #maxPayloadBytes: number;
  readonly #modes = new Map<string, Mode>(builtInModes);
  readonly #plans: PlanCache;
  readonly #routes: TaskRoutes;
  readonly #inbox: Inbox | undefined;
  readonly #tenure: Tenure;
  readonly #elsewhere: Elsewhere;
  readonly #events: RemoteEvents | undefined;
  readonly #workers: WorkerDirectory;
  readonly #starting: Starting;
  readonly #retention: Retention;
  readonly #host: ExecutionHost;
  readonly #recovery: Recovery;
  readonly #outgoing: Outgoing;
  readonly #live = new Map<string, LiveExecution>();
  readonly #parked: ParkedTasks;
  readonly #releases = new ReleaseStack();
  readonly #owned: { readonly store: boolean; readonly worker: boolean };
  #initializing: Promise<void> | undefined;
  #closed = false;

  /**
   * @param queue - reaches workers in other processes; without one, only actors of `registry` run
   * @param registry - the actors of this process. @default an empty one
   * @param store - where executions live; an ioredis client is one: they live in its Redis, and it stays open. @default in memory
   * @param tracer - watches every execution
   * @throws LoomError `LOOM_INVALID_OPTION`
   */
  constructor(
    queue?: MessageQueue,
    registry?: ActorRegistry,
    store?: ExecutionStore | RedisClientLike,
    tracer?: TraceSink,
    options: OrchestratorOptions = {},
  ) {
    const resolved = resolveOrchestratorOptions(options);
    const { clock, ids, random, logger, leaseMs, layered, maxPayloadBytes } = resolved;
    const opened = openExecutionStore(store, logger);
    this.#logger = logger;
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#store = opened.store;
    this.#owned = { store: opened.isOwn, worker: options.worker === undefined };
    const sink = tracer && new GuardedSink(tracer, logger);
    this.worker =
      options.worker ??
      new ActorWorker('orchestrator', {
        registry: registry ?? new ActorRegistry(),
        queue,
        clock,
        logger,
        maxPayloadBytes,
      });
    this.#parked = new ParkedTasks(logger);
    this.#plans = new PlanCache(() => new Set(this.#modes.keys()));
    this.#workers = new WorkerDirectory({
      instances: options.instances ?? queue?.instances,
      worker: this.worker,
      clock,
      logger,
      changed: () => this.#workersChanged(),
    });
    const replyTo = (): string => inboxQueue(this.#tenure.seat ?? 0);
    const deliver: InboxOptions['deliver'] = async (message) =>
      (await this.#live.get(message.executionId)?.receive(message)) ?? false;
    this.#routes = new TaskRoutes({ worker: this.worker, queue, clock, random, logger, replyTo, deliver });
    const checks = new StartChecks({
      worker: this.worker,
      routes: this.#routes,
      workers: this.#workers,
      logger,
    });
    const teller = queue && new EventSender(queue, logger);
    this.#retention = new Retention(this.#store, clock, logger, options.retention);
    this.#host = {
      store: this.#store,
      holder: () => this.#tenure.holder,
      clock,
      random,
      logger,
      modes: this.#modes,
      pacer: new Pacer(),
      maxCrashes: resolved.maxCrashes,
      maxTasks: resolved.maxTasksPerStage,
      observed: sink !== undefined,
      observe: (event) => sink?.observe(event),
      tell: (to, event) => teller?.send(to, event),
      traceparent: tracer?.traceparent && ((attempt) => sink?.traceparent(attempt)),
      takeConfig: (plan, tenant) => takeConfig(plan, tenant, { layered, maxBytes: maxPayloadBytes }),
      route: (actor, isLimited) => this.#routes.route(actor, isLimited),
      groupOf: (actor, input) => this.#routes.groupOf(actor, input),
      place: (need, key) => this.#workers.place(need, key),
      isServed: (lane) => this.#workers.isServed(lane),
      run: (task, runOptions) => this.#routes.run(task, runOptions),
      send: (sent) => this.#routes.send(sent),
      withdraw: (sent) => this.#routes.withdraw(sent),
      whenRunnable: (who, callback) => this.#parked.park(who, callback),
      follow: (id) => this.#elsewhere.follow(id),
      refused: (id) => void this.#elsewhere.readAnew(id),
      outgoing: () => this.#outgoing.wake(),
      released: (id) => this.#released(id),
    };
    this.#outgoing = new Outgoing({
      store: this.#store,
      queue: options.messages ?? (queue && (() => queue)),
      clock,
      logger,
    });
    this.#starting = new Starting({
      host: this.#host,
      plans: this.#plans,
      checks,
      outgoing: this.#outgoing,
      ids,
      maxPayloadBytes,
      isClosed: () => this.#closed,
      ready: () => this.initialize(),
      adopt: (revival) => this.#adopt(revival),
      ask: (id, request) => this.#elsewhere.ask(id, request),
    });
    this.#recovery = new Recovery({
      host: this.#host,
      plans: this.#plans,
      goOn: (revival) => this.#adopt(revival).resume(),
      seat: () => this.#tenure.seat,
      isLive: (id) => this.#live.has(id),
      takeBy: (at) => this.#tenure.takeBy(at),
    });
    this.#inbox =
      queue && new Inbox({ queue, store: this.#store, logger, deliver, seat: () => this.#tenure.seat });
    this.#events =
      queue &&
      this.#inbox &&
      new RemoteEvents({ queue, inbox: this.#inbox, clock, logger, name: ids.next() });
    this.#elsewhere = new Elsewhere({
      host: this.#host,
      plans: this.#plans,
      inbox: this.#inbox,
      live: (id) => this.#live.get(id),
      revive: (id) => this.#recovery.revive(id),
      seat: () => this.#tenure.seat,
      events: this.#events,
    });
    this.#tenure = new Tenure({
      store: this.#store,
      clock,
      logger,
      newName: () => ids.next(),
      leaseMs,
      isHolding: () => this.#live.size > 0,
      isStandingBack: () => this.#recovery.hasReleased,
      take: (ids) => this.#recovery.recover(ids),
      lost: () => this.#letGoOfAll(),
      seated: async (seat, freeSeats) => this.#inbox?.serve(seat, freeSeats),
    });
    this.executions = new Executions({
      store: this.#store,
      plans: this.#plans,
      host: this.#host,
      ready: () => this.initialize(),
      live: (id) => this.#live.get(id),
      failure: (id, seat) => this.#recovery.failure(id, seat),
      storeFailure: () => this.#tenure.failure,
      attach: (id) => this.#attach(id),
      workers: this.#workers,
      routes: this.#routes,
    });
  }

  /**
   * Picks up every unfinished execution of the store. First use calls it; calling it again does nothing.
   * Tasks whose actor is not registered yet wait for it.
   */
  initialize(): Promise<void> {
    return (this.#initializing ??= this.#initialize());
  }

  /** @throws LoomError `LOOM_INVALID_OPTION` for a mode Loom has itself */
  registerExecutor(mode: string, executor: StageExecutor): void {
    if (builtInModes.has(mode) || mode === 'map-reduce' || mode === 'single') {
      throw new LoomError('LOOM_INVALID_OPTION', `Mode "${mode}" is one of Loom's own; give another name.`, {
        mode,
      });
    }
    if (typeof executor?.plan !== 'function') {
      throw new TypeError(`The executor of mode "${mode}" has no plan(stage) function.`);
    }
    this.#modes.set(mode, customMode(executor, this.#maxPayloadBytes));
    void this.#recovery.retry();
  }

  /** Starts an execution and waits for its end, as {@link ExecutionHandle.result} does. */
  async execute(
    definition: DefinitionInput,
    input?: unknown,
    options?: StartOptions,
  ): Promise<ExecutionResult> {
    const live = await this.#starting.start(definition, input, options);
    return typeof live === 'string' ? (await this.#attach(live)).result() : executionResult(live);
  }

  /**
   * Starts an execution. When this resolves it is stored and survives what the store survives.
   * @throws LoomError `LOOM_INVALID_DEFINITION`, `LOOM_INVALID_INPUT`, `LOOM_UNKNOWN_ACTOR`,
   *   `LOOM_NOT_SERIALISABLE`, `LOOM_PAYLOAD_TOO_LARGE`, `LOOM_INVALID_OPTION`, `LOOM_STORE_FULL`,
   *   `LOOM_STORE_FAILED`, `LOOM_CLOSED`; nothing is stored then, or after `LOOM_STORE_FAILED` perhaps: the
   *   answer was lost. Starting again with the same idempotency key gives one execution
   */
  async start(
    definition: DefinitionInput,
    input?: unknown,
    options?: StartOptions,
  ): Promise<ExecutionHandle> {
    const live = await this.#starting.start(definition, input, options);
    return typeof live === 'string' ? this.#attach(live) : this.#handle(live);
  }

  /** Why the store, or the queue, refuses what this process wants of it just now; it is tried again by itself. */
  failure(of: 'store' | 'queue'): ErrorRecord | undefined {
    if (of === 'queue') return this.#routes.anyFailure;
    if (this.#tenure.failure !== undefined) return this.#tenure.failure;
    for (const { storeFailure } of this.#live.values()) if (storeFailure !== undefined) return storeFailure;
    return undefined;
  }

  /**
   * Messages on their way to their queues, and those that a queue did not take. Its relay runs in this process; more
   * may be committed to it.
   * @throws LoomError `LOOM_UNSUPPORTED` without a queue, or on a store without an outbox; `LOOM_CLOSED`
   */
  outbox(): Promise<OutboxPattern> {
    return this.#outgoing.open();
  }

  /** Whether this process serves the execution: it decides, and hands out its tasks. */
  isServing(executionId: string): boolean {
    return this.#live.has(executionId);
  }

  /** Stops taking part: running tasks are told to stop, their executions go on after a restart. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#releases.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #initialize(): Promise<void> {
    // What was given stays open: whoever opened it closes it.
    if (this.#owned.store) this.#releases.add('execution store', () => this.#store.close());
    this.#releases.add('tenure', () => this.#tenure.close());
    this.#releases.add('outbox', () => this.#outgoing.close());
    this.#releases.add('routes', () => this.#routes.close());
    this.#releases.add('inbox', () => this.#inbox?.close());
    if (this.#owned.worker) this.#releases.add('worker', () => this.worker.close());
    this.#releases.add('live executions', () => this.#abandonAll());
    this.#releases.add('elsewhere', () => this.#elsewhere.close());
    this.#releases.add('events elsewhere', () => this.#events?.close());
    this.#releases.add('retention', () => this.#retention.close());
    const stopListening = this.worker.registry.onChange(({ registration }) => {
      this.#parked.release(registration.type);
      this.#parked.releaseNeeds();
    });
    this.#releases.add('registrations', stopListening);
    this.#releases.add('workers', () => this.#workers.close());
    await this.worker.start();
    await this.#tenure.begin();
    this.#retention.touch();
    this.#outgoing.begin();
  }

  // Starting

  #adopt(revival: Revival): LiveExecution {
    const live = new LiveExecution(this.#host, revival);
    this.#live.set(live.id, live);
    this.#tenure.touch();
    return live;
  }

  // Handles

  async #attach(id: string): Promise<ExecutionHandle> {
    await this.initialize();
    const live = this.#live.get(id);
    if (live !== undefined) return this.#handle(live);
    const stored = await this.#store.load(id);
    if (stored !== undefined)
      return this.#handle(
        await attachedElsewhere(stored, {
          plans: this.#plans,
          clock: this.#host.clock,
          follow: () => this.#elsewhere.follow(id),
          events: this.#events,
        }),
      );
    throw new LoomError('LOOM_NOT_FOUND', `There is no execution "${id}" here.`, { executionId: id });
  }

  #handle(attached: Attached): ExecutionHandle {
    return executionHandle(attached, {
      status: () => this.executions.get(attached.id),
      ask: (request) => this.#elsewhere.ask(attached.id, request),
    });
  }

  #released(id: string): void {
    this.#live.delete(id);
    this.#retention.touch();
  }

  #workersChanged(): void {
    for (const live of this.#live.values()) live.workersChanged();
    this.#parked.releaseNeeds();
  }

  #letGoOfAll(): void {
    this.#logger.warn('The lease had ended, so others may serve what was served here', {
      executions: this.#live.size,
    });
    for (const live of this.#live.values()) live.letGo();
  }

  #abandonAll(): void {
    const message = 'The orchestrator closed. Durable executions go on when it is opened again.';
    for (const live of this.#live.values()) live.abandon(new LoomError('LOOM_CLOSED', message));
    this.#live.clear();
    this.#parked.clear();
  }
}
