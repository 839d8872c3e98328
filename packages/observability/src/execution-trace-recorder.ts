import { LoomError, type ExecutionEvent, type TraceSink } from '@certoai/loom-core';
import type { CosmosClientLike } from '@certoai/loom-core/cosmos';
import { CosmosTraceStore } from './cosmos/cosmos-trace-store.js';
import {
  resolveRecorderOptions,
  type ExecutionTraceRecorderOptions,
} from './execution-trace-recorder-options.js';
import { invalidOption } from './internal/invalid-option.js';
import { cursorAfter, parseFilter } from './query/trace-query.js';
import type { TraceQueryFilter } from './query/trace-query-filter.js';
import type { TraceLoss } from './recording/trace-loss.js';
import { TraceRecording } from './recording/trace-recording.js';
import type { ExecutionSpan } from './span/execution-span.js';
import { MemoryTraceStore, type MemoryTraceStoreOptions } from './store/memory-trace-store.js';
import type { TraceStore } from './store/trace-store.js';
import type { ExecutionSummary } from './summary/execution-summary.js';

/** Summaries, newest execution first. */
export interface TracePage {
  readonly items: readonly ExecutionSummary[];
  /** Absent on the last page. */
  readonly cursor?: string | undefined;
}

/**
 * Turns the events of executions into spans, and one summary per execution. It watches and never
 * interferes: {@link observe} returns at once and never throws, the work is done in slices between turns
 * of the event loop, and what it cannot keep it drops and counts.
 */
export class ExecutionTraceRecorder implements TraceSink, AsyncDisposable {
  readonly #recording: TraceRecording;

  /**
   * @param cosmosClient - keeps traces in Cosmos DB, in `execution-spans` and `execution-summaries` of the database
   *   `loom`; it stays open. Without one they are kept in this process, bounded by `options`
   * @throws LoomError `LOOM_INVALID_OPTION`
   */
  constructor(cosmosClient?: CosmosClientLike, options?: ExecutionTraceRecorderOptions) {
    const resolved = resolveRecorderOptions(options);
    const given = options?.store;
    const store = given ?? storeFor(cosmosClient, options, resolved);
    if (given !== undefined && (cosmosClient !== undefined || typeof given?.append !== 'function'))
      throw invalidOption('store', given, 'a TraceStore and no Cosmos client, or leave it out');
    this.#recording = new TraceRecording(store, resolved, given === undefined);
  }

  /** Takes note of an event. After {@link close} it is counted as lost. */
  observe(event: ExecutionEvent): void {
    this.#recording.observe(event);
  }

  /** What is missing from the traces, and why; counted since the recorder was made. */
  loss(): TraceLoss {
    return this.#recording.loss();
  }

  /** Resolves when everything observed before can be read, or is counted as lost. Never rejects. */
  flush(): Promise<void> {
    return this.#recording.flush();
  }

  /**
   * Everything observed before is in the answer, here and in every other read.
   * @returns undefined when the execution is not known, or not any more
   * @throws LoomError `LOOM_CLOSED` (as every read)
   */
  async summary(executionId: string): Promise<ExecutionSummary | undefined> {
    await this.#settled();
    return this.#recording.store.summary(executionId);
  }

  /** All spans of an execution, in no particular order; none when it is not known. */
  async spans(executionId: string): Promise<readonly ExecutionSpan[]> {
    await this.#settled();
    return this.#recording.store.spans(executionId);
  }

  /**
   * Executions that `filter` selects, newest first by id. A page goes on where the last one ended, whatever
   * was added meanwhile: no execution comes twice, and none that was there is passed over.
   * @throws LoomError `LOOM_INVALID_OPTION` for a field the filter does not have, or a value it does not take
   */
  async query(filter?: TraceQueryFilter): Promise<TracePage> {
    const query = parseFilter(filter);
    await this.#settled();
    const found = await this.#recording.store.query({ ...query, limit: query.limit + 1 });
    const items = found.slice(0, query.limit);
    const last = items.at(-1);
    return found.length > items.length && last !== undefined
      ? { items, cursor: cursorAfter(last.executionId) }
      : { items };
  }

  /** Takes nothing more, brings what was observed to the store, and lets go of it. Idempotent. */
  close(): Promise<void> {
    return this.#recording.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #settled(): Promise<void> {
    if (!this.#recording.closed) return this.#recording.flush();
    throw new LoomError('LOOM_CLOSED', 'This trace recorder is closed; read traces before you close it.');
  }
}

function storeFor(
  client: CosmosClientLike | undefined,
  { cosmos }: ExecutionTraceRecorderOptions = {},
  limits: MemoryTraceStoreOptions,
): TraceStore {
  if (client === undefined) {
    if (cosmos === undefined) return new MemoryTraceStore(limits);
    throw invalidOption('cosmos', cosmos, 'a CosmosClient with it, or leave it out');
  }
  if (typeof (client as CosmosClientLike | null)?.database === 'function')
    return new CosmosTraceStore(client, cosmos);
  throw invalidOption('cosmosClient', client, 'a CosmosClient, or nothing');
}
