/** Most ids that are remembered; beyond them the oldest are forgotten. */
const most = 10_000;

/** A set of ids that does not grow without bounds. */
export class RecentIds {
  readonly #ids = new Set<string>();

  add(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size <= most) return;
    const [oldest] = this.#ids;
    if (oldest !== undefined) this.#ids.delete(oldest);
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** @returns whether it was there */
  delete(id: string): boolean {
    return this.#ids.delete(id);
  }
}
