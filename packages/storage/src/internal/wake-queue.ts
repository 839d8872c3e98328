/** What can be claimed at some time. Set `claimableAt` first, then call {@link WakeQueue.moved}. */
export interface Sleeper {
  /** Milliseconds since the epoch; `-Infinity`: before all others. `null`: not at all. */
  claimableAt: number | null;
}

/**
 * Sleepers by the time from which they can be claimed. A sleeper that moves leaves its old place behind, which
 * is recognised by its time and skipped: moving costs O(log n), and nothing is ever searched for.
 */
export class WakeQueue<Item extends Sleeper> {
  /** A binary heap in two arrays: times, and the sleepers that had them. */
  #times: number[] = [];
  #items: Item[] = [];
  /** Places at which the heap is rebuilt without the ones left behind. */
  #limit = 1024;

  /** How many places there are, those left behind included. */
  get places(): number {
    return this.#times.length;
  }

  moved(item: Item): void {
    if (item.claimableAt === null) return;
    if (this.#times.length >= this.#limit) this.#rebuild();
    this.#insert(item.claimableAt, item);
  }

  /** Takes at most `limit` sleepers whose time has come, earliest first. */
  take(now: number, limit: number): readonly Item[] {
    const taken: Item[] = [];
    for (
      let next = this.#peek();
      taken.length < limit && next && (next.claimableAt as number) <= now;
      next = this.#peek()
    ) {
      this.#pop();
      next.claimableAt = null;
      taken.push(next);
    }
    return taken;
  }

  /** The earliest time of all; `null` when there is none. */
  next(): number | null {
    return this.#peek()?.claimableAt ?? null;
  }

  #peek(): Item | undefined {
    while (this.#times.length > 0) {
      const item = this.#items[0] as Item;
      if (item.claimableAt === this.#times[0]) return item;
      this.#pop();
    }
    return undefined;
  }

  #insert(time: number, item: Item): void {
    let place = this.#times.length;
    this.#times.push(time);
    this.#items.push(item);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if ((this.#times[parent] as number) <= time) break;
      this.#put(place, parent);
      place = parent;
    }
    this.#times[place] = time;
    this.#items[place] = item;
  }

  #pop(): void {
    const time = this.#times.pop() as number;
    const item = this.#items.pop() as Item;
    const size = this.#times.length;
    if (size === 0) return;
    let place = 0;
    for (let child = 1; child < size; child = 2 * place + 1) {
      const right = child + 1;
      if (right < size && (this.#times[right] as number) < (this.#times[child] as number)) child = right;
      if ((this.#times[child] as number) >= time) break;
      this.#put(place, child);
      place = child;
    }
    this.#times[place] = time;
    this.#items[place] = item;
  }

  #put(place: number, from: number): void {
    this.#times[place] = this.#times[from] as number;
    this.#items[place] = this.#items[from] as Item;
  }

  #rebuild(): void {
    const sleeping = new Set(this.#items.filter((item, place) => item.claimableAt === this.#times[place]));
    this.#times = [];
    this.#items = [];
    for (const item of sleeping) this.#insert(item.claimableAt as number, item);
    this.#limit = Math.max(1024, 2 * this.#times.length);
  }
}
