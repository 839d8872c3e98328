/**
 * All runs of three words in order, each as a 32-bit number: long enough to tell licences apart, short
 * enough to survive one changed word. A text of one or two words has one run, an empty one none.
 */
export function shingles(words: readonly string[]): readonly number[] {
  const runs: number[] = [];
  let [first, second] = [0, 0];
  words.forEach((word, position) => {
    const third = hash(word);
    if (position >= 2 || position === words.length - 1) {
      runs.push(Math.imul(Math.imul(first, prime) ^ second, prime) ^ third);
    }
    [first, second] = [second, third];
  });
  return runs;
}

const prime = 0x01000193;

/** FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), 32 bits. */
function hash(word: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < word.length; at += 1) value = Math.imul(value ^ word.charCodeAt(at), prime);
  return value;
}
