import type { Clock, Logger, MessageQueue, ReleaseStack, TraceSink } from '@certoai/loom-core';
import type { LoomConfig } from '@certoai/loom-config';
import type { ExecutionTraceRecorder, LoomMetrics, PipelineTracer } from '@certoai/loom-observability';
import type { CosmosConnection } from '@certoai/loom-storage/cosmos';

/** What watches the executions of a process, opened as a configuration says. */
export interface Observation {
  readonly tracer: PipelineTracer | undefined;
  readonly metrics: LoomMetrics | undefined;
  /** The account that `cosmos` names. */
  readonly cosmos: CosmosConnection | undefined;
  /** All of them as one, for an orchestrator. */
  readonly sink: TraceSink | undefined;
}

export interface ObservationOptions {
  readonly config: Pick<LoomConfig, 'embedded' | 'cosmos' | 'observability'>;
  /** Takes the place of the one that the configuration would make. */
  readonly tracer: TraceSink | undefined;
  readonly clock: Clock | undefined;
  readonly logger: Logger;
  readonly releases: ReleaseStack;
}

/** Loads and opens what is asked for, and nothing else. @throws what opening rejects with */
export async function openObservation(options: ObservationOptions): Promise<Observation> {
  const { config, tracer: given } = options;
  const { tracing = false, metrics: measuring = false } = config.observability ?? {};
  const cosmos = config.cosmos === undefined ? undefined : await openAccount(options, config.cosmos);
  const isTraced = given === undefined && (tracing || cosmos !== undefined);
  const tracer = isTraced ? await openTracer(options, cosmos) : undefined;
  const metrics = measuring ? await openMetrics(options, tracer) : undefined;
  const sinks = [given ?? tracer, metrics].filter((sink) => sink !== undefined);
  return { tracer, metrics, cosmos, sink: await joined(sinks) };
}

/** Reads the depth and age of these queues whenever somebody collects. */
export function watchQueues(metrics: LoomMetrics, queue: MessageQueue, names: readonly string[]): void {
  for (const name of names) metrics.watch({ kind: 'queue', name, read: () => queue.stats(name) });
}

async function openAccount(
  { releases }: ObservationOptions,
  settings: NonNullable<LoomConfig['cosmos']>,
): Promise<CosmosConnection> {
  const { openCosmos } = await import('@certoai/loom-storage/cosmos');
  const connection = await openCosmos(settings);
  releases.add('cosmos', () => connection.close());
  return connection;
}

/** In Cosmos DB when there is an account, beside the embedded store when there is a folder, else in memory. */
async function openTracer(
  { config, clock, logger, releases }: ObservationOptions,
  cosmos: CosmosConnection | undefined,
): Promise<PipelineTracer> {
  const { ExecutionTraceRecorder, PipelineTracer, openSqliteTraceStore } =
    await import('@certoai/loom-observability');
  const folder = config.embedded?.path;
  let recorder: ExecutionTraceRecorder;
  if (cosmos !== undefined) {
    const { client, database, account } = cosmos;
    recorder = new ExecutionTraceRecorder(client, { logger, cosmos: { database, account, clock } });
  } else if (folder === undefined) {
    recorder = new ExecutionTraceRecorder(undefined, { logger });
  } else {
    const store = await openSqliteTraceStore({ folder, clock });
    releases.add('trace store', () => store.close());
    recorder = new ExecutionTraceRecorder(undefined, { logger, store });
  }
  releases.add('trace recorder', () => recorder.close());
  return new PipelineTracer(recorder);
}

async function openMetrics(
  { clock, logger, releases }: ObservationOptions,
  tracer: PipelineTracer | undefined,
): Promise<LoomMetrics> {
  const { LoomMetrics } = await import('@certoai/loom-observability');
  const metrics = new LoomMetrics({ clock, logger });
  releases.add('metrics', () => metrics.close());
  if (tracer !== undefined) metrics.watch({ kind: 'traces', read: () => tracer.recorder.loss() });
  return metrics;
}

async function joined(sinks: readonly TraceSink[]): Promise<TraceSink | undefined> {
  if (sinks.length < 2) return sinks[0];
  const { joinTraceSinks } = await import('@certoai/loom-observability');
  return joinTraceSinks(...sinks);
}
