import { randomUUID } from 'node:crypto';
import { LoomError, type OutboxStep, type OutboxStepReply } from '@certoai/loom-core';
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
  type HeadItem,
  type KeptLane,
  type KeptMessage,
  type SheafItem,
  type StateItem,
} from './outbox-items.js';
import { releasedLane } from './outbox-moves.js';
import type { OutboxPartition } from './outbox-partition.js';

const doing = 'commit to the outbox';
/** Of a commit as it is sent. A batch and an item may have 2 MB, and what is claimed or parked grows a little. */
const maxBytes = 1_500_000;
/** What claims add to a message. */
const reservedBytes = 100;
/** Longer than a request can be on its way. Seconds. */
const markerTtl = 600;
/** Rounds of a commit against others: in each of them one is through. */
const maxRounds = 200;

/** What a commit needs to know to be written. */
interface Known {
  readonly versions: readonly number[];
  /** Keys that have a lane. */
  readonly busy: ReadonlySet<string>;
  readonly last: number;
}

/**
 * Commits to one partition, each a batch. Its first operation creates an item with a name that only this commit has,
 * so that one whose answer was lost meets that when it is sent again. Messages take their numbers from the one head,
 * so commits with messages come one after the other, here and among processes.
 */
export class OutboxCommits {
  readonly #partition: OutboxPartition;
  readonly #maxMs: number;
  #turns: Promise<unknown> = Promise.resolve();
  /** The last number given, as far as it is known here. */
  #last: number | undefined;
  /** Others commit as well, so what is known here is likely to be wrong. */
  #hasRivals = false;

  /** @param maxMs - how long a commit may wait for those before it */
  constructor(partition: OutboxPartition, maxMs: number) {
    this.#partition = partition;
    this.#maxMs = maxMs;
  }

  async commit(step: OutboxStep): Promise<OutboxStepReply> {
    if (step.writes.length + step.messages.length === 0) return { committed: true, versions: [] };
    checkOperations(step);
    const id = `commit.${randomUUID()}`;
    const endsAt = this.#partition.clock.now() + this.#maxMs;
    for (let round = 1; round <= maxRounds && this.#partition.clock.now() < endsAt; round += 1) {
      await this.#partition.pauseBefore(round);
      const attempt = (): Promise<OutboxStepReply | undefined> => this.#try(id, step, endsAt);
      const reply = await (step.messages.length === 0 ? attempt() : this.#inTurn(attempt));
      if (reply !== undefined) return reply;
    }
    const { pk: partition } = this.#partition;
    const message = `A commit to the outbox "${partition}" was not written: others were before it for too long. Try again later, raise callMs (now ${this.#maxMs}), or use more outboxes.`;
    throw new LoomError('LOOM_STORE_FAILED', message, { partition });
  }

  /** @returns undefined when it is too late, or when what was known is no longer so */
  async #try(id: string, step: OutboxStep, endsAt: number): Promise<OutboxStepReply | undefined> {
    if (this.#partition.clock.now() >= endsAt) return undefined;
    const { writes, messages } = step;
    const keys = new Set(messages.flatMap(({ key }) => (key === undefined ? [] : [key])));
    const [versions, busy, last] = await Promise.all([
      Promise.all(writes.map(async ({ key, ifVersion }) => ifVersion ?? this.#versionOf(key))),
      this.#busyAmong(keys),
      messages.length > 0 ? this.#lastNumber() : 0,
    ]);
    const after = versions.map((version) => version + 1);
    const marker = { id, pk: this.#partition.pk, ttl: markerTtl, versions: after } satisfies CommitItem;
    const operations = commitOperations(marker, step, { versions, busy, last }, this.#partition.clock.now());
    const answer = await this.#partition.batch(doing, operations);
    const isOver = answer.kind === 'done';
    if (isOver && messages.length > 0) this.#last = last + messages.length;
    if (isOver) return { committed: true, versions: after };
    const { refused = -1, inDoubt } = answer;
    if (inDoubt || refused === 0) {
      const done = await this.#partition.read<CommitItem>(doing, id);
      if (done !== undefined) return { committed: true, versions: done.document.versions };
    }
    if (refused === writes.length + 1) {
      this.#hasRivals = true;
      this.#last = undefined;
    }
    const write = writes[refused - 1];
    if (write?.ifVersion === undefined) return undefined;
    const version = await this.#versionOf(write.key);
    return version === write.ifVersion ? undefined : { committed: false, key: write.key, version };
  }

  async #versionOf(key: string): Promise<number> {
    const state = await this.#partition.read<StateItem>(doing, stateId(key));
    return state?.document.version ?? 0;
  }

  async #busyAmong(keys: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const busy = new Set<string>();
    const look = async (key: string): Promise<void> => {
      if ((await this.#partition.read(doing, keySheafId(key))) !== undefined) busy.add(key);
    };
    await Promise.all([...keys].map(look));
    return busy;
  }

  async #lastNumber(): Promise<number> {
    if (this.#last !== undefined && !this.#hasRivals) return this.#last;
    const head = await this.#partition.read<HeadItem>(doing, headId);
    const last = head?.document.last ?? 0;
    this.#hasRivals = this.#last !== last && this.#hasRivals;
    return last;
  }

  #inTurn<Reply>(work: () => Promise<Reply>): Promise<Reply> {
    const turn = this.#turns.then(work);
    this.#turns = turn.catch(() => undefined);
    return turn;
  }
}

/** One for each write, up to two for each key, and one each for the marker, the head and what has no key. */
function checkOperations({ writes, messages }: OutboxStep): void {
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
 */
function commitOperations(
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

/** @throws LoomError `LOOM_PAYLOAD_TOO_LARGE` */
function checkBytes(operations: readonly CosmosOperation[], messages: number): readonly CosmosOperation[] {
  const bytes = jsonBytes(operations) + reservedBytes * messages;
  if (bytes <= maxBytes) return operations;
  const message =
    `The commit has ${bytes} bytes as Cosmos DB gets it; the limit is ${maxBytes}, as all of it is one batch. ` +
    'Commit less at once, or keep large values in a blob store and pass references.';
  throw new LoomError('LOOM_PAYLOAD_TOO_LARGE', message, { bytes, maxBytes });
}
