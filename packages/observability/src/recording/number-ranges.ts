/** Whole numbers that were seen. Those that come in a row, as most do, take two places. */
export class NumberRanges {
  /** First and last of each range, rising. */
  readonly #bounds: number[];

  constructor(bounds: readonly number[] = []) {
    this.#bounds = [...bounds];
  }

  /** @returns false when it was seen before */
  add(number: number): boolean {
    const bounds = this.#bounds;
    // From the end: most are the next one.
    let place = bounds.length;
    while (place > 0 && (bounds[place - 2] as number) > number) place -= 2;
    const last = bounds[place - 1];
    if (last !== undefined && number <= last) return false;
    const joinsLower = last === number - 1;
    const joinsUpper = bounds[place] === number + 1;
    if (joinsLower && joinsUpper) bounds.splice(place - 1, 2);
    else if (joinsLower) bounds[place - 1] = number;
    else if (joinsUpper) bounds[place] = number;
    else bounds.splice(place, 0, number, number);
    return true;
  }

  get bounds(): readonly number[] {
    return [...this.#bounds];
  }
}
