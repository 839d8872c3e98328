import { maxBatchOperations, type CosmosOperation } from '@certoai/loom-core/cosmos';
import { jsonBytes, type SheafItem } from './outbox-items.js';

/** The service takes 2 MB in a batch. https://learn.microsoft.com/azure/cosmos-db/nosql/transactional-batch */
const maxBatchBytes = 1_900_000;
/** Sheaves in a batch: one that somebody else changed refuses all of them. */
export const maxSheaves = 25;

/** Puts a sheaf in the place of what was read, or removes it when nothing is left of it. */
export function putSheaf(sheaf: SheafItem, etag: string | undefined): CosmosOperation {
  const { id } = sheaf;
  if (etag === undefined) return { operationType: 'Create', resourceBody: sheaf };
  if (sheaf.lanes.length === 0) return { operationType: 'Delete', id, ifMatch: etag };
  return { operationType: 'Replace', id, ifMatch: etag, resourceBody: sheaf };
}

/** What is written together in any case. */
export interface BatchUnit {
  readonly operations: readonly CosmosOperation[];
}

/** As many at a time as the service takes. @param maxUnits - fewer, so that one that is refused takes few along */
export function batchesOf<Unit extends BatchUnit>(
  units: readonly Unit[],
  maxUnits: number,
): readonly (readonly Unit[])[] {
  const batches: Unit[][] = [];
  let [operations, bytes] = [Infinity, Infinity];
  for (const unit of units) {
    const size = jsonBytes(unit.operations);
    const isFull = operations + unit.operations.length > maxBatchOperations || bytes + size > maxBatchBytes;
    if (isFull || batches.at(-1)?.length === maxUnits) {
      batches.push([]);
      [operations, bytes] = [0, 0];
    }
    batches.at(-1)?.push(unit);
    operations += unit.operations.length;
    bytes += size;
  }
  return batches;
}

export function operationsOf(batch: readonly BatchUnit[]): readonly CosmosOperation[] {
  return batch.flatMap(({ operations }) => operations);
}

export function groupedBy<Key, One>(
  all: readonly One[],
  keyOf: (one: One) => Key,
): ReadonlyMap<Key, readonly One[]> {
  const groups = new Map<Key, One[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}
