import type { OutboxClaim, OutboxClaimRequest } from '@certoai/loom-core';
import type { CosmosRows } from '@certoai/loom-core/cosmos';
import {
  batchesOf,
  groupedBy,
  maxSheaves,
  operationsOf,
  putSheaf,
  type BatchUnit,
} from './outbox-batches.js';
import type { KeptLane, KeptMessage, SheafItem } from './outbox-items.js';
import { claimableMessages, leasedSheaf } from './outbox-moves.js';
import { maxLater, maxRows, type OutboxPartition } from './outbox-partition.js';

const claiming = 'claim messages of the outbox';
/** Lanes of one sheaf for one claim, so that a batch can park them. */
const maxLanes = 50;
/** Looks of a claim that meets others, each of whom is through. */
const maxLooks = 20;

/** A sheaf as it was read. */
type ReadSheaf = SheafItem & { readonly _etag: string };

interface Look {
  readonly sheaves: readonly ReadSheaf[];
  /** There may be more that are ready. */
  readonly isCut: boolean;
}

interface Taken {
  readonly sheaf: ReadSheaf;
  readonly lane: KeptLane;
  readonly messages: KeptMessage[];
}

interface Leasing extends BatchUnit {
  readonly taken: readonly Taken[];
  readonly sheaf: SheafItem;
}

/** Leases of lanes. Sheaves are changed under their ETags, so of two that claim the same one is refused. */
export class OutboxClaims {
  readonly #partition: OutboxPartition;

  constructor(partition: OutboxPartition) {
    this.#partition = partition;
  }

  async claim({ token, leaseMs, limit }: OutboxClaimRequest): Promise<OutboxClaim> {
    for (let round = 1; ; round += 1) {
      const now = this.#partition.clock.now();
      const { sheaves, isCut } = await this.#look(now, limit);
      const taken = await this.#take(sheaves, now, limit);
      const leased = await this.#lease(taken, token, now + leaseMs);
      if (leased.length === 0 && taken.length > 0 && round < maxLooks) continue;
      const ids = new Map(leased.map(({ sheaf }) => [sheaf.id, sheaf]));
      const times = sheaves.map((sheaf) => ids.get(sheaf.id)?.at ?? (sheaf.at as number));
      const next = Math.min(isCut ? now : Infinity, ...times);
      const mine = new Set(leased.flatMap((one) => one.taken));
      return {
        lanes: taken
          .filter((one) => mine.has(one))
          .map(({ lane, messages }) => ({
            lane: lane.name,
            messages: messages.map(({ number, content = '', attempts, since }) => ({
              id: String(number),
              content,
              attempts,
              ageMs: Math.max(0, now - since),
            })),
          })),
        nextMs: next === Infinity ? null : Math.max(0, next - now),
      };
    }
  }

  /** Ready sheaves and those after them, the earliest first: as many as have `limit` messages, or all. */
  async #look(now: number, limit: number): Promise<Look> {
    const sheaves: ReadSheaf[] = [];
    const query = 'SELECT * FROM c WHERE c.at <= @a ORDER BY c.at';
    const size = Math.min(limit + 1, maxRows);
    let count = 0;
    let from: string | undefined;
    do {
      const values = [Number.MAX_SAFE_INTEGER];
      const page: CosmosRows<ReadSheaf> = await this.#partition.page(claiming, query, values, { size, from });
      sheaves.push(...page.rows);
      const ready = page.rows.flatMap(({ lanes }) => lanes).filter((lane) => isReady(lane, now));
      for (const lane of ready) count += Math.max(1, claimableMessages(lane).length);
      from = (sheaves.at(-1)?.at ?? 0) > now ? undefined : page.next;
    } while (from !== undefined && count < limit);
    return { sheaves, isCut: from !== undefined };
  }

  /** What is in the sheaves, and then, as far as there is room, what follows it in items of its own. */
  async #take(sheaves: readonly ReadSheaf[], now: number, limit: number): Promise<readonly Taken[]> {
    const ready = sheaves
      .flatMap((sheaf) => {
        const lanes = sheaf.lanes.filter((lane) => isReady(lane, now)).slice(0, maxLanes);
        return lanes.map((lane) => ({ sheaf, lane }));
      })
      .toSorted((a, b) => (a.lane.at as number) - (b.lane.at as number));
    const taken: Taken[] = [];
    const unfinished: Taken[] = [];
    let left = limit;
    for (const { sheaf, lane } of ready) {
      if (left === 0) break;
      const messages = claimableMessages(lane).slice(0, left);
      const one = { sheaf, lane, messages: [...messages] };
      taken.push(one);
      if (sheaf.more > 0 && messages.length === lane.messages.length) unfinished.push(one);
      // One without messages gets room for its first.
      left -= Math.max(1, messages.length);
    }
    const follow = unfinished.map(async ({ sheaf, messages }, place) => {
      const share = Math.floor((left + place) / unfinished.length);
      const room = messages.length === 0 ? share + 1 : share;
      if (room > 0) messages.push(...(await this.#later(sheaf.id, room)));
    });
    await Promise.all(follow);
    return taken.filter(({ messages }) => messages.length > 0);
  }

  async #later(sheafId: string, count: number): Promise<readonly KeptMessage[]> {
    const items = await this.#partition.later(claiming, sheafId, Math.min(count, maxLater));
    return items.flatMap(({ messages }) => messages).slice(0, count);
  }

  async #lease(taken: readonly Taken[], token: string, until: number): Promise<readonly Leasing[]> {
    const units = [...groupedBy(taken, ({ sheaf }) => sheaf)].map(([before, own]): Leasing => {
      const names = new Set(own.map(({ lane }) => lane.name));
      const sheaf = leasedSheaf(before, names, token, until);
      return { taken: own, sheaf, operations: [putSheaf(sheaf, before._etag)] };
    });
    const written = batchesOf(units, maxSheaves).map(async (batch) => {
      const { kind, inDoubt } = await this.#partition.batch(claiming, operationsOf(batch));
      if (kind === 'done' || (inDoubt && (await this.#has(batch[0]?.sheaf.id, token)))) return batch;
      return [];
    });
    return (await Promise.all(written)).flat();
  }

  /** Whether a claim whose answer was lost was made: all of its batch, or none. */
  async #has(id = '', token: string): Promise<boolean> {
    const item = await this.#partition.read<SheafItem>(claiming, id);
    return item?.document.lanes.some((lane) => lane.token === token) === true;
  }
}

function isReady({ at }: KeptLane, now: number): boolean {
  return at !== null && at <= now;
}
