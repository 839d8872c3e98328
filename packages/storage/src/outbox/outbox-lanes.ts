import { WakeQueue } from '../internal/wake-queue.js';
import type { KeptEntry } from './outbox-keeper.js';

/** Ready lanes come before every time there is, those whose first message is oldest first. */
const beforeAllTimes = Number.MIN_SAFE_INTEGER;

type ParkedEntry = KeptEntry & { readonly parked: NonNullable<KeptEntry['parked']> };

interface Lane {
  readonly name: string;
  /** In the order of their commits; parked ones that do not block are not among them. */
  readonly entries: KeptEntry[];
  /** The claim that has it. */
  token: string | undefined;
  claimableAt: number | null;
}

/** Which messages may be claimed, in memory. A lane is here for as long as it has entries. */
export class OutboxLanes {
  readonly #lanes = new Map<string, Lane>();
  /** In the order of their commits. */
  readonly #entries = new Map<number, KeptEntry>();
  readonly #parked = new Map<number, ParkedEntry>();
  readonly #wakes = new WakeQueue<Lane>();

  entry(id: string): KeptEntry | undefined {
    return this.#entries.get(Number(id));
  }

  add(entry: KeptEntry): void {
    this.#entries.set(entry.sequence, entry);
    if (isParked(entry)) this.#parked.set(entry.sequence, entry);
    if (entry.parked?.blocks === false) return;
    const name = laneOf(entry);
    let lane = this.#lanes.get(name);
    if (!lane) this.#lanes.set(name, (lane = { name, entries: [], token: undefined, claimableAt: null }));
    lane.entries.push(entry);
    if (lane.entries.length === 1) this.release(name);
  }

  remove(entry: KeptEntry): void {
    this.#entries.delete(entry.sequence);
    this.#parked.delete(entry.sequence);
    this.#leave(entry);
  }

  claim(
    token: string,
    now: number,
    until: number,
    limit: number,
  ): readonly { readonly name: string; readonly entries: readonly KeptEntry[] }[] {
    const claimed: { readonly name: string; readonly entries: readonly KeptEntry[] }[] = [];
    for (let left = limit; left > 0;) {
      const [lane] = this.#wakes.take(now, 1);
      if (!lane) break;
      const head = lane.entries.slice(0, left);
      const blocked = head.findIndex(isParked);
      const entries = blocked < 0 ? head : head.slice(0, blocked);
      left -= entries.length;
      claimed.push({ name: lane.name, entries });
      lane.token = token;
      this.#wakeAt(lane, until);
    }
    return claimed;
  }

  /** When a lane may be claimed next; `null`: never. */
  next(): number | null {
    return this.#wakes.next();
  }

  isHeld(name: string, token: string): boolean {
    return this.#lanes.get(name)?.token === token;
  }

  /** Ends the lease; the lane may be claimed from `at` on, by default at once. */
  release(name: string, at?: number): void {
    const lane = this.#lanes.get(name);
    const first = lane?.entries[0];
    if (!lane) return;
    lane.token = undefined;
    if (!first) {
      lane.claimableAt = null;
      this.#lanes.delete(name);
      return;
    }
    this.#wakeAt(lane, first.parked ? null : (at ?? beforeAllTimes + first.sequence));
  }

  park(entry: KeptEntry, parked: ParkedEntry['parked']): void {
    entry.parked = parked;
    this.#parked.set(entry.sequence, entry as ParkedEntry);
    if (!parked.blocks) this.#leave(entry);
  }

  unpark(entry: KeptEntry): void {
    const blocked = entry.parked?.blocks;
    this.#parked.delete(entry.sequence);
    entry.parked = undefined;
    entry.attempts = 0;
    if (!blocked) return this.#enter(entry);
    this.#freed(laneOf(entry));
  }

  parked(after: number, limit: number): readonly ParkedEntry[] {
    const later = [...this.#parked.values()].filter(({ sequence }) => sequence > after);
    return later.toSorted((a, b) => a.sequence - b.sequence).slice(0, limit);
  }

  counts(): { readonly waiting: number; readonly parked: number; readonly oldest: KeptEntry | undefined } {
    const parked = this.#parked.size;
    let oldest: KeptEntry | undefined;
    for (const entry of this.#entries.values()) {
      if (!entry.parked) {
        oldest = entry;
        break;
      }
    }
    return { waiting: this.#entries.size - parked, parked, oldest };
  }

  /** At its old place. */
  #enter(entry: KeptEntry): void {
    const name = laneOf(entry);
    const lane = this.#lanes.get(name);
    if (!lane) return this.add(entry);
    const place = lane.entries.findIndex(({ sequence }) => sequence > entry.sequence);
    lane.entries.splice(place < 0 ? lane.entries.length : place, 0, entry);
    this.#freed(name);
  }

  #leave(entry: KeptEntry): void {
    const lane = this.#lanes.get(laneOf(entry));
    const place = lane?.entries.indexOf(entry) ?? -1;
    if (!lane || place < 0) return;
    lane.entries.splice(place, 1);
    this.#freed(lane.name);
  }

  /** Its first message may be another one now. Whoever holds the lane goes on. */
  #freed(name: string): void {
    if (this.#lanes.get(name)?.token === undefined) this.release(name);
  }

  #wakeAt(lane: Lane, at: number | null): void {
    if (lane.claimableAt === at) return;
    lane.claimableAt = at;
    this.#wakes.moved(lane);
  }
}

function laneOf({ key, sequence }: KeptEntry): string {
  return key === undefined ? `#${sequence}` : `k${key}`;
}

function isParked(entry: KeptEntry): entry is ParkedEntry {
  return entry.parked !== undefined;
}
