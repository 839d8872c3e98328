/** One place where a text departs from a licence, in the words of the matching guidelines. */
export interface Difference {
  /** Words of the licence that the text lacks here. */
  readonly missing: string;
  /** Words of the text that the licence lacks here. */
  readonly added: string;
}

/**
 * Where `words` depart from `known`, in order: a word diff after Myers, "An O(ND) Difference Algorithm and
 * Its Variations" (1986), its greedy forward half.
 * @param limit - edits after which the two count as too different; the result is then `undefined`
 */
export function differences(
  words: readonly string[],
  known: readonly string[],
  limit = 1_000,
): readonly Difference[] | undefined {
  const trace: Int32Array[] = [];
  const furthest = new Int32Array(2 * limit + 3);
  const centre = limit + 1;
  for (let edits = 0; edits <= limit; edits += 1) {
    trace.push(furthest.slice(centre - edits - 1, centre + edits + 2));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const below = at(furthest, centre + diagonal - 1);
      const above = at(furthest, centre + diagonal + 1);
      const down = diagonal === -edits || (diagonal !== edits && below < above);
      let x = down ? above : below + 1;
      while (x < known.length && x - diagonal < words.length && known[x] === words[x - diagonal]) x += 1;
      furthest[centre + diagonal] = x;
      if (x >= known.length && x - diagonal >= words.length) return collect(trace, words, known);
    }
  }
  return undefined;
}

/** Walks the recorded steps back from the end, and joins neighbouring edits. */
function collect(
  trace: readonly Int32Array[],
  words: readonly string[],
  known: readonly string[],
): Difference[] {
  const found: { missing: string[]; added: string[]; x: number; y: number }[] = [];
  let [x, y] = [known.length, words.length];
  for (let edits = trace.length - 1; edits > 0; edits -= 1) {
    const row = trace[edits] ?? new Int32Array();
    const diagonal = x - y;
    const below = at(row, edits + 1 + diagonal - 1);
    const above = at(row, edits + 1 + diagonal + 1);
    const down = diagonal === -edits || (diagonal !== edits && below < above);
    const fromX = down ? above : below;
    const fromY = fromX - (down ? diagonal + 1 : diagonal - 1);
    // The edit itself is the step right after (fromX, fromY); what follows it are equal words.
    const afterX = down ? fromX : fromX + 1;
    const afterY = down ? fromY + 1 : fromY;
    const last = found[0];
    const joins = last !== undefined && last.x === afterX && last.y === afterY;
    const target = joins ? last : { missing: [], added: [], x: 0, y: 0 };
    if (!joins) found.unshift(target);
    if (down) target.added.unshift(words[fromY] ?? '');
    else target.missing.unshift(known[fromX] ?? '');
    [target.x, target.y] = [fromX, fromY];
    [x, y] = [fromX, fromY];
  }
  return found.map(({ missing, added }) => ({ missing: missing.join(' '), added: added.join(' ') }));
}

function at(row: Int32Array, position: number): number {
  return row[position] ?? 0;
}
