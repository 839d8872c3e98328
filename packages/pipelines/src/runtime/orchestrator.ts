import {
  ActorRegistry,
  ActorWorker,
  createIdSource,
  LoomError,
  ReleaseStack,
  silentLogger,
  systemClock,
  toJsonText,
  type Clock,
  type ErrorRecord,
  type ExecutionEvent,
  type ExecutionStore,
  type IdSource,
  type InstanceRegistry,
  type JsonValue,
  type Logger,
  type MessageQueue,
  type Random,
  type TracedAttempt,
  type TraceSink,
} from '@certoai/loom-core';
import type { OutboxPattern } from '@certoai/loom-storage';
import { InMemoryExecutionStore } from '@certoai/loom-storage/memory';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import type { PipelineDefinition } from '../definition/pipeline-definition.js';
import { validateInput } from '../definition/input-schema.js';
import { decide, type ControlRequest } from '../engine/decide.js';
import { Json } from '../engine/json.js';
import { initialState, isFinal, type ExecutionState } from '../engine/state.js';
import { builtInModes } from '../modes/index.js';
import type { Mode } from '../modes/mode.js';
import { customMode, type StageExecutor } from '../modes/stage-executor.js';
import type { Plan } from '../plan/plan.js';
import { attachedElsewhere, executionHandle, executionResult, type Attached } from './attached-execution.js';
import { Elsewhere } from './elsewhere.js';
import type { ExecutionHandle, ExecutionResult } from './execution-handle.js';
import type { ExecutionHost } from './execution-host.js';
import { Executions } from './executions.js';
import { Inbox, inboxQueue, type InboxOptions } from './inbox.js';
import { LiveExecution, type Revival } from './live-execution.js';
import { Pacer } from './pacer.js';
import { LiveFacts } from './live-facts.js';
import { Outgoing } from './outgoing.js';
import { ParkedTasks } from './parked-tasks.js';
import { PlanCache } from './plan-cache.js';
import { Retention, type RetentionOptions } from './retention.js';
import { Recovery } from './recover.js';
import { checkStartOptions, copyNotify, type StartOptions } from './start-options.js';
import { takeConfig, type LayeredValues } from './take-config.js';
import { StartChecks } from './start-checks.js';
import { TaskRoutes } from './task-routes.js';
import { Tenure } from './tenure.js';
import { WorkerDirectory } from './worker-directory.js';

export interface OrchestratorOptions {
  readonly clock?: Clock | undefined;
  readonly ids?: IdSource | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
  /** Runs the tasks of this process. @default a worker on the given registry */
  readonly worker?: ActorWorker | undefined;
  /** Largest input or output; bytes of JSON, 1 or more. @default 16_777_216 (16 MiB) */
  readonly maxPayloadBytes?: number | undefined;
  /** A task whose process died more often than this while it may have run fails; 1 or more. @default 50 */
  readonly maxCrashes?: number | undefined;
  /** A stage that fans out to more fails; 1 or more. @default 100_000 */
  readonly maxTasksPerStage?: number | undefined;
  readonly retention?: RetentionOptions | undefined;
  /** What expressions see as `config`: a `LayeredConfig`, say. Executions that begin here take their values from it. */
  readonly layered?: LayeredValues | undefined;
  /**
   * On a store that is shared: how long this process may be blocked or cut off before others take over its
   * executions; milliseconds, 100 or more. They do so within nine eighths of it. @default 4_000
   */
  readonly leaseMs?: number | undefined;
  /** Gives, when first needed, the queue for messages of `notify`. @default the queue for tasks */
  readonly messages?: (() => MessageQueue) | undefined;
  /** Where live workers of other processes are known. @default that of the queue, if it has one */
  readonly instances?: InstanceRegistry | undefined;
}

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
  readonly #clock: Clock;
  readonly #ids: IdSource;
  readonly #logger: Logger;
  readonly #maxPayloadBytes: number;
  readonly #modes = new Map<string, Mode>(builtInModes);
  readonly #plans: PlanCache;
  readonly #routes: TaskRoutes;
  readonly #inbox: Inbox | undefined;
  readonly #tenure: Tenure;
  readonly #elsewhere: Elsewhere;
  readonly #workers: WorkerDirectory;
  readonly #checks: StartChecks;
  readonly #retention: Retention;
  readonly #tracer: TraceSink | undefined;
  readonly #host: ExecutionHost;
  readonly #recovery: Recovery;
  readonly #outgoing: Outgoing;
  readonly #live = new Map<string, LiveExecution>();
  readonly #parked: ParkedTasks;
  readonly #releases = new ReleaseStack();
  readonly #owned: { readonly store: boolean; readonly worker: boolean };
  #initializing: Promise<void> | undefined;
  #ready = false;
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
    const {
      clock = systemClock,
      ids = createIdSource({ clock }),
      random = Math.random,
      logger = silentLogger,
    } = options;
    const { maxPayloadBytes = 16_777_216, maxCrashes = 50, maxTasksPerStage = 100_000 } = options;
    const { leaseMs = 4_000, layered } = options;
    checkCount('maxPayloadBytes', maxPayloadBytes);
    checkCount('maxCrashes', maxCrashes);
    checkCount('maxTasksPerStage', maxTasksPerStage);
    checkCount('leaseMs', leaseMs, 100);
    checkLayered(layered);
    this.#clock = clock;
    this.#ids = ids;
    this.#logger = logger;
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#tracer = tracer;
    this.#owned = {
      store: store === undefined || !('commit' in store),
      worker: options.worker === undefined,
    };
    this.#store = openStore(store, logger);
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
    this.#checks = new StartChecks({
      worker: this.worker,
      routes: this.#routes,
      workers: this.#workers,
      logger,
    });
    this.#retention = new Retention(this.#store, clock, logger, options.retention);
    this.#host = {
      store: this.#store,
      holder: () => this.#tenure.holder,
      clock,
      random,
      logger,
      modes: this.#modes,
      pacer: new Pacer(),
      maxCrashes,
      maxTasks: maxTasksPerStage,
      observed: tracer !== undefined,
      observe: (event) => this.#observe(event),
      traceparent: tracer?.traceparent && ((attempt) => this.#traceparent(attempt)),
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
    this.#elsewhere = new Elsewhere({
      host: this.#host,
      plans: this.#plans,
      inbox: this.#inbox,
      live: (id) => this.#live.get(id),
      revive: (id) => this.#recovery.revive(id),
      seat: () => this.#tenure.seat,
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
    const live = await this.#start(definition, input, options);
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
    const live = await this.#start(definition, input, options);
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
    this.#ready = true;
  }

  // Starting

  /** The live execution, or the id of an older one with the same idempotency key. */
  async #start(
    definition: DefinitionInput,
    input: unknown,
    options: StartOptions = {},
  ): Promise<LiveExecution | string> {
    const { idempotencyKey, priority = 0, tags, signal, headers, tenant } = options;
    signal?.throwIfAborted();
    checkStartOptions(options);
    if (this.#closed)
      throw new LoomError('LOOM_CLOSED', 'This orchestrator is closed; start nothing more on it.');
    const notify = options.notify && copyNotify(options.notify);
    if (notify !== undefined) this.#outgoing.checkUsable();
    const inputText = toJsonText(input, { what: 'input', maxBytes: this.#maxPayloadBytes });
    const plan = this.#plans.known(definition) ?? (await this.#plans.compile(definition));
    if (!this.#ready) await this.initialize();
    if (plan.inputSchema !== undefined)
      await validateInput(plan.inputSchema, JSON.parse(inputText) as JsonValue);
    const pins = plan.pinVersions === undefined ? undefined : await this.#checks.pins(plan);
    this.#checks.check(plan, pins);
    const config = this.#host.takeConfig(plan, tenant);

    const id = this.#ids.next();
    const now = this.#clock.now();
    const { timeoutMs = plan.timeoutMs } = options;
    const first = initialState(now, { timeoutMs, headers, pins, tenant, notify });
    const inputJson = Json.fromText(inputText);
    const facts = new LiveFacts(id, inputJson, this.#modes, this.#host.maxTasks);
    facts.now = now;
    facts.config = config;
    const begun = decide(plan, first, facts);
    // What needs more than a head to be stored takes the ordinary way, one step later.
    const atOnce = !isFinal(begun.state.status) && begun.values.length === 0;
    const state: ExecutionState = atOnce ? begun.state : first;
    const reply = await this.#store.create({
      id,
      definition: { hash: plan.hash, text: plan.text },
      input: inputText,
      state: JSON.stringify(state),
      createdAt: now,
      name: plan.name,
      idempotencyKey,
      priority,
      tags,
      wakeAt: null,
      holder: this.#tenure.holder,
    });
    if (!reply.created) return reply.id;

    const live = this.#adopt({ plan, facts, state: first, version: 1, priority, tags });
    live.begin(atOnce ? begun : undefined);
    void this.#checks.warn(id, plan, pins);
    if (signal !== undefined) cancelOnAbort(live, signal, (request) => this.#elsewhere.ask(id, request));
    return live;
  }

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
      return this.#handle(await attachedElsewhere(stored, this.#plans, () => this.#elsewhere.follow(id)));
    throw new LoomError('LOOM_NOT_FOUND', `There is no execution "${id}" here.`, { executionId: id });
  }

  #handle(attached: Attached): ExecutionHandle {
    return executionHandle(attached, {
      status: () => this.executions.get(attached.id),
      ask: (request) => this.#elsewhere.ask(attached.id, request),
    });
  }

  // Lending to executions

  #observe(event: ExecutionEvent): void {
    try {
      this.#tracer?.observe(event);
    } catch (error) {
      this.#logger.warn('Tracer threw', { executionId: event.executionId, event: event.type, error });
    }
  }

  #traceparent(attempt: TracedAttempt): string | undefined {
    try {
      return this.#tracer?.traceparent?.(attempt);
    } catch (error) {
      this.#logger.warn('Tracer threw', { executionId: attempt.executionId, error });
      return undefined;
    }
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

/** As much of an ioredis client as tells it from a store. */
export interface RedisClientLike {
  readonly status: string;
  duplicate(...overrides: never[]): unknown;
}

function openStore(store: ExecutionStore | RedisClientLike | undefined, logger: Logger): ExecutionStore {
  if (store === undefined) return new InMemoryExecutionStore();
  return 'commit' in store ? store : new RedisExecutionStore(store, { logger });
}

function cancelOnAbort(
  live: LiveExecution,
  signal: AbortSignal,
  ask: (request: ControlRequest) => Promise<void>,
): void {
  const onAbort = (): void => {
    const { reason } = signal as { reason: unknown };
    const said = reason instanceof Error ? reason.message : 'the signal given at start was aborted';
    ask({ kind: 'cancel', reason: said }).catch(() => undefined);
  };
  if (signal.aborted) return onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const forget = (): void => signal.removeEventListener('abort', onAbort);
  live.ended.then(forget, forget);
}

function checkLayered(layered: LayeredValues | undefined): void {
  if (layered === undefined || typeof layered?.get === 'function') return;
  const message = `layered is ${layered === null ? 'null' : `a ${typeof layered}`} without get(scope); give a LayeredConfig.`;
  throw new LoomError('LOOM_INVALID_OPTION', message, { option: 'layered' });
}

function checkCount(option: string, value: number, min = 1): void {
  if (Number.isSafeInteger(value) && value >= min) return;
  throw new LoomError('LOOM_INVALID_OPTION', `${option} is ${value}; give a whole number, ${min} or more.`, {
    option,
  });
}
