/**
 * The name in `names` that `given` was probably meant to be, or `undefined` when none is close.
 * Close: equal but for case and separators, the start of exactly one name, or at most one letter in three
 * changed (Damerau-Levenshtein, neighbours swapped count as one change).
 */
export function nearestName(given: string, names: Iterable<string>): string | undefined {
  if (given.length === 0 || given.length > 100) return undefined;
  const wanted = plain(given);
  let best: string | undefined;
  let bestDistance = Math.floor(given.length / 3) + 1;
  const longer: string[] = [];
  for (const name of names) {
    const candidate = plain(name);
    if (candidate === wanted) return name;
    if (wanted.length >= 2 && candidate.startsWith(wanted)) longer.push(name);
    if (Math.abs(candidate.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, candidate);
    if (distance >= bestDistance) continue;
    best = name;
    bestDistance = distance;
  }
  return best ?? (longer.length === 1 ? longer[0] : undefined);
}

/** `; did you mean "x"?`, or the sentence's full stop when nothing is close. */
export function didYouMean(suggestion: string | undefined): string {
  return suggestion === undefined ? '.' : `; did you mean ${JSON.stringify(suggestion)}?`;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_\s]/g, '');
}

function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
