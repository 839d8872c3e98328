import { decoration, isCopyrightLine } from '../match/copyright-line.ts';

/** A run of lines of a document that reads as one licence, with the words that lead into it. */
export interface Section {
  /** First line, from 1. */
  readonly from: number;
  /** Last line, inclusive. */
  readonly to: number;
  /** What stands above it: a heading, a title or a package name. */
  readonly heading: string;
  /** By its heading or lead-in the licence of code that came from elsewhere, not of the package itself. */
  readonly bundled: boolean;
}

/**
 * Cuts a licence file where another licence begins. Files hold one text, two to choose from, or one for
 * the package and fifty for what it bundles; most hold one, and then the result is one section.
 */
export function splitSections(text: string): readonly Section[] {
  const lines = text.split(/\r\n|\n|\r/);
  const paragraphs = paragraphsOf(lines);
  const starts = sectionStarts(paragraphs);
  let sticky = false;
  return starts.map((start, position) => {
    const next = starts[position + 1]?.first ?? paragraphs.length;
    const before = position === 0 ? [] : paragraphs.slice(starts[position - 1]?.opener, start.first);
    const leadIn = paragraphs.slice(start.first, start.opener);
    sticky ||= [...before, ...leadIn].some(({ text }) => text.length < 600 && bundledHeading.test(text));
    const bundled =
      sticky || (position > 0 && leadIn.some((paragraph) => bundledLeadIn.test(paragraph.text)));
    return {
      from: (paragraphs[start.first]?.from ?? 0) + 1,
      to: (paragraphs[next - 1]?.to ?? lines.length - 1) + 1,
      heading: headingOf(leadIn, lines),
      bundled: position === 0 ? sticky : bundled,
    };
  });
}

/** The text of lines `from` to `to`, as a {@link Section} counts them. */
export function linesOf(text: string, { from, to }: Pick<Section, 'from' | 'to'>): string {
  return text
    .split(/\r\n|\n|\r/)
    .slice(from - 1, to)
    .join('\n');
}

interface Paragraph {
  /** Lines, from 0, inclusive. */
  readonly from: number;
  readonly to: number;
  /** In one line, without comment markers. */
  readonly text: string;
  /** `rule`: a line of dashes or the like. `heading`: begins with a Markdown heading. */
  readonly kind: 'rule' | 'heading' | 'prose';
}

function paragraphsOf(lines: readonly string[]): Paragraph[] {
  const found: Paragraph[] = [];
  let open: { from: number; kind: 'heading' | 'prose'; texts: string[] } | undefined;
  const close = (to: number): void => {
    if (open) found.push({ from: open.from, to, text: open.texts.join(' '), kind: open.kind });
    open = undefined;
  };
  lines.forEach((line, number) => {
    const text = line.replace(decoration, '').trim();
    if (text === '') {
      // Dashes right below a line of text make it a heading; on their own they divide.
      const rule = ruled.test(line) && open === undefined;
      if (!ruled.test(line)) close(number - 1);
      if (rule) found.push({ from: number, to: number, text: '', kind: 'rule' });
      return;
    }
    // A licence often follows its heading or its copyright notice without a blank line.
    if (open && startsLicence(text)) close(number - 1);
    open ??= { from: number, kind: /^\s{0,3}#{1,6}\s/.test(line) ? 'heading' : 'prose', texts: [] };
    open.texts.push(text);
  });
  close(lines.length - 1);
  return found;
}

const ruled = /[-=*_~#]{4,}|^\s*(?:---|\*\*\*|___)\s*$/;

interface Start {
  /** The paragraph where the section begins, its lead-in included. */
  readonly first: number;
  /** The paragraph where the licence itself begins. */
  readonly opener: number;
}

function sectionStarts(paragraphs: readonly Paragraph[]): readonly Start[] {
  const starts: Start[] = [];
  let current: Opener | undefined;
  paragraphs.forEach((paragraph, position) => {
    const opener = openers.find(({ pattern }) => pattern.test(paragraph.text.slice(0, 400)));
    if (!opener) return;
    if (
      current &&
      (opener.once === true ? current.name === opener.name : opener.inside?.includes(current.name))
    )
      return;
    current = opener;
    const floor = starts.at(-1)?.opener ?? -1;
    starts.push({
      first: starts.length === 0 ? 0 : leadInOf(paragraphs, position, floor + 1),
      opener: position,
    });
  });
  return starts.length > 0 ? starts : paragraphs.length > 0 ? [{ first: 0, opener: 0 }] : [];
}

/** Walks up from a licence over what belongs to it: notices, titles, names. Stops at a rule and at prose. */
function leadInOf(paragraphs: readonly Paragraph[], opener: number, floor: number): number {
  let first = opener;
  while (first > floor && opener - first < 6) {
    const above = paragraphs[first - 1];
    if (!above || above.kind === 'rule' || !isLeadIn(above.text)) break;
    first -= 1;
    if (above.kind === 'heading') break;
  }
  return first;
}

function isLeadIn(text: string): boolean {
  const words = text.split(' ').length;
  if (isCopyrightLine(text)) return words < 120;
  return words <= 45 && !/\b(?:liab|warrant|damages|merchantab|provided that|as is)/i.test(text);
}

function headingOf(leadIn: readonly Paragraph[], lines: readonly string[]): string {
  for (const { from, to } of leadIn) {
    const heading = lines.slice(from, to + 1).find((line) => {
      const text = line.replace(decoration, '').trim();
      return text !== '' && text.length <= 100 && !isCopyrightLine(line);
    });
    if (heading !== undefined)
      return heading
        .replace(decoration, '')
        .replace(/[\s*_:#=-]+$/, '')
        .trim();
  }
  return '';
}

const bundledHeading =
  /(?:bundled|third[- ]party|3rd[- ]party|vendored)\s+(?:dependenc|licen[cs]e|notice|component|software|code|librar|material|package)|licen[cs]es? (?:of|for) (?:the )?(?:bundled|included|third|other|dependenc)/i;
const bundledLeadIn =
  /\b(?:based on|derived from|bundle[sd]?|third[- ]party|includes? (?:code|software|parts)|contains? (?:code|software|parts)|portions?|parts? of|incorporat\w+|borrowed|adapted from|originat\w+ from|ported? (?:from|of)|port of|fork of|taken from|copied from|inspired by)\b|: ?https?:\/\//i;

interface Opener {
  readonly name: string;
  readonly pattern: RegExp;
  /** The phrase also stands further down in the same licence. */
  readonly once?: boolean;
  /** It is no beginning inside these. */
  readonly inside?: readonly string[];
}

/** How licences begin. Titles are not here: many files have none, and some have two. */
const openers: readonly Opener[] = [
  { name: 'mit', pattern: /^\W*permission is hereby granted, free of charge,? to any person/i },
  { name: 'isc', pattern: /^\W*permission to use, copy, modify/i },
  {
    name: 'bsd',
    pattern: /^\W*(?:\w+ )?redistributions? and use (?:of this software )?in source (?:and|or) binary forms/i,
  },
  { name: 'zlib', pattern: /^\W*this software is provided 'as-is', without any express/i },
  { name: 'granted', pattern: /^\W*permission is (?:hereby )?granted/i, inside: ['zlib', 'afl'] },
  { name: 'apache', pattern: /^\W*apache license,? version 2\.0,? january/i, once: true },
  {
    name: 'apache-header',
    pattern: /^\W*licensed under the apache license,? version 2/i,
    inside: ['apache'],
  },
  { name: 'gnu', pattern: /^\W*gnu (?:lesser |library |affero )?general public license,? version \d/i },
  { name: 'mozilla', pattern: /^\W*mozilla public license,? version/i, once: true },
  { name: 'unlicense', pattern: /^\W*this is free and unencumbered software/i },
  {
    name: 'cc',
    pattern:
      /^\W*(?:creative commons )?(?:cc0 1\.0 universal|attribution(?:-\w+)* [34]\.0 (?:international|unported))/i,
    once: true,
  },
  { name: 'wtfpl', pattern: /^\W*do what the f\S+ you want to public license/i, once: true },
  { name: 'blueoak', pattern: /^\W*blue oak model license/i, once: true },
  { name: 'afl', pattern: /^\W*this academic free license/i, once: true },
  { name: 'epl', pattern: /^\W*eclipse public license/i, once: true },
  {
    name: 'psf',
    pattern: /^\W*(?:python software foundation|psf) license (?:agreement|version)/i,
    once: true,
  },
  { name: 'boost', pattern: /^\W*boost software license - version/i, once: true },
  { name: 'ofl', pattern: /^\W*sil open font license version/i, once: true },
  { name: 'artistic', pattern: /^\W*the "?artistic license"?/i, once: true },
  { name: 'unicode', pattern: /^\W*unicode,? inc\.? license agreement/i, once: true },
  { name: 'w3c', pattern: /^\W*w3c (?:software|document)\b.*licen[cs]e/i, once: true },
];

function startsLicence(line: string): boolean {
  return openers.some(({ name, pattern }) => isSentence.has(name) && pattern.test(line));
}
/** Openers that are the first words of a paragraph of the licence; the others are titles of several lines. */
const isSentence: ReadonlySet<string> = new Set([
  'mit',
  'isc',
  'bsd',
  'zlib',
  'granted',
  'apache-header',
  'unlicense',
]);
