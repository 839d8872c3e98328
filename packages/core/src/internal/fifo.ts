/** First in, first out, in a ring that grows by doubling. */
export class Fifo<Item> {
  // Filled, so that the array keeps one representation whatever is put into it.
  #ring: (Item | undefined)[] = new Array<undefined>(16).fill(undefined);
  #head = 0;
  size = 0;

  push(item: Item): void {
    if (this.size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.size++) & (this.#ring.length - 1)] = item;
  }

  unshift(item: Item): void {
    if (this.size === this.#ring.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#ring.length - 1);
    this.#ring[this.#head] = item;
    this.size++;
  }

  shift(): Item | undefined {
    if (this.size === 0) return undefined;
    const ring = this.#ring;
    const item = ring[this.#head];
    ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (ring.length - 1);
    this.size--;
    return item;
  }

  *[Symbol.iterator](): Generator<Item> {
    for (let i = 0; i < this.size; i++) yield this.#ring[(this.#head + i) & (this.#ring.length - 1)] as Item;
  }

  /** Whether it holds little enough memory to be kept when empty. */
  get isSmall(): boolean {
    return this.#ring.length <= 64;
  }

  #grow(): void {
    const { size } = this;
    const old = this.#ring;
    const ring = new Array<Item | undefined>(size * 2);
    for (let i = 0; i < size; i++) ring[i] = old[(this.#head + i) & (size - 1)];
    ring.fill(undefined, size);
    this.#ring = ring;
    this.#head = 0;
  }
}
