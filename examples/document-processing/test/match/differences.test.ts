import { expect, test } from 'vitest';
import { differences } from '../../src/match/differences.ts';

const diff = (text: string, known: string) =>
  differences(text.split(' ').filter(Boolean), known.split(' ').filter(Boolean));

test.each([
  ['equal', 'a b c', 'a b c', []],
  ['added in front', 'x y a b', 'a b', [{ missing: '', added: 'x y' }]],
  ['added behind', 'a b x', 'a b', [{ missing: '', added: 'x' }]],
  ['missing', 'a c', 'a b c', [{ missing: 'b', added: '' }]],
  ['replaced', 'a x y d', 'a b d', [{ missing: 'b', added: 'x y' }]],
  [
    'two places',
    'a x c d y',
    'a b c d e',
    [
      { missing: 'b', added: 'x' },
      { missing: 'e', added: 'y' },
    ],
  ],
  ['nothing left', '', 'a b', [{ missing: 'a b', added: '' }]],
  ['nothing known', 'a b', '', [{ missing: '', added: 'a b' }]],
  ['both empty', '', '', []],
])('%s', (_what, text, known, expected) => {
  expect(diff(text, known)).toEqual(expected);
});

test('putting the differences back gives the text again', () => {
  const random = mulberry(7);
  for (let round = 0; round < 300; round += 1) {
    const word = (): string => 'abcd'.charAt(Math.floor(random() * 4));
    const known = Array.from({ length: Math.floor(random() * 12) }, word);
    const text = Array.from({ length: Math.floor(random() * 12) }, word);
    const found = differences(text, known) ?? [];
    const missing = found.flatMap((each) => each.missing.split(' ').filter(Boolean)).length;
    const added = found.flatMap((each) => each.added.split(' ').filter(Boolean)).length;
    expect(known.length - missing).toBe(text.length - added);
    expect(known.length - missing).toBe(longestCommon(text, known));
  }
});

test('gives up on texts that have too little in common', () => {
  const text = Array.from({ length: 3_000 }, (_, at) => `a${at}`);
  expect(
    differences(
      text,
      text.map((word) => `${word}x`),
      500,
    ),
  ).toBeUndefined();
});

function longestCommon(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const one of a) {
    const next = [0];
    b.forEach((other, at) =>
      next.push(one === other ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0)),
    );
    row = next;
  }
  return row[b.length] ?? 0;
}

/** A small seeded generator (mulberry32, public domain). */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
