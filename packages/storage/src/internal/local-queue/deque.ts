/** A list with two ends in one ring: every operation is O(1). */
export class Deque<Item> {
  #ring: (Item | undefined)[] = Array.from({ length: 16 });
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get front(): Item | undefined {
    return this.#size === 0 ? undefined : this.#ring[this.#head];
  }

  /** Counted from the front. */
  at(index: number): Item | undefined {
    return index < 0 || index >= this.#size
      ? undefined
      : this.#ring[(this.#head + index) & (this.#ring.length - 1)];
  }

  pushBack(item: Item): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = item;
    this.#size += 1;
  }

  pushFront(item: Item): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#ring.length - 1);
    this.#ring[this.#head] = item;
    this.#size += 1;
  }

  popFront(): Item | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size -= 1;
    // A burst that is over gives its memory back.
    if (this.#size === 0 && this.#ring.length > 4_096) this.#ring = Array.from({ length: 16 });
    if (this.#size === 0) this.#head = 0;
    return item;
  }

  /** The length stays a power of two, so that a mask takes the place of a division. */
  #grow(): void {
    const size = this.#ring.length;
    const ring: (Item | undefined)[] = Array.from({ length: size * 2 });
    for (let index = 0; index < size; index += 1) ring[index] = this.#ring[(this.#head + index) & (size - 1)];
    this.#ring = ring;
    this.#head = 0;
  }
}
