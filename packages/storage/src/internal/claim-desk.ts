import type { ClaimReply, ClaimRequest, Clock } from '@certoai/loom-core';
import { WakeQueue } from './wake-queue.js';
import type { Sleeper } from './wake-queue.js';

/** An unfinished execution, as the desk sees it. */
export interface Claimable extends Sleeper {
  readonly id: string;
  /** After a change, call {@link ClaimDesk.moved}. */
  wakeAt: number | null;
  /** Set by the desk alone. */
  holder: Holder | undefined;
}

export interface Holder {
  readonly name: string;
  readonly seat: number;
  /** Of its lease; on the desk's clock. */
  endsAt: number;
  readonly items: Set<Claimable>;
}

/** Who holds which execution, and which nobody holds, for a store of one process. */
export class ClaimDesk {
  readonly #clock: Clock;
  readonly #holders = new Map<string, Holder>();
  readonly #sleepers = new WakeQueue<Claimable>();
  #seats: number;

  /** @param seats - how many were ever given */
  constructor(clock: Clock, seats = 0) {
    this.#clock = clock;
    this.#seats = seats;
  }

  /** How many were ever given. */
  get seats(): number {
    return this.#seats;
  }

  /** Takes in what is new; `holder` has it while its lease lasts. */
  add(item: Claimable, holder: string | undefined): void {
    const found = holder === undefined ? undefined : this.#holders.get(holder);
    if (found) hold(item, found);
    else this.#offer(item);
  }

  moved(item: Claimable): void {
    if (!item.holder) this.#offer(item);
  }

  /** Forgets what has finished. */
  remove(item: Claimable): void {
    item.holder?.items.delete(item);
    item.holder = undefined;
    item.claimableAt = null;
  }

  claim({ holder: name, now, leaseMs, limit }: ClaimRequest): ClaimReply {
    const clockNow = this.#clock.now();
    if (limit > 0) this.#forgetEnded(clockNow, name);
    const known = this.#holders.get(name);
    const holder = known ?? this.#admit(name);
    holder.endsAt = clockNow + leaseMs;
    const taken = this.#sleepers.take(now, limit);
    for (const item of taken) hold(item, holder);
    return {
      ids: taken.map(({ id }) => id),
      nextWakeAt: this.#next(holder, now, clockNow),
      renewed: known !== undefined,
      seat: holder.seat,
      freeSeats: this.#freeSeats(),
    };
  }

  /** Whether `holder` may not write, because somebody else has the execution. */
  refuses({ holder }: Claimable, writer: string | undefined): boolean {
    return writer !== undefined && holder !== undefined && holder.name !== writer;
  }

  /** @returns whether `name` held it */
  release(item: Claimable, name: string, wakeAt: number | null): boolean {
    if (item.holder?.name !== name) return false;
    this.remove(item);
    item.wakeAt = wakeAt;
    this.#offer(item);
    return true;
  }

  leave(name: string): void {
    const holder = this.#holders.get(name);
    if (holder) this.#forget(holder);
  }

  seatOf({ holder }: Claimable): number | undefined {
    return holder && holder.endsAt > this.#clock.now() ? holder.seat : undefined;
  }

  /** One that asks itself may go on: nobody has taken anything from it. */
  #forgetEnded(clockNow: number, asking: string): void {
    for (const holder of this.#holders.values())
      if (holder.endsAt <= clockNow && holder.name !== asking) this.#forget(holder);
  }

  #admit(name: string): Holder {
    const seat = this.#freeSeats()[0] ?? this.#seats++;
    const holder = { name, seat, endsAt: 0, items: new Set<Claimable>() };
    this.#holders.set(name, holder);
    return holder;
  }

  #freeSeats(): readonly number[] {
    const taken = new Set([...this.#holders.values()].map(({ seat }) => seat));
    return Array.from({ length: this.#seats }, (_, seat) => seat).filter((seat) => !taken.has(seat));
  }

  #forget({ name, items }: Holder): void {
    this.#holders.delete(name);
    for (const item of items) {
      item.holder = undefined;
      this.#offer(item);
    }
  }

  #offer(item: Claimable): void {
    const claimableAt = item.wakeAt ?? -Infinity;
    if (item.claimableAt === claimableAt) return;
    item.claimableAt = claimableAt;
    this.#sleepers.moved(item);
  }

  #next(asking: Holder, now: number, clockNow: number): number | null {
    const claimableAt = this.#sleepers.next();
    let next = claimableAt === null ? Infinity : Math.max(claimableAt, now);
    for (const holder of this.#holders.values()) {
      if (holder !== asking && holder.items.size > 0)
        next = Math.min(next, now + Math.max(0, holder.endsAt - clockNow));
    }
    return next === Infinity ? null : next;
  }
}

function hold(item: Claimable, holder: Holder): void {
  item.holder = holder;
  item.claimableAt = null;
  holder.items.add(item);
}
