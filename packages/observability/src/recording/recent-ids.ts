/** Most ids that are remembered, and at least half as many of the latest. */
const most = 10_000;

/** A set of ids that does not grow without bounds: in two halves, and when one is full the older one goes. */
export class RecentIds {
  #recent = new Set<string>();
  #older = new Set<string>();

  add(id: string): void {
    this.#recent.add(id);
    if (this.#recent.size < most / 2) return;
    this.#older = this.#recent;
    this.#recent = new Set();
  }

  has(id: string): boolean {
    return this.#recent.has(id) || this.#older.has(id);
  }

  /** @returns whether it was there */
  delete(id: string): boolean {
    const [recent, older] = [this.#recent.delete(id), this.#older.delete(id)];
    return recent || older;
  }
}
