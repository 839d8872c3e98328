import { findMentions } from '../declared/mentions.ts';
import { type Difference, differences } from './differences.ts';
import type { LicenceIndex } from './licence-index.ts';
import { type LicenceMatch, matchLicence } from './match-licence.ts';
import { normalise } from './normalise.ts';

/** What a piece of text says about licences. */
export interface Classification extends LicenceMatch {
  /** Licences it names, where it quotes none. */
  readonly mentions: readonly string[];
  /** For a licence with changed terms: the words that change them. */
  readonly restriction: string | null;
}

/** Most words a text has that only points to a licence; longer unknown texts are licences of their own. */
const maxMentionWords = 400;

export function classifyText(text: string, index: LicenceIndex): Classification {
  const match = matchLicence(text, index);
  if (match.kind === 'unknown') {
    const mentions = match.words <= maxMentionWords ? findMentions(text) : [];
    return { ...match, mentions, restriction: null };
  }
  return {
    ...match,
    mentions: [],
    restriction: match.kind === 'exact' ? null : restrictionIn(text, match, index),
  };
}

/** Where a text departs from the licence nearest to it. `undefined`: it is too far from it to say. */
export function departures(text: string, id: string, index: LicenceIndex): readonly Difference[] | undefined {
  const known = index.texts.find(({ ids }) => ids.includes(id));
  return known && differences(normalise(text), known.words);
}

/**
 * "…free of charge, for noncommercial use only": one added phrase makes another licence of it, however
 * similar the rest. Looked for in what the text adds to the licence.
 */
function restrictionIn(text: string, { id }: LicenceMatch, index: LicenceIndex): string | null {
  const added = (departures(text, id ?? '', index) ?? []).map((difference) => difference.added);
  for (const words of added) {
    const found = restrictive.exec(words);
    if (found) return excerpt(words, found.index);
  }
  return null;
}

const restrictive =
  /\b(?:non ?commercial|commercial (?:use|purposes?)|(?:does|do|may|must|shall) not (?:grant|permit|allow|include the right|sell|be used for|host|provide)|not permitted|prohibited|forbidden|military|weapons?|evil|only for|(?:personal|internal|educational|evaluation|research|academic) (?:use|purposes?)|(?:royalt|licen[cs]e fee)\w*|compet(?:e|ing|itive)|as a (?:managed |hosted )?service|commons clause|right to sell)\b/;

function excerpt(words: string, at: number): string {
  const before = words.slice(0, at).split(' ').slice(-8).join(' ');
  const from = words.slice(at).split(' ').slice(0, 12).join(' ');
  return `${before}${from}`.trim();
}
