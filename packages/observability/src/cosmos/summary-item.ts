import { createHash } from 'node:crypto';
import { cosmosId, type CosmosDocument } from '@certoai/loom-core/cosmos';
import type { ExecutionSummary } from '../summary/execution-summary.js';

/** One execution in brief, as an item. */
export interface SummaryItem extends CosmosDocument {
  sortKey: string;
  summary: ExecutionSummary;
}

/**
 * Partition keys that summaries are spread over, by their id: about 1 000 writes a second and 20 GB each. A list asks
 * each of them, so it is never a query over partitions. Part of what is stored: another number finds nothing.
 */
const buckets = 8;

export const summaryBuckets: readonly string[] = Array.from(
  { length: buckets },
  (_, bucket) => `summaries-${bucket}`,
);

export function summaryPlace(executionId: string): { readonly id: string; readonly pk: string } {
  const [first = 0] = createHash('sha256').update(executionId).digest();
  return { id: cosmosId(executionId), pk: summaryBuckets[first % buckets] as string };
}

/**
 * Sorts as the id itself, wherever it is sorted: plain ASCII, since stores and languages differ in the order of other
 * characters.
 */
export function sortKey(executionId: string): string {
  return executionId.replaceAll(/[^ -}]/g, (unit) => `~${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
