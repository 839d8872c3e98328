import { normalise } from './normalise.ts';
import { shingles } from './shingles.ts';

/** Every known licence text, ready to be compared with. */
export interface LicenceIndex {
  readonly texts: readonly KnownText[];
  /** For each shingle the positions in `texts` of those that have it: one look-up instead of 700 comparisons. */
  readonly postings: ReadonlyMap<number, readonly number[]>;
}

/** One text. Several SPDX ids may stand for it: `GPL-2.0-only` and `GPL-2.0-or-later` share every word. */
export interface KnownText {
  /** The preferred id first. */
  readonly ids: readonly [string, ...string[]];
  /** Number of different shingles. */
  readonly size: number;
  readonly words: readonly string[];
}

/**
 * @param licences - SPDX ids with their full texts
 * @param isDeprecated - such ids come after those that may still be used
 */
export function buildLicenceIndex(
  licences: Readonly<Record<string, { readonly licenseText: string }>>,
  isDeprecated: (id: string) => boolean,
): LicenceIndex {
  const byWords = new Map<
    string,
    { readonly words: readonly string[]; readonly ids: [string, ...string[]] }
  >();
  for (const id of Object.keys(licences).toSorted((a, b) => preference(a, b, isDeprecated))) {
    const words = normalise(licences[id]?.licenseText ?? '');
    if (words.length === 0) continue;
    const key = words.join(' ');
    const same = byWords.get(key);
    if (same) same.ids.push(id);
    else byWords.set(key, { words, ids: [id] });
  }

  const postings = new Map<number, number[]>();
  const texts = [...byWords.values()].map(({ words, ids }, position) => {
    const runs = new Set(shingles(words));
    for (const run of runs) {
      const list = postings.get(run);
      if (list) list.push(position);
      else postings.set(run, [position]);
    }
    return { ids, words, size: runs.size };
  });
  return { texts, postings };
}

/** Usable before deprecated, short before long: of ids for one text, the plain one names it. */
function preference(a: string, b: string, isDeprecated: (id: string) => boolean): number {
  return Number(isDeprecated(a)) - Number(isDeprecated(b)) || a.length - b.length || (a < b ? -1 : 1);
}
