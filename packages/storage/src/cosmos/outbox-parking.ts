import { LoomError, type OutboxParked } from '@certoai/loom-core';
import type { CosmosItem, CosmosOperation } from '@certoai/loom-core/cosmos';
import { groupedBy, putSheaf } from './outbox-batches.js';
import {
  jsonBytes,
  keySheafId,
  moreItem,
  parkedId,
  type ParkedItem,
  type SheafItem,
} from './outbox-items.js';
import { splitSheaf, unblockedSheaf, unparkedSheaf } from './outbox-moves.js';
import type { OutboxPartition } from './outbox-partition.js';

const listing = 'list parked messages';
/** Of a sheaf. An item may have 2 MB, and what is claimed grows a little. */
const maxBytes = 1_700_000;
/** Parked messages looked at together. */
const pageSize = 100;
const maxRounds = 200;

/** Messages that are parked: each in an item of its own, beside the lane it was in. */
export class OutboxParking {
  readonly #partition: OutboxPartition;

  constructor(partition: OutboxPartition) {
    this.#partition = partition;
  }

  async list(limit: number, after: string): Promise<readonly OutboxParked[]> {
    return (await this.#page(listing, limit, Number(after))).map(
      ({ parked, key, content, attempts, reason, blocks, committedAt, parkedAt }) => ({
        ...{ id: String(parked), key, content, attempts, reason, blocks, committedAt, parkedAt },
      }),
    );
  }

  async unpark(action: 'retry' | 'discard', ids: readonly string[] | undefined): Promise<number> {
    const doing = `${action} parked messages`;
    let count = 0;
    if (ids !== undefined) {
      const numbers = [...new Set(ids)].filter((id) => /^\d{1,16}$/.test(id));
      for (let from = 0; from < numbers.length; from += pageSize) {
        const reads = numbers
          .slice(from, from + pageSize)
          .map((id) => this.#partition.read<ParkedItem>(doing, parkedId(id)));
        const items = (await Promise.all(reads)).flatMap((item) => (item ? [item.document] : []));
        count += await this.#unparkAll(doing, action, items);
      }
      return count;
    }
    for (let items = await this.#page(doing, pageSize, 0); items.length > 0;) {
      count += await this.#unparkAll(doing, action, items);
      items = await this.#page(doing, pageSize, (items.at(-1) as ParkedItem).parked);
    }
    return count;
  }

  #page(doing: string, limit: number, after: number): Promise<readonly ParkedItem[]> {
    const query = 'SELECT * FROM c WHERE c.parked > @a ORDER BY c.parked';
    return this.#partition.first<ParkedItem>(doing, query, [after], limit);
  }

  /** Lanes at once, and those of one lane one after the other. */
  async #unparkAll(
    doing: string,
    action: 'retry' | 'discard',
    items: readonly ParkedItem[],
  ): Promise<number> {
    const lanes = groupedBy(items, ({ id, key }) => (key === undefined ? id : keySheafId(key)));
    const counts = [...lanes.values()].map(async (own) => {
      let count = 0;
      for (const item of own) if (await this.#unpark(doing, action, item)) count += 1;
      return count;
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  /** @returns whether it was parked until now */
  async #unpark(doing: string, action: 'retry' | 'discard', item: ParkedItem): Promise<boolean> {
    const { id, key } = item;
    let isInDoubt = false;
    for (let round = 1; round <= maxRounds; round += 1) {
      await this.#partition.pauseBefore(round);
      const operations: CosmosOperation[] = [{ operationType: 'Delete', id }];
      const hasLane = key !== undefined && (action === 'retry' || item.blocks);
      const sheaf = hasLane ? await this.#partition.read<SheafItem>(doing, keySheafId(key)) : undefined;
      if (action === 'retry') {
        const next = unparkedSheaf(item, sheaf?.document);
        if (sheaf !== undefined && jsonBytes(next) > maxBytes) {
          await this.#split(doing, sheaf, item);
          continue;
        }
        operations.push(putSheaf(next, sheaf?.etag));
      } else if (sheaf !== undefined) {
        const [later] =
          sheaf.document.more > 0 ? await this.#partition.later(doing, sheaf.document.id, 1) : [];
        operations.push(putSheaf(unblockedSheaf(sheaf.document, item, later?.first), sheaf.etag));
      }
      const answer = await this.#partition.batch(doing, operations);
      if (answer.kind === 'done') return true;
      isInDoubt ||= answer.inDoubt;
      // It is parked no more: by this call, whose answer was lost, or by another.
      if (answer.refused === 0) return isInDoubt;
    }
    const message = `Cosmos DB could not ${doing}: others were first ${maxRounds} times. Try again later.`;
    throw new LoomError('LOOM_STORE_FAILED', message, { id: String(item.parked) });
  }

  /** Makes room in a lane: what is behind the place of the message becomes an item of its own. */
  async #split(doing: string, { document, etag }: CosmosItem<SheafItem>, item: ParkedItem): Promise<void> {
    const split = splitSheaf(document, item.parked);
    if (split === undefined) {
      const message = `There is no room for message ${item.parked} of the outbox: its key has ${jsonBytes(document)} bytes waiting before it. Retry it when those are sent.`;
      throw new LoomError('LOOM_STORE_FULL', message, { id: String(item.parked) });
    }
    const more = moreItem(document.pk, document.id, split.tail);
    await this.#partition.batch(doing, [
      putSheaf(split.sheaf, etag),
      { operationType: 'Create', resourceBody: more },
    ]);
  }
}
