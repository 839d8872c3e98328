import { cosmosId, type CosmosDocument } from '@certoai/loom-core/cosmos';
import type { ExecutionSpan } from '../span/execution-span.js';

/** A span without what its chunk says for all of them. */
type StoredSpan = Partial<ExecutionSpan> & Pick<ExecutionSpan, 'spanId'>;

/** Spans of one execution in one item. Of a span that several hold, the item with the highest id is right. */
export interface SpanChunk extends CosmosDocument {
  executionId: string;
  traceId: string;
  /** The execution goes on in the next bucket. */
  more?: true;
  spans: readonly StoredSpan[];
}

/** Bytes a chunk may have, by {@link spanBytes}: a quarter of what the service takes for an item. */
export const maxChunkBytes = 500_000;

/** Chunks that begin in one bucket: some megabytes, so that no partition key holds a large execution alone. */
export const chunksPerBucket = 16;

/** Partition key of a bucket, from 0. */
export function bucketKey(executionId: string, bucket: number): string {
  return `${cosmosId(executionId)}.${bucket}`;
}

export function toChunk(
  fields: { readonly id: string; readonly pk: string; readonly ttl?: number },
  executionId: string,
  spans: readonly ExecutionSpan[],
): SpanChunk {
  const common = { executionId, traceId: spans[0]?.traceId ?? '' };
  const stored = spans.map(({ executionId: _, traceId, ...span }): StoredSpan => {
    // One that was written before the execution was known to belong to another trace.
    return traceId === common.traceId ? span : { ...span, traceId };
  });
  return { ...fields, ...common, spans: stored };
}

/** The newest state of every span in chunks of one execution, which may come in any order. */
export function spansOf(chunks: readonly SpanChunk[]): ExecutionSpan[] {
  const newest = new Map<string, ExecutionSpan>();
  for (const { executionId, traceId, spans } of chunks.toSorted((left, right) =>
    left.id < right.id ? -1 : 1,
  )) {
    for (const span of spans) newest.set(span.spanId, { executionId, traceId, ...span } as ExecutionSpan);
  }
  return [...newest.values()];
}

/** Lists of spans that each fit into a chunk. */
export function splitByBytes(spans: readonly ExecutionSpan[]): ExecutionSpan[][] {
  const parts: ExecutionSpan[][] = [];
  let left = 0;
  for (const span of spans) {
    const bytes = spanBytes(span);
    if (bytes > left) {
      parts.push([]);
      left = maxChunkBytes;
    }
    left -= bytes;
    parts.at(-1)?.push(span);
  }
  return parts;
}

/** What a span takes in a chunk, and a little more. */
export function spanBytes(span: ExecutionSpan): number {
  return Buffer.byteLength(JSON.stringify(span)) + 1;
}
