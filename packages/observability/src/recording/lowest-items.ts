/** The lowest of many items, in order: whichever way they come, the same are kept. */
export class LowestItems<Item> {
  readonly #items: Item[];
  readonly #most: number;
  readonly #compare: (left: Item, right: Item) => number;

  constructor(most: number, compare: (left: Item, right: Item) => number, items: readonly Item[] = []) {
    this.#most = most;
    this.#compare = compare;
    this.#items = [...items];
  }

  /** @returns false for one that is there, and is not kept twice */
  add(item: Item): boolean {
    const items = this.#items;
    let place = items.length;
    while (place > 0) {
      const order = this.#compare(items[place - 1] as Item, item);
      if (order === 0) return false;
      if (order < 0) break;
      place -= 1;
    }
    items.splice(place, 0, item);
    if (items.length > this.#most) items.pop();
    return true;
  }

  get list(): readonly Item[] {
    return [...this.#items];
  }
}
