import {
  ActorRegistry,
  ActorWorker,
  LoomError,
  ReleaseStack,
  silentLogger,
  type Clock,
  type ExecutionStore,
  type IdSource,
  type Logger,
  type RegisterOptions,
  type ActorSource,
  type TraceSink,
} from '@certoai/loom-core';
import type { LoomConfig } from '@certoai/loom-config';
import type { PipelineTracer } from '@certoai/loom-observability';
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
  /** Watches every execution, in place of the one that `observability.tracing` makes. */
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
  #tracer: PipelineTracer | undefined;
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
   * configuration has `observability: { tracing: true }`.
   */
  async tracer(): Promise<PipelineTracer | undefined> {
    await this.#open();
    return this.#tracer;
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
    const { logger: _logger, clock, ids, tracer, ...config } = this.#options;
    const { resolveConfig } = await import('@certoai/loom-config');
    const { redis, cosmos, limits, retention, worker, embedded, observability } = await resolveConfig(config);
    refuse('redis', redis);
    refuse('cosmos', cosmos);
    const logger = this.#logger;
    const store = await this.#openStore(embedded);
    const local = new ActorWorker(worker?.name ?? 'loom', {
      registry: this.#registry,
      concurrency: worker?.concurrency,
      maxPayloadBytes: limits?.maxPayloadBytes,
      clock,
      logger,
    });
    if (observability.tracing === true) this.#tracer = await this.#openTracer();
    const orchestrator = new PipelineOrchestrator(undefined, this.#registry, store, tracer ?? this.#tracer, {
      worker: local,
      clock,
      ids,
      logger,
      retention,
      ...limits,
    });
    this.#releases.add('worker', () => local.close());
    this.#releases.add('orchestrator', () => orchestrator.close());
    for (const [mode, executor] of this.#executors) orchestrator.registerExecutor(mode, executor);
    await orchestrator.initialize();
    if (!this.#closed) this.#opened = orchestrator;
    return orchestrator;
  }

  async #openTracer(): Promise<PipelineTracer> {
    const { PipelineTracer } = await import('@certoai/loom-observability');
    const tracer = new PipelineTracer();
    this.#releases.add('tracer', () => tracer.close());
    return tracer;
  }

  async #openStore(embedded: LoomConfig['embedded']): Promise<ExecutionStore> {
    const { clock } = this.#options;
    if (embedded?.path === undefined) {
      const { InMemoryExecutionStore } = await import('@certoai/loom-storage/memory');
      this.#logger.info('Loom keeps its state in memory; set embedded.path to survive a restart');
      const store = new InMemoryExecutionStore();
      this.#releases.add('execution store', () => store.close());
      return store;
    }
    const { openEmbeddedStore } = await import('@certoai/loom-storage/embedded');
    const { path, sync, maxBytes } = embedded;
    const store = await openEmbeddedStore({ path, sync, maxBytes, clock, logger: this.#logger });
    this.#releases.add('embedded store', () => store.close());
    return store.executions;
  }
}

function refuse(block: 'redis' | 'cosmos', value: unknown): void {
  if (value === undefined) return;
  const message = `This version runs pipelines in memory and on the embedded store; it cannot use "${block}". Remove that block, or give embedded.path.`;
  throw new LoomError('LOOM_UNSUPPORTED', message, { block });
}
