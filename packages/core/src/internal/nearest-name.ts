/** The candidate a misspelt `name` most likely means, or `undefined` when none is close. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  // Up to a third of the letters may be wrong.
  let smallest = Math.floor(name.length / 3) + 2;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < smallest) [nearest, smallest] = [candidate, distance];
  }
  return nearest;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const letter of a) {
    const above = row;
    row = [(above[0] as number) + 1];
    for (let j = 0; j < b.length; j++) {
      const substituted = (above[j] as number) + (letter === b[j] ? 0 : 1);
      row.push(Math.min(substituted, (above[j + 1] as number) + 1, (row[j] as number) + 1));
    }
  }
  return row[b.length] as number;
}
