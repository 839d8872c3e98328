import { backoffDelay, type Clock, type Random } from '@certoai/loom-core';
import type {
  CosmosContainer,
  CosmosItem,
  CosmosOperation,
  CosmosRows,
  CosmosValue,
} from '@certoai/loom-core/cosmos';
import type { MoreItem } from './outbox-items.js';

/** About as long as a few batches take, so that those who met do not meet again. */
const pause = { backoff: 'exponential', initialDelayMs: 5, maxDelayMs: 100, jitter: true } as const;
/** Items with later messages of one lane for one claim, so that a batch can settle them. */
export const maxLater = 90;
/** Rows of one page. */
export const maxRows = 101;

type Batched = Awaited<ReturnType<CosmosContainer['batch']>>;

/** The partition of one outbox: no call looks beyond it. */
export class OutboxPartition {
  readonly pk: string;
  readonly clock: Clock;
  readonly #items: CosmosContainer;
  readonly #random: Random;

  constructor(items: CosmosContainer, pk: string, clock: Clock, random: Random) {
    this.#items = items;
    this.pk = pk;
    this.clock = clock;
    this.#random = random;
  }

  /** Waits before a round of its own that another was faster in: in step they would meet every time. */
  async pauseBefore(round: number): Promise<void> {
    if (round <= 2) return;
    const waitMs = backoffDelay(pause, round - 2, this.#random);
    await new Promise<void>((resolve) => void this.clock.setTimer(waitMs, resolve));
  }

  read<Item>(doing: string, id: string): Promise<CosmosItem<Item> | undefined> {
    return this.#items.read<Item>(doing, this.pk, id);
  }

  batch(doing: string, operations: readonly CosmosOperation[]): Promise<Batched> {
    return this.#items.batch(doing, this.pk, operations);
  }

  /** @param values - of `@a`, `@b` and so on */
  page<Row>(
    doing: string,
    query: string,
    values: readonly CosmosValue[],
    { size, from }: { readonly size: number; readonly from?: string | undefined },
  ): Promise<CosmosRows<Row>> {
    const parameters = values.map((value, place) => ({ name: `@${'ab'[place]}`, value }));
    return this.#items.page<Row>(doing, { query, parameters }, { pk: this.pk, size, from });
  }

  /** The first `count` rows; an empty page is not the end. */
  async first<Row>(
    doing: string,
    query: string,
    values: readonly CosmosValue[],
    count: number,
  ): Promise<readonly Row[]> {
    const found: Row[] = [];
    let from: string | undefined;
    do {
      const size = Math.min(count - found.length, maxRows);
      const { rows, next } = await this.page<Row>(doing, query, values, { size, from });
      found.push(...rows);
      from = next;
    } while (from !== undefined && found.length < count);
    return found;
  }

  /** The first items with later messages of a lane, in order. */
  later(doing: string, sheafId: string, count: number): Promise<readonly MoreItem[]> {
    const query = 'SELECT * FROM c WHERE c.lane = @a ORDER BY c.first';
    return this.first<MoreItem>(doing, query, [sheafId], count);
  }
}
