import { createIdSource, isLoomError, LoomError, type Clock, type IdSource } from '@certoai/loom-core';
import {
  CosmosCalls,
  CosmosContainer,
  cosmosContainers,
  type CosmosAnswer,
  type CosmosClientLike,
  type CosmosItem,
} from '@certoai/loom-core/cosmos';
import type { TraceQuery } from '../query/trace-query.js';
import type { ExecutionSpan } from '../span/execution-span.js';
import type { TraceStore, WriteReply } from '../store/trace-store.js';
import type { ExecutionSummary } from '../summary/execution-summary.js';
import { resolveCosmosTraceOptions, type CosmosTraceOptions } from './cosmos-trace-options.js';
import { newestOfBuckets } from './newest-of-buckets.js';
import { OpenChunks, type OpenChunk, type WritePlace } from './open-chunks.js';
import {
  bucketKey,
  chunksPerBucket,
  spanBytes,
  spansOf,
  splitByBytes,
  toChunk,
  type SpanChunk,
} from './span-chunk.js';
import { sortKey, summaryBuckets, summaryPlace, type SummaryItem } from './summary-item.js';
import { summaryQuery } from './summary-query.js';

/** A chunk below this size is written again with what comes next, so that an execution that is looked at often stays in few items. */
const smallChunkBytes = 16_384;

/** How long nothing is tried after a call failed for good: what waits is lost at once and counted, and takes no memory. */
const restMs = 5_000;

const nothingEvicted: WriteReply = { evicted: [] };

/**
 * Traces in Cosmos DB. Spans are written many to an item, into buckets of their execution, each item once: a span
 * that changes is written again in a later one. Summaries are one item each, spread over a few partition keys. The
 * service removes both by age.
 */
export class CosmosTraceStore implements TraceStore {
  readonly maxBatch = 500;
  readonly maxConcurrentWrites = 8;
  readonly #spans: CosmosContainer;
  readonly #summaries: CosmosContainer;
  readonly #ids: IdSource;
  readonly #clock: Clock;
  readonly #ttl: { readonly ttl?: number };
  readonly #open = new OpenChunks();
  #restsUntil = -Infinity;
  #lastFailure: unknown;
  #closed = false;

  /**
   * @param client - stays open when the store is closed
   * @throws LoomError `LOOM_INVALID_OPTION`
   */
  constructor(client: CosmosClientLike, options: CosmosTraceOptions = {}) {
    const { place, ttl, clock } = resolveCosmosTraceOptions(options);
    const calls = new CosmosCalls({ ...options, clock });
    this.#spans = new CosmosContainer(client, place, cosmosContainers.spans, calls);
    this.#summaries = new CosmosContainer(client, place, cosmosContainers.summaries, calls);
    this.#ids = createIdSource({ clock });
    this.#clock = clock;
    this.#ttl = ttl;
  }

  /** Another process may have written it. */
  mayHave(_executionId: string): boolean {
    return true;
  }

  append(executionId: string, spans: readonly ExecutionSpan[]): Promise<WriteReply> {
    return this.#try(async () => {
      const place = this.#open.get(executionId);
      const { chunk } = place;
      // Nobody else goes on with it meanwhile.
      place.chunk = undefined;
      const merged = chunk === undefined ? undefined : together(chunk, spans);
      if (chunk !== undefined && merged !== undefined) {
        if (await this.#rewrite(executionId, place, chunk, merged)) return nothingEvicted;
      }
      for (const part of splitByBytes(spans)) await this.#begin(executionId, place, part);
      return nothingEvicted;
    });
  }

  upsert(summary: ExecutionSummary): Promise<WriteReply> {
    return this.#try(async () => {
      const { executionId, endedAt } = summary;
      const item: SummaryItem = {
        ...summaryPlace(executionId),
        ...this.#ttl,
        sortKey: sortKey(executionId),
        summary,
      };
      mustBeDone(await this.#summaries.upsert('write a summary', item));
      if (endedAt !== undefined) this.#open.forget(executionId);
      return nothingEvicted;
    });
  }

  async summary(executionId: string): Promise<ExecutionSummary | undefined> {
    this.#checkOpen();
    const { id, pk } = summaryPlace(executionId);
    const item = await this.#summaries.read<SummaryItem>('read a summary', pk, id);
    return item?.document.summary;
  }

  spans(executionId: string): Promise<readonly ExecutionSpan[]> {
    return this.#try(async () => {
      const found: SpanChunk[] = [];
      for (let bucket = 0; ; bucket++) {
        const query = { query: 'SELECT * FROM c', parameters: [] };
        const chunks = await this.#spans.rows<SpanChunk>('read spans', query, bucketKey(executionId, bucket));
        found.push(...chunks);
        if (chunks.some(({ more }) => more === true)) continue;
        this.#open.learn(executionId, bucket, chunks.length);
        return spansOf(found);
      }
    });
  }

  async query(query: TraceQuery): Promise<readonly ExecutionSummary[]> {
    this.#checkOpen();
    const { executionId, status, limit } = query;
    if (status?.length === 0) return [];
    const buckets = executionId === undefined ? summaryBuckets : [summaryPlace(executionId).pk];
    const selection = summaryQuery(query);
    return newestOfBuckets<ExecutionSummary>(
      buckets,
      limit,
      (pk, from, size) => this.#summaries.page('list summaries', selection, { pk, from, size }),
      (left, right) => left.executionId > right.executionId,
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * @returns false when nobody knows what became of it: its item is gone, or an answer was lost and it is another one by
   *   now. What is new goes into a chunk of its own then, which is right either way
   */
  async #rewrite(
    executionId: string,
    place: WritePlace,
    { id, etag }: OpenChunk,
    spans: ReadonlyMap<string, ExecutionSpan>,
  ): Promise<boolean> {
    const pk = bucketKey(executionId, place.bucket);
    const chunk = toChunk({ id, pk, ...this.#ttl }, executionId, [...spans.values()]);
    const answer = await this.#spans.replace('write spans', chunk, etag);
    if (answer.kind === 'done') place.chunk = { id, etag: answer.value.etag, spans };
    return answer.kind === 'done';
  }

  async #begin(executionId: string, place: WritePlace, spans: readonly ExecutionSpan[]): Promise<void> {
    const fields = { id: this.#ids.next(), pk: bucketKey(executionId, place.bucket), ...this.#ttl };
    const chunk = toChunk(fields, executionId, spans);
    place.chunks += 1;
    const isLast = place.chunks >= chunksPerBucket;
    if (isLast) chunk.more = true;
    const answer = await this.#spans.create('write spans', chunk);
    mustBeDone(answer);
    if (isLast) {
      place.bucket += 1;
      place.chunks = 0;
    } else if (answer.kind === 'done' && bytesOf(spans) <= smallChunkBytes) {
      const byId = new Map(spans.map((span) => [span.spanId, span]));
      place.chunk = { id: fields.id, etag: answer.value.etag, spans: byId };
    }
  }

  /** A call of the recorder: when one fails for good, the next ones fail at once for a while. */
  async #try<Reply>(work: () => Promise<Reply>): Promise<Reply> {
    this.#checkOpen();
    if (this.#clock.now() < this.#restsUntil) throw this.#resting();
    try {
      return await work();
    } catch (error) {
      if (isAboutTheStore(error)) {
        this.#restsUntil = this.#clock.now() + restMs;
        this.#lastFailure = error;
      }
      throw error;
    }
  }

  #resting(): LoomError {
    const message = `Traces are not written for ${restMs} ms after Cosmos DB failed: ${(this.#lastFailure as Error).message}`;
    return new LoomError('LOOM_STORE_FAILED', message, {}, { cause: this.#lastFailure });
  }

  #checkOpen(): void {
    if (this.#closed)
      throw new LoomError('LOOM_CLOSED', 'This trace store is closed; read and write nothing more.');
  }
}

/** Spans of an open chunk with newer ones; undefined when that is no small chunk any more. */
function together(
  { spans }: OpenChunk,
  newer: readonly ExecutionSpan[],
): ReadonlyMap<string, ExecutionSpan> | undefined {
  const merged = new Map(spans);
  for (const span of newer) merged.set(span.spanId, span);
  return bytesOf(merged.values()) <= smallChunkBytes ? merged : undefined;
}

function bytesOf(spans: Iterable<ExecutionSpan>): number {
  let bytes = 0;
  for (const span of spans) bytes += spanBytes(span);
  return bytes;
}

/** What is written has an id of its own, so a conflict after a lost answer is the item itself. */
function mustBeDone({ kind, inDoubt }: CosmosAnswer<CosmosItem<unknown>>): void {
  if (kind === 'done' || (kind === 'conflict' && inDoubt)) return;
  const message = `Cosmos DB refused to write a trace: ${kind}. Another writer uses ids of this one.`;
  throw new LoomError('LOOM_STORE_FAILED', message, { kind });
}

/** And not about the one item that was written. */
function isAboutTheStore(error: unknown): boolean {
  return isLoomError(error, 'LOOM_STORE_FAILED') && error.details['kind'] !== 'conflict';
}
