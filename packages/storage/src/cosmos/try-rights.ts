import { randomUUID } from 'node:crypto';
import type { LoomError } from '@certoai/loom-core';
import type { CosmosContainer } from '@certoai/loom-core/cosmos';
import type { StoreFinding } from '../internal/store-finding.js';
import { failureOf, refusalOf } from './cosmos-finding.js';

/** Where the probes are looked for and written: no adapter has a partition of this name. */
const partition = 'loom-doctor';

/** A point read of an item that nobody has. */
export async function tryReading(containers: readonly CosmosContainer[]): Promise<StoreFinding> {
  const read = (container: CosmosContainer): Promise<unknown> =>
    container.read('read an item', partition, randomUUID());
  return verdict('read', 'Items can be read.', await refusals(containers, read));
}

/** An item that is made and removed in one transaction: nobody sees it, and nothing stays whatever happens. */
export async function tryWriting(containers: readonly CosmosContainer[]): Promise<StoreFinding> {
  const write = (container: CosmosContainer): Promise<unknown> => {
    const id = randomUUID();
    return container.batch('write an item', partition, [
      { operationType: 'Create', resourceBody: { id, pk: partition } },
      { operationType: 'Delete', id },
    ]);
  };
  return verdict('write', 'Items can be written.', await refusals(containers, write));
}

async function refusals(
  containers: readonly CosmosContainer[],
  attempt: (container: CosmosContainer) => Promise<unknown>,
): Promise<readonly LoomError[]> {
  const found = await Promise.all(containers.map((container) => refusalOf(attempt(container))));
  return found.filter((error) => error !== undefined);
}

/** One refusal speaks for all: a role that is missing is missing for the database. */
function verdict(check: string, good: string, [first]: readonly LoomError[]): StoreFinding {
  return first === undefined ? { check, severity: 'ok', message: good } : failureOf(check, first);
}
