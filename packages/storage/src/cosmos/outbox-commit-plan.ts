import { LoomError, type OutboxStep } from '@certoai/loom-core';
import { maxBatchOperations, type CosmosOperation } from '@certoai/loom-core/cosmos';
import {
  freeLane,
  freeSheafId,
  headId,
  jsonBytes,
  keySheafId,
  moreItem,
  sheafItem,
  stateId,
  type CommitItem,
  type KeptLane,
  type KeptMessage,
  type SheafItem,
} from './outbox-items.js';
import { releasedLane } from './outbox-moves.js';

/** Of a commit as it is sent. A batch and an item may have 2 MB, and what is claimed or parked grows a little. */
const maxBytes = 1_500_000;
/** What claims add to a message. */
const reservedBytes = 100;

/** What a commit needs to know to be written. */
interface Known {
  readonly versions: readonly number[];
  /** Keys that have a lane. */
  readonly busy: ReadonlySet<string>;
  readonly last: number;
}

/**
 * One for each write, up to two for each key, and one each for the marker, the head and what has no key.
 * @throws LoomError `LOOM_INVALID_OPTION`
 */
export function checkOperations({ writes, messages }: OutboxStep): void {
  const keys = new Set(messages.map(({ key }) => key));
  const free = keys.delete(undefined) ? 1 : 0;
  const operations = writes.length + 2 * keys.size + free + 2;
  if (operations <= maxBatchOperations) return;
  const message =
    `The commit has ${writes.length} writes and messages of ${keys.size} keys, which may take ${operations} operations ` +
    `of Cosmos DB; the limit is ${maxBatchOperations}: one for each write, two for each key, three more. Commit less at once.`;
  const details = { writes: writes.length, keys: keys.size, operations, maxOperations: maxBatchOperations };
  throw new LoomError('LOOM_INVALID_OPTION', message, details);
}

/**
 * Pure: the marker, then the writes in order, the head, and the messages. Every operation fails when what was known
 * is not so.
 * @throws LoomError `LOOM_PAYLOAD_TOO_LARGE`
 */
export function commitOperations(
  marker: CommitItem,
  { writes, messages }: OutboxStep,
  { versions, busy, last }: Known,
  now: number,
): readonly CosmosOperation[] {
  const { pk } = marker;
  const operations: CosmosOperation[] = [{ operationType: 'Create', resourceBody: marker }];
  for (const [place, { key, value }] of writes.entries()) {
    const before = versions[place] as number;
    operations.push(counting({ pk, id: stateId(key) }, 'version', before, before + 1, { value }));
  }
  if (messages.length === 0) return checkBytes(operations, 0);
  operations.push(counting({ pk, id: headId }, 'last', last, last + messages.length));
  const byKey = new Map<string | undefined, KeptMessage[]>();
  for (const [place, { key, content }] of messages.entries()) {
    const own = byKey.get(key) ?? [];
    byKey.set(key, own);
    own.push({ number: last + 1 + place, since: now, attempts: 0, content });
  }
  for (const [key, own] of byKey) {
    if (key === undefined || !busy.has(key)) {
      const sheaf = newSheaf(pk, key, own);
      operations.push({ operationType: 'Create', resourceBody: sheaf });
      continue;
    }
    const id = keySheafId(key);
    const more = { operations: [{ op: 'incr' as const, path: '/more', value: 1 }] };
    operations.push({ operationType: 'Patch', id, resourceBody: more });
    operations.push({ operationType: 'Create', resourceBody: moreItem(pk, id, own) });
  }
  return checkBytes(operations, messages.length);
}

/** Counts on, if the count is what it is taken for: 0 where there is no item yet. */
function counting(
  { pk, id }: { readonly pk: string; readonly id: string },
  field: string,
  before: number,
  after: number,
  content: Readonly<Record<string, string>> = {},
): CosmosOperation {
  const fields = { [field]: after, ...content };
  if (before === 0) return { operationType: 'Create', resourceBody: { id, pk, ...fields } };
  const operations = Object.entries(fields).map(([name, value]) => ({
    op: 'set' as const,
    path: `/${name}`,
    value,
  }));
  const condition = `FROM c WHERE c.${field} = ${before}`;
  return { operationType: 'Patch', id, resourceBody: { operations, condition } };
}

function newSheaf(pk: string, key: string | undefined, messages: readonly KeptMessage[]): SheafItem {
  const id = key === undefined ? freeSheafId((messages[0] as KeptMessage).number) : keySheafId(key);
  const lanes =
    key === undefined
      ? messages.map((message) => releasedLane(freeLane(id, message.number), [message]))
      : [releasedLane(id, messages)];
  return sheafItem({ pk, id, key }, lanes as readonly KeptLane[], 0);
}

function checkBytes(operations: readonly CosmosOperation[], messages: number): readonly CosmosOperation[] {
  const bytes = jsonBytes(operations) + reservedBytes * messages;
  if (bytes <= maxBytes) return operations;
  const message =
    `The commit has ${bytes} bytes as Cosmos DB gets it; the limit is ${maxBytes}, as all of it is one batch. ` +
    'Commit less at once, or keep large values in a blob store and pass references.';
  throw new LoomError('LOOM_PAYLOAD_TOO_LARGE', message, { bytes, maxBytes });
}
