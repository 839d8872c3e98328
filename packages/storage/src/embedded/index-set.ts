/** A set of task indexes, in about one bit each; those from -1 to 30 cost no memory of their own. */
export class IndexSet {
  /** Bit n is index n - 1. */
  #low = 0;
  /** The rest, 32 to a word. */
  #words: Map<number, number> | undefined;

  has(index: number): boolean {
    if (isLow(index)) return (this.#low & (1 << (index + 1))) !== 0;
    return (this.#word(index) & (1 << (index & 31))) !== 0;
  }

  add(index: number): void {
    if (isLow(index)) this.#low |= 1 << (index + 1);
    else (this.#words ??= new Map()).set(index >> 5, this.#word(index) | (1 << (index & 31)));
  }

  delete(index: number): void {
    if (isLow(index)) this.#low &= ~(1 << (index + 1));
    else this.#words?.set(index >> 5, this.#word(index) & ~(1 << (index & 31)));
  }

  #word(index: number): number {
    return this.#words?.get(index >> 5) ?? 0;
  }
}

function isLow(index: number): boolean {
  return index >= -1 && index < 31;
}
