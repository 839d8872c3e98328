/**
 * The candidate that `word` is most likely a misspelling of, or `undefined` when none is close.
 * `max_payload_bytes` and `MAXPAYLOADBYTES` are `maxPayloadBytes`; beyond that, a letter in three may be off.
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  for (const edits of [0, 1, 2, 3]) {
    const found = candidates.find(
      (candidate) => edits <= candidate.length / 3 && isWithin(plain(word), plain(candidate), edits),
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** Whether `a` becomes `b` by so many insertions, deletions, replacements and swaps of neighbours. */
function isWithin(a: string, b: string, edits: number): boolean {
  if (a === b) return true;
  if (edits === 0 || Math.abs(a.length - b.length) > edits) return false;
  let same = 0;
  while (a[same] === b[same]) same += 1;
  const [x, y] = [a.slice(same), b.slice(same)];
  return (
    isWithin(x.slice(1), y, edits - 1) ||
    isWithin(x, y.slice(1), edits - 1) ||
    isWithin(x.slice(1), y.slice(1), edits - 1) ||
    (x[0] === y[1] && x[1] === y[0] && isWithin(x.slice(2), y.slice(2), edits - 1))
  );
}
