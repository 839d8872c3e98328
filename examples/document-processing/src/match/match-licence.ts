import type { KnownText, LicenceIndex } from './licence-index.ts';
import { normalise } from './normalise.ts';
import { shingles } from './shingles.ts';

/** What a text was found to be. Shares are 0 to 1, cut to three digits. */
export interface LicenceMatch {
  /**
   * - `exact`: the licence, word for word, by the matching guidelines
   * - `close`: the licence with small differences
   * - `extended`: the licence and a good deal more text around or in it
   * - `unknown`: none of the known licences
   */
  readonly kind: 'exact' | 'close' | 'extended' | 'unknown';
  /** The nearest SPDX id; of `unknown` text too, unless nothing is shared. */
  readonly id: string | null;
  /** Other ids for the very same text. */
  readonly sameText: readonly string[];
  /** Runs of three words in common: Dice coefficient, 2·shared / (text + licence). */
  readonly similarity: number;
  /** How much of the licence is in the text. */
  readonly covered: number;
  /** Runs in common: how much of the text the licence explains. */
  readonly shared: number;
  /** Words of the text by the matching guidelines. */
  readonly words: number;
}

const thresholds = { close: 0.9, covered: 0.97, dense: 0.92 } as const;

/** Compares one text with all known ones. */
export function matchLicence(text: string, index: LicenceIndex): LicenceMatch {
  const words = normalise(text);
  const runs = shingles(words);
  const distinct = new Set(runs);
  const best = nearest(distinct, index);
  if (!best)
    return {
      kind: 'unknown',
      id: null,
      sameText: [],
      similarity: 0,
      covered: 0,
      shared: 0,
      words: words.length,
    };

  const { known, shared } = best;
  const [id, ...sameText] = known.ids;
  const similarity = (2 * shared) / (distinct.size + known.size);
  const covered = shared / known.size;
  return {
    kind: sameWords(words, known.words) ? 'exact' : kindOf({ similarity, covered, runs, known }),
    id,
    sameText,
    similarity: rounded(similarity),
    covered: rounded(covered),
    shared,
    words: words.length,
  };
}

interface Candidate {
  readonly known: KnownText;
  readonly shared: number;
}

/** The licence with the highest Dice coefficient, if any run is shared. */
function nearest(runs: ReadonlySet<number>, { texts, postings }: LicenceIndex): Candidate | undefined {
  const shared = new Uint32Array(texts.length);
  for (const run of runs)
    for (const position of postings.get(run) ?? []) shared[position] = (shared[position] ?? 0) + 1;

  let best: (Candidate & { readonly score: number }) | undefined;
  texts.forEach((known, position) => {
    const count = shared[position] ?? 0;
    const score = (2 * count) / (runs.size + known.size);
    if (count > 0 && score > (best?.score ?? 0)) best = { known, shared: count, score };
  });
  return best;
}

interface Resemblance {
  readonly similarity: number;
  readonly covered: number;
  readonly runs: readonly number[];
  readonly known: KnownText;
}

function kindOf({ similarity, covered, runs, known }: Resemblance): LicenceMatch['kind'] {
  if (similarity >= thresholds.close) return 'close';
  if (covered >= thresholds.covered) return 'extended';
  return densest(runs, new Set(shingles(known.words))) >= thresholds.dense ? 'extended' : 'unknown';
}

/** In a stretch as long as the licence: the greatest share of runs that are the licence's. */
function densest(runs: readonly number[], known: ReadonlySet<number>): number {
  const width = known.size;
  let [inside, most] = [0, 0];
  runs.forEach((run, position) => {
    inside += known.has(run) ? 1 : 0;
    const left = runs[position - width];
    if (left !== undefined && known.has(left)) inside -= 1;
    most = Math.max(most, inside);
  });
  return most / width;
}

function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, position) => word === b[position]);
}

function rounded(share: number): number {
  // Only equal sets are 1: 0.9996 must not look like it.
  return share === 1 ? 1 : Math.floor(share * 1000) / 1000;
}
