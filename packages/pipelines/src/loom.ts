import {
  actorQueueName,
  ActorRegistry,
  ActorWorker,
  errorRecord,
  LoomError,
  ReleaseStack,
  silentLogger,
  type Clock,
  type ErrorRecord,
  type IdSource,
  type Logger,
  type MessageQueue,
  type RegisterOptions,
  type ActorSource,
  type TraceSink,
} from '@certoai/loom-core';
import type { LoomConfig } from '@certoai/loom-config';
import type {
  CheckResult,
  HealthCheck,
  HealthModel,
  HealthReport,
  LoomMetrics,
  PipelineTracer,
} from '@certoai/loom-observability';
import type { CosmosDBActorRegistry, OutboxPattern } from '@certoai/loom-storage';
import { openBackend, type Backend } from './composition.js';
import { openObservation, watchQueues, type Observation } from './observation.js';
import type { StageExecutor } from './modes/stage-executor.js';
import type { ExecutionHandle, ExecutionResult } from './runtime/execution-handle.js';
import type { ExecutionQueries } from './runtime/executions.js';
import { PipelineOrchestrator, type DefinitionInput } from './runtime/orchestrator.js';
import type { StartOptions } from './runtime/start-options.js';
import type { LayeredValues } from './runtime/take-config.js';

/** What only code can give, beside the configuration. */
export interface LoomParts {
  /** Where Loom reports. @default silent */
  readonly logger?: Logger | undefined;
  readonly clock?: Clock | undefined;
  readonly ids?: IdSource | undefined;
  /** Watches every execution, in place of the tracer that the configuration would make. */
  readonly tracer?: TraceSink | undefined;
  /** What expressions see as `config`, by tenant and actor type: a `LayeredConfig`. @default none */
  readonly layered?: LayeredValues | undefined;
}

/** The configuration as {@link LoomConfig} describes it, with parts that only code can give. */
export type LoomOptions = LoomConfig & LoomParts;

/** Every one of {@link LoomParts}. */
const parts: Readonly<Record<keyof LoomParts, true>> = {
  logger: true,
  clock: true,
  ids: true,
  tracer: true,
  layered: true,
};

/** What a configuration can say, without the parts. */
export function settingsOf(options: LoomOptions): LoomConfig {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !Object.hasOwn(parts, name)));
}

/**
 * The whole platform behind one object: actors, durable pipelines, and the stores they need.
 * Without configuration it runs in memory; `embedded.path` makes it durable without any server.
 */
export class Loom implements AsyncDisposable {
  /** Questions about executions, running and finished. */
  readonly executions: ExecutionQueries;
  readonly #options: LoomOptions;
  readonly #logger: Logger;
  readonly #registry = new ActorRegistry();
  readonly #executors = new Map<string, StageExecutor>();
  /** What the composition opened, once there is one. */
  #releases = new ReleaseStack();
  #opening: Promise<PipelineOrchestrator> | undefined;
  #opened: PipelineOrchestrator | undefined;
  /** Why the last try to open failed, until one succeeds. */
  #openFailure: ErrorRecord | undefined;
  #observation: Observation | undefined;
  #backend: Backend | undefined;
  #health: Promise<HealthModel> | undefined;
  #closed = false;

  constructor(options: LoomOptions = {}) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.executions = {
      list: async (query) => (await this.#open()).executions.list(query),
      get: async (id) => (await this.#open()).executions.get(id),
      why: async (id) => (await this.#open()).executions.why(id),
      output: async (id, stage) => (await this.#open()).executions.output(id, stage),
      attach: async (id) => (await this.#open()).executions.attach(id),
    };
  }

  /**
   * Checks the configuration, opens what it names and picks up unfinished executions. Optional: first use
   * does it. Idempotent, and safe to call from several places at once.
   * @throws LoomError `LOOM_INVALID_CONFIG`, `LOOM_STORE_LOCKED`, `LOOM_STORE_CORRUPT`, `LOOM_STORE_FAILED`,
   *   `LOOM_MISSING_DEPENDENCY`, `LOOM_CLOSED`
   */
  async initialize(): Promise<void> {
    await this.#open();
  }

  /**
   * Makes `actor` known under `type`: an `Actor` class, a class with `process` or `execute`, an instance of
   * one, a factory `{ create }`, or a function. May be called at any time; tasks that wait for it go on.
   * @throws TypeError when it has no handler
   */
  registerActor(type: string, actor: ActorSource, options?: RegisterOptions): void {
    this.#registry.register(type, actor, options);
  }

  /** Adds a mode of your own, see {@link StageExecutor}. */
  registerExecutor(mode: string, executor: StageExecutor): void {
    if (this.#opened === undefined) this.#executors.set(mode, executor);
    else this.#opened.registerExecutor(mode, executor);
  }

  /**
   * Traces of this process's executions: span trees, critical paths, summaries. `undefined` unless the
   * configuration has `observability: { tracing: true }` or `cosmos`.
   */
  async tracer(): Promise<PipelineTracer | undefined> {
    await this.#open();
    return this.#observation?.tracer;
  }

  /**
   * Counts and times of this process's executions, for Prometheus or OpenTelemetry. `undefined` unless the
   * configuration has `observability: { metrics: true }`.
   */
  async metrics(): Promise<LoomMetrics | undefined> {
    await this.#open();
    return this.#observation?.metrics;
  }

  /** The catalogue of actor types in Cosmos DB; `undefined` without `cosmos`. */
  async catalogue(): Promise<CosmosDBActorRegistry | undefined> {
    await this.#open();
    if (this.#observation?.cosmos === undefined) return undefined;
    const { client, database } = this.#observation.cosmos;
    const { CosmosDBActorRegistry } = await import('@certoai/loom-storage/cosmos');
    return new CosmosDBActorRegistry(client, { database });
  }

  /**
   * Queues of messages beside the executions: what `notify` tells is consumed here. Names that begin with `loom.` are
   * Loom's own. It is closed with this Loom.
   */
  async messages(): Promise<MessageQueue> {
    await this.#open();
    return (this.#backend as Backend).messages();
  }

  /**
   * Messages on their way to these queues, and those that a queue did not take. States and messages of your own can
   * be committed to it in one step.
   */
  async outbox(): Promise<OutboxPattern> {
    return (await this.#open()).outbox();
  }

  /** Whether this process lives, can take work, and what is wrong; also while Loom cannot open. Never rejects. */
  async health(): Promise<HealthReport> {
    if (this.#opened === undefined) {
      const report = await reportOf('opening', () => this.#tryOpen());
      if (!report.ready) return report;
    }
    this.#health ??= healthOf(await this.#open(), this.#backend as Backend);
    return (await this.#health).report();
  }

  /** What failed the last time is told at once, and tried again meanwhile. */
  async #tryOpen(): Promise<CheckResult | undefined> {
    const failure = this.#openFailure;
    const opening = this.#open();
    if (failure === undefined) await opening;
    else opening.catch(() => undefined);
    return failure && { status: 'failed', reason: failure.message };
  }

  /** Starts an execution and waits for its end; rejects with a `PipelineExecutionError` when it does not complete. */
  async executePipeline(
    definition: DefinitionInput,
    input?: unknown,
    options?: StartOptions,
  ): Promise<ExecutionResult> {
    const orchestrator = this.#opened ?? (await this.#open());
    return orchestrator.execute(definition, input, options);
  }

  /** Starts an execution; once this resolves it is stored, and finishes whatever happens to this process. */
  async startPipeline(
    definition: DefinitionInput,
    input?: unknown,
    options?: StartOptions,
  ): Promise<ExecutionHandle> {
    const orchestrator = this.#opened ?? (await this.#open());
    return orchestrator.start(definition, input, options);
  }

  /** Stops everything and releases what was opened. Durable executions go on when Loom is opened again. */
  close(): Promise<void> {
    this.#closed = true;
    this.#opened = undefined;
    const opening = this.#opening ?? Promise.resolve();
    return opening.then(
      () => this.#releases.close(),
      () => this.#releases.close(),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open(): Promise<PipelineOrchestrator> {
    if (this.#closed)
      return Promise.reject(new LoomError('LOOM_CLOSED', 'This Loom is closed; make a new one.'));
    return (this.#opening ??= this.#compose().catch(async (error: unknown) => {
      // A wrong path or a locked folder can be put right and tried again: nothing stays open.
      const releases = this.#releases;
      this.#releases = new ReleaseStack();
      await releases
        .close()
        .catch((failure: unknown) => this.#logger.warn('What was opened did not close', { error: failure }));
      this.#opening = undefined;
      this.#openFailure = errorRecord(error);
      throw error;
    }));
  }

  async #compose(): Promise<PipelineOrchestrator> {
    const { clock, ids, tracer, layered } = this.#options;
    const { resolveConfig } = await import('@certoai/loom-config');
    const config = await resolveConfig(settingsOf(this.#options));
    const { retention, worker } = config;
    const { maxPayloadBytes, maxTasksPerStage } = config.limits;
    const logger = this.#logger;
    const releases = this.#releases;
    const backend = await openBackend({ config, clock, logger, releases });
    const { store, queue, messages } = backend;
    const local = new ActorWorker(worker.name ?? 'loom', {
      registry: this.#registry,
      queue,
      concurrency: worker.concurrency,
      labels: worker.labels === undefined ? undefined : labelsOf(worker.labels),
      leaseMs: queueLeaseMs(worker.leaseMs),
      maxPayloadBytes,
      clock,
      logger,
    });
    const observation = await openObservation({ config, tracer, clock, logger, releases });
    const orchestrator = new PipelineOrchestrator(queue, this.#registry, store, observation.sink, {
      worker: local,
      leaseMs: worker.leaseMs,
      clock,
      ids,
      logger,
      retention,
      layered,
      messages,
      maxPayloadBytes,
      maxTasksPerStage,
    });
    releases.add('worker', () => local.close());
    releases.add('orchestrator', () => orchestrator.close());
    for (const [mode, executor] of this.#executors) orchestrator.registerExecutor(mode, executor);
    await orchestrator.initialize();
    if (queue !== undefined && observation.metrics !== undefined)
      watchQueues(
        observation.metrics,
        queue,
        this.#registry.list().map(({ type }) => actorQueueName(type)),
      );
    this.#observation = observation;
    this.#backend = backend;
    this.#openFailure = undefined;
    if (!this.#closed) this.#opened = orchestrator;
    return orchestrator;
  }
}

/** A queue finds out and delivers within its lease, so a process may be blocked for less of it: seven tenths. */
function queueLeaseMs(leaseMs: number | undefined): number | undefined {
  return leaseMs && Math.min(Math.ceil(leaseMs * 1.25), 43_200_000);
}

async function reportOf(name: string, check: HealthCheck['check']): Promise<HealthReport> {
  const { HealthModel } = await import('@certoai/loom-observability');
  const health = new HealthModel();
  health.add(name, { check });
  return health.report();
}

async function healthOf(
  orchestrator: PipelineOrchestrator,
  { serverFindings }: Backend,
): Promise<HealthModel> {
  const { HealthModel } = await import('@certoai/loom-observability');
  const health = new HealthModel();
  for (const part of ['store', 'queue'] as const) {
    const check = (): CheckResult | undefined => {
      const failure = orchestrator.failure(part);
      return failure && { status: 'failed', reason: failure.message };
    };
    health.add(part, { check });
  }
  if (serverFindings !== undefined) {
    const check = (): CheckResult | undefined => {
      const findings = serverFindings();
      const reason = findings.map(({ message, fix }) => `${message} ${fix}`).join(' ');
      return findings.length === 0 ? undefined : { status: 'degraded', reason };
    };
    health.add('redis settings', { check, decides: 'nothing' });
  }
  return health;
}

/** `zone=west,gpu=a100`, as the configuration has checked it. */
function labelsOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(text.split(',').map((label) => label.split('=') as [string, string]));
}
