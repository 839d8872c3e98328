import {
  actorQueueName,
  ActorRegistry,
  ActorWorker,
  LoomError,
  ReleaseStack,
  silentLogger,
  type Clock,
  type IdSource,
  type Logger,
  type RegisterOptions,
  type ActorSource,
  type TraceSink,
} from '@certoai/loom-core';
import type { LoomConfig } from '@certoai/loom-config';
import type {
  CheckResult,
  HealthModel,
  HealthReport,
  LoomMetrics,
  PipelineTracer,
} from '@certoai/loom-observability';
import type { CosmosDBActorRegistry } from '@certoai/loom-storage';
import { openBackend } from './composition.js';
import { openObservation, watchQueues, type Observation } from './observation.js';
import type { StageExecutor } from './modes/stage-executor.js';
import type { ExecutionHandle, ExecutionResult } from './runtime/execution-handle.js';
import type { ExecutionQueries } from './runtime/executions.js';
import { PipelineOrchestrator, type DefinitionInput } from './runtime/orchestrator.js';
import type { StartOptions } from './runtime/start-options.js';

/** What only code can give, beside the configuration. */
export interface LoomParts {
  /** Where Loom reports. @default silent */
  readonly logger?: Logger | undefined;
  readonly clock?: Clock | undefined;
  readonly ids?: IdSource | undefined;
  /** Watches every execution, in place of the tracer that the configuration would make. */
  readonly tracer?: TraceSink | undefined;
}

/** The configuration as {@link LoomConfig} describes it, with parts that only code can give. */
export type LoomOptions = LoomConfig & LoomParts;

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
  #observation: Observation | undefined;
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

  /** Whether this process lives, can take work, and what is wrong. Never rejects once Loom has opened. */
  async health(): Promise<HealthReport> {
    const orchestrator = await this.#open();
    this.#health ??= healthOf(orchestrator);
    return (await this.#health).report();
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
      throw error;
    }));
  }

  async #compose(): Promise<PipelineOrchestrator> {
    const { logger: _logger, clock, ids, tracer, ...given } = this.#options;
    const { resolveConfig } = await import('@certoai/loom-config');
    const config = await resolveConfig(given);
    const { retention, worker } = config;
    const { maxPayloadBytes, maxTasksPerStage } = config.limits;
    const logger = this.#logger;
    const releases = this.#releases;
    const { store, queue } = await openBackend({ config, clock, logger, releases });
    const local = new ActorWorker(worker.name ?? 'loom', {
      registry: this.#registry,
      queue,
      concurrency: worker.concurrency,
      leaseMs: worker.leaseMs,
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
    if (!this.#closed) this.#opened = orchestrator;
    return orchestrator;
  }
}

async function healthOf(orchestrator: PipelineOrchestrator): Promise<HealthModel> {
  const { HealthModel } = await import('@certoai/loom-observability');
  const health = new HealthModel();
  for (const part of ['store', 'queue'] as const) {
    const check = (): CheckResult | undefined => {
      const failure = orchestrator.failure(part);
      return failure && { status: 'failed', reason: failure.message };
    };
    health.add(part, { check });
  }
  return health;
}
