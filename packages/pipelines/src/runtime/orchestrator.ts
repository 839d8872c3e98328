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
  type ExecutionEvent,
  type ExecutionStore,
  type IdSource,
  type JsonValue,
  type Logger,
  type MessageQueue,
  type Random,
  type TraceSink,
} from '@certoai/loom-core';
import { InMemoryExecutionStore } from '@certoai/loom-storage/memory';
import type { PipelineDefinition } from '../definition/pipeline-definition.js';
import { validateInput } from '../definition/input-schema.js';
import { nearestName } from '../definition/nearest-name.js';
import { decide } from '../engine/decide.js';
import { Json } from '../engine/json.js';
import { initialState, isFinal, type ExecutionState } from '../engine/state.js';
import { builtInModes } from '../modes/index.js';
import type { Mode } from '../modes/mode.js';
import { customMode, type StageExecutor } from '../modes/stage-executor.js';
import type { Plan } from '../plan/plan.js';
import { executionHandle, executionResult, storedExecution, type Attached } from './attached-execution.js';
import type { ExecutionHandle, ExecutionResult } from './execution-handle.js';
import type { ExecutionHost } from './execution-host.js';
import { Executions } from './executions.js';
import { LiveExecution, type Revival } from './live-execution.js';
import { Pacer } from './pacer.js';
import { LiveFacts } from './live-facts.js';
import { ParkedTasks } from './parked-tasks.js';
import { PlanCache } from './plan-cache.js';
import { Retention, type RetentionOptions } from './retention.js';
import { Recovery } from './recover.js';
import { checkStartOptions, type StartOptions } from './start-options.js';
import { TaskDispatcher } from './task-dispatcher.js';

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
  readonly #dispatcher: TaskDispatcher;
  readonly #retention: Retention;
  readonly #tracer: TraceSink | undefined;
  readonly #host: ExecutionHost;
  readonly #recovery: Recovery;
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
   * @param store - where executions live; this version refuses a Redis client. @default in memory
   * @param tracer - watches every execution
   * @throws LoomError `LOOM_INVALID_OPTION`, `LOOM_UNSUPPORTED`
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
    checkCount('maxPayloadBytes', maxPayloadBytes);
    checkCount('maxCrashes', maxCrashes);
    checkCount('maxTasksPerStage', maxTasksPerStage);
    this.#clock = clock;
    this.#ids = ids;
    this.#logger = logger;
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#tracer = tracer;
    this.#owned = { store: store === undefined, worker: options.worker === undefined };
    this.#store = store === undefined ? new InMemoryExecutionStore() : acceptStore(store);
    this.worker =
      options.worker ??
      new ActorWorker('orchestrator', {
        registry: registry ?? new ActorRegistry(),
        clock,
        logger,
        maxPayloadBytes,
      });
    this.#parked = new ParkedTasks(logger);
    this.#plans = new PlanCache(() => new Set(this.#modes.keys()));
    this.#dispatcher = new TaskDispatcher({ worker: this.worker, queue, logger });
    this.#retention = new Retention(this.#store, clock, logger, options.retention);
    this.#host = {
      store: this.#store,
      clock,
      random,
      logger,
      modes: this.#modes,
      pacer: new Pacer(),
      maxCrashes,
      maxTasks: maxTasksPerStage,
      observed: tracer !== undefined,
      observe: (event) => this.#observe(event),
      run: (task, runOptions) => this.#dispatcher.run(task, runOptions),
      whenRunnable: (actor, callback) => this.#parked.park(actor, callback),
      released: (id) => this.#released(id),
    };
    this.#recovery = new Recovery(this.#host, this.#plans, (revival) => this.#adopt(revival).resume());
    this.executions = new Executions({
      store: this.#store,
      plans: this.#plans,
      host: this.#host,
      ready: () => this.initialize(),
      live: (id) => this.#live.get(id),
      failure: (id) => this.#recovery.failure(id),
      attach: (id) => this.#attach(id),
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
   *   `LOOM_STORE_FAILED`, `LOOM_CLOSED`; nothing is stored then
   */
  async start(
    definition: DefinitionInput,
    input?: unknown,
    options?: StartOptions,
  ): Promise<ExecutionHandle> {
    const live = await this.#start(definition, input, options);
    return typeof live === 'string' ? this.#attach(live) : this.#handle(live);
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
    this.#releases.add('dispatcher', () => this.#dispatcher.close());
    if (this.#owned.worker) this.#releases.add('worker', () => this.worker.close());
    this.#releases.add('live executions', () => this.#abandonAll());
    this.#releases.add('retention', () => this.#retention.close());
    const stopListening = this.worker.onRegistered((actor) => this.#parked.release(actor));
    this.#releases.add('registrations', stopListening);
    await this.worker.start();
    await this.#dispatcher.start();
    if (this.#store.capabilities.durable) await this.#recovery.recoverAll();
    this.#retention.touch();
    this.#ready = true;
  }

  // Starting

  /** The live execution, or the id of an older one with the same idempotency key. */
  async #start(
    definition: DefinitionInput,
    input: unknown,
    options: StartOptions = {},
  ): Promise<LiveExecution | string> {
    const { idempotencyKey, priority = 0, tags, signal, headers } = options;
    signal?.throwIfAborted();
    checkStartOptions(options);
    if (this.#closed)
      throw new LoomError('LOOM_CLOSED', 'This orchestrator is closed; start nothing more on it.');
    const inputText = toJsonText(input, { what: 'input', maxBytes: this.#maxPayloadBytes });
    const plan = this.#plans.known(definition) ?? (await this.#plans.compile(definition));
    if (!this.#ready) await this.initialize();
    if (plan.inputSchema !== undefined)
      await validateInput(plan.inputSchema, JSON.parse(inputText) as JsonValue);
    this.#checkActors(plan);

    const id = this.#ids.next();
    const now = this.#clock.now();
    const first = initialState(now, options.timeoutMs ?? plan.timeoutMs, headers);
    const inputJson = Json.fromText(inputText);
    const facts = new LiveFacts(id, inputJson, this.#modes, this.#host.maxTasks);
    facts.now = now;
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
    });
    if (!reply.created) return reply.id;

    const live = this.#adopt({ plan, facts, state: first, version: 1, priority });
    live.begin(atOnce ? begun : undefined);
    if (signal !== undefined) cancelOnAbort(live, signal);
    return live;
  }

  #checkActors(plan: Plan): void {
    const unknown = plan.actors.filter((actor) => !this.#dispatcher.canRun(actor));
    if (unknown.length === 0) return;
    const known = this.worker.registry.list().map(({ type }) => type);
    const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
    const meant = unknown.map((actor) => nearestName(actor, known)).filter((name) => name !== undefined);
    const hint = meant.length === 0 ? '' : ` Did you mean ${quoted(meant)}?`;
    const registered = known.length === 0 ? 'none is registered' : `registered are ${quoted(known)}`;
    const message = `No actor ${quoted(unknown)} here; ${registered}.${hint} Call registerActor first.`;
    throw new LoomError('LOOM_UNKNOWN_ACTOR', message, { actors: unknown });
  }

  #adopt(revival: Revival): LiveExecution {
    const live = new LiveExecution(this.#host, revival);
    this.#live.set(live.id, live);
    return live;
  }

  // Handles

  async #attach(id: string): Promise<ExecutionHandle> {
    await this.initialize();
    const live = this.#live.get(id);
    if (live !== undefined) return this.#handle(live);
    const stored = await this.#store.load(id);
    if (stored !== undefined) return this.#handle(await storedExecution(this.#host, this.#plans, stored));
    throw new LoomError('LOOM_NOT_FOUND', `There is no execution "${id}" here.`, { executionId: id });
  }

  #handle(attached: Attached): ExecutionHandle {
    return executionHandle(attached, () => this.executions.get(attached.id));
  }

  // Lending to executions

  #observe(event: ExecutionEvent): void {
    try {
      this.#tracer?.observe(event);
    } catch (error) {
      this.#logger.warn('Tracer threw', { executionId: event.executionId, event: event.type, error });
    }
  }

  #released(id: string): void {
    this.#live.delete(id);
    this.#retention.touch();
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

function acceptStore(store: ExecutionStore | RedisClientLike): ExecutionStore {
  if ('commit' in store) return store;
  const message =
    'This version keeps executions in memory or on the embedded store, not in Redis. Give (await openEmbeddedStore({ path })).executions, or nothing.';
  throw new LoomError('LOOM_UNSUPPORTED', message, { store: 'redis' });
}

function cancelOnAbort(live: LiveExecution, signal: AbortSignal): void {
  const onAbort = (): void => {
    const { reason } = signal as { reason: unknown };
    const said = reason instanceof Error ? reason.message : 'the signal given at start was aborted';
    live.request({ kind: 'cancel', reason: said }).catch(() => undefined);
  };
  if (signal.aborted) return onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const forget = (): void => signal.removeEventListener('abort', onAbort);
  live.ended.then(forget, forget);
}

function checkCount(option: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new LoomError('LOOM_INVALID_OPTION', `${option} is ${value}; give a whole number, 1 or more.`, {
    option,
  });
}
