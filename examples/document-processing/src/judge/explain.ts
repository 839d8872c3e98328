import { join } from 'node:path';
import type { Difference } from '../match/differences.ts';
import type { LicenceIndex } from '../match/licence-index.ts';
import { departures } from '../match/classify-text.ts';
import { linesOf } from '../read/split-sections.ts';
import { readText } from '../read/read-text.ts';
import type { JudgedText } from './judge-package.ts';

/** What a person needs to see of a text that is not what one expects. */
export interface Explanation {
  readonly packageId: string;
  readonly file: string;
  readonly from: number;
  readonly to: number;
  /** SPDX id it was compared with; `null` for none. */
  readonly comparedWith: string | null;
  /** The first departures, each shortened; empty for none, `null` when the two have little in common. */
  readonly differences: readonly Difference[] | null;
  /** How the text begins. */
  readonly excerpt: string;
}

const limits = { differences: 8, words: 30, excerpt: 400 } as const;

export async function explain(
  { packageId, path, text }: { readonly packageId: string; readonly path: string; readonly text: JudgedText },
  index: LicenceIndex,
): Promise<Explanation> {
  const { file, from, to, id } = text;
  const words = linesOf(await readText(join(path, file)), { from, to });
  const found = id === null || text.similarity < 0.5 ? undefined : departures(words, id, index);
  return {
    packageId,
    file,
    from,
    to,
    comparedWith: found ? id : null,
    differences:
      found
        ?.slice(0, limits.differences)
        .map(({ missing, added }) => ({ missing: shorten(missing), added: shorten(added) })) ?? null,
    excerpt: words.replace(/\s+/g, ' ').trim().slice(0, limits.excerpt),
  };
}

function shorten(text: string): string {
  const words = text.split(' ');
  return words.length <= limits.words
    ? text
    : `${words.slice(0, limits.words).join(' ')} … (${words.length - limits.words} more words)`;
}
