import { decoration, isCopyrightLine } from '../match/copyright-line.ts';

/** Who claims a copyright, and since when. */
export interface CopyrightNotice {
  /** A name without addresses, links and "and contributors". */
  readonly holder: string;
  readonly years: readonly YearRange[];
}

/** Inclusive; `to` is `null` for "to this day". One year has `from === to`. */
export interface YearRange {
  readonly from: number;
  readonly to: number | null;
}

/** Every copyright notice in a text, in order. Placeholders, and the notice of a licence about itself, are left out. */
export function extractCopyright(text: string): readonly CopyrightNotice[] {
  const lines = text.split(/\r\n|\n|\r/).map((line) =>
    line
      .replace(decoration, '')
      .replace(/\*+\/\s*$/, '')
      .trim(),
  );
  return lines.flatMap((line, number) => {
    if (!mentions.test(line) || isAboutTheLicence(lines, number)) return [];
    return statementsOf(line, lines[number + 1] ?? '').flatMap(parseStatement);
  });
}

/** The GPL, the WTFPL and others carry the copyright of their own wording, which says nothing about the package. */
function isAboutTheLicence(lines: readonly string[], number: number): boolean {
  const around = lines.slice(number, number + 5).join(' ');
  return /^.{0,200}(?:everyone is permitted to copy and distribute|permission is (?:hereby )?granted to copy and distribute this licen[cs]e)/i.test(
    around,
  );
}

const mentions = /copyright|©|\(c\)|&copy;/i;

/** The parts of a line after "Copyright", one for each time it says so; goes on into the next line where it must. */
function statementsOf(line: string, next: string): string[] {
  const parts = isCopyrightLine(line) ? line.split(marker) : embedded(line);
  const found = joinYears(parts.map((part) => part.trim()).filter((part) => part !== ''));
  const last = found.at(-1);
  const nameMissing =
    last !== undefined && (/(?:,|\band|&|\bby)$/i.test(last) || stripYears(last).names === '');
  const goesOn = nameMissing && next !== '' && !mentions.test(next) && next.split(' ').length <= 12;
  return goesOn ? [...found.slice(0, -1), `${last} ${next}`] : found;
}

/** `Copyright 2017 (c) npm, Inc.` was cut at the sign; the years belong to what follows. */
function joinYears(parts: readonly string[]): string[] {
  const joined: string[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last !== undefined && stripYears(last).names === '') joined[joined.length - 1] = `${last} ${part}`;
    else joined.push(part);
  }
  return joined;
}

/** "Based on Underscore.js, copyright 2009 Jeremy Ashkenas": the notice begins inside the line. */
function embedded(line: string): string[] {
  const found = /\b(?:[Cc]opyrights?|COPYRIGHT)\b:?\s*(?:(?:\([cC]\)|©)\s*)?((?:\d{4}|\p{Lu}).*)$/u.exec(
    line,
  )?.[1];
  if (
    found === undefined ||
    prose.test(found) ||
    line.length > 250 ||
    /this licen[cs]e is copyright/i.test(line)
  )
    return [];
  return isCopyrightLine(`Copyright ${found}`) ? found.split(marker) : [];
}

const marker =
  /(?:\b(?:portions|modifications|modified work|original work|original code)\s*)?(?:\bcopyrights?\b\s*:?\s*(?:(?:\(c\)|©|&copy;)\s*)*|(?:\(c\)|©|&copy;)\s*(?:copyright\b)?\s*)+/i;
const prose = /^(?:HOLDERS?|OWNERS?|NOTICES?|Holders?|Owners?|Notices?|License|Licence|Law|Act)\b/;

function parseStatement(statement: string): CopyrightNotice[] {
  const plain = statement
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
    .replace(/(\d{4})\s+(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?(?=\s*[-–])/i, '$1')
    .replace(/\ball rights? reserved\b.*$/i, '')
    .replace(/\b(?:licensed under|released under|distributed under)\b.*$/i, '')
    .replace(/[\s.,]*\(?\b(?:the )?[\w-]+ licen[cs]ed?\)?\s*$/i, '')
    .replace(/\[([^\][]+)\]\([^()]*\)/g, '$1')
    .replace(/<+[^<>]*(?:@|:\/\/|\.\w{2,})[^<>]*>+/g, ' ')
    .replace(/\([^()]*(?:@|:\/\/|www\.|\.(?:com|org|net|io|dev|me|de|fr|nl|co)\b)[^()]*\)/gi, ' ')
    .replace(/\bhttps?:\/\/\S+|\b[\w.+-]+@[\w-]+\.[\w.]+/g, ' ');

  const notices: CopyrightNotice[] = [];
  let rest = plain;
  // "2015 Ada Lovelace, 2021 Charles Babbage": years belong to the names behind them.
  while (rest.trim() !== '') {
    const { years, names, after } = stripYears(rest);
    for (const holder of holdersOf(names)) notices.push({ holder, years });
    if (after.length >= rest.length) break;
    rest = after;
  }
  return notices;
}

const year = String.raw`(?:19[6-9]\d|20\d\d)`;
const range = String.raw`${year}(?:\s*(?:-|–|—|‒|−|\bto\b|\/)\s*(?:${year}|\d{2}\b|present|now|today|current|date)|\s*(?:\+|-(?=[\s,])))?`;
const yearList = new RegExp(String.raw`(?<![\w.])${range}(?:\s*(?:,|&|and)?\s*${range})*(?![\w])`, 'i');

/** Years and the names they belong to: those behind the years, or in front when the text ends with years. */
function stripYears(text: string): {
  readonly years: readonly YearRange[];
  readonly names: string;
  readonly after: string;
} {
  const found = yearList.exec(text);
  if (!found) return { years: [], names: clean(text), after: '' };
  const before = clean(text.slice(0, found.index));
  const behind = text.slice(found.index + found[0].length);
  const next = yearList.exec(behind);
  if (hasName(before) && !hasName(behind)) return { years: parseYears(found[0]), names: before, after: '' };
  const names = clean(next ? behind.slice(0, next.index) : behind);
  if (next && !hasName(behind.slice(next.index).replace(yearList, ''))) {
    return { years: mergeYears([...parseYears(found[0]), ...parseYears(next[0])]), names, after: '' };
  }
  return { years: parseYears(found[0]), names, after: next ? behind.slice(next.index) : '' };
}

function hasName(text: string): boolean {
  return /\p{L}/u.test(text);
}

function parseYears(list: string): readonly YearRange[] {
  const found = [...list.matchAll(new RegExp(range, 'gi'))].map(([text]) => {
    const from = Number(text.slice(0, 4));
    const end = text.slice(4).replace(/^\s*(?:to|[-–—‒−/+])\s*/i, '');
    if (text.length === 4) return { from, to: from };
    if (/^\d{4}$/.test(end)) return { from, to: Number(end) };
    if (/^\d{2}$/.test(end)) return { from, to: Math.floor(from / 100) * 100 + Number(end) };
    return { from, to: null };
  });
  return mergeYears(found);
}

/** Sorted, and joined where they touch or overlap. */
export function mergeYears(ranges: readonly YearRange[]): readonly YearRange[] {
  const merged: { from: number; to: number | null }[] = [];
  for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    const end = last?.to === null ? Infinity : (last?.to ?? -Infinity);
    if (!last || from > end + 1) merged.push({ from, to: to !== null && to < from ? from : to });
    else last.to = to === null || end === Infinity ? null : Math.max(end, to);
  }
  return merged;
}

/** `2011–2014, 2018–present`; empty for none. */
export function formatYears(ranges: readonly YearRange[]): string {
  return ranges.map(({ from, to }) => (to === from ? `${from}` : `${from}–${to ?? 'present'}`)).join(', ');
}

function clean(text: string): string {
  return text
    .replace(/^[\s,;:.\-–—'"`*_>)\]]*(?:by|to|of)?\b[\s,;:\-–—'"`*_]*(?:by\s)?/i, '')
    .replace(/[\s,;:\-–—'"`*_<([{]+$/, '')
    .replace(/\s+/g, ' ')
    .trim();
}

function holdersOf(names: string): string[] {
  // "Carl Xiong & Parsha Pourkhomami" are two, "Investigative Reporters & Editors" are one.
  const parts = names
    .replace(
      /[\s,]*(?:\band|&|,)\s+(?:(?:the|all|its|individual|various|additional)\s+)*(?:(?:contributors|others|collaborators|authors|affiliates|\[others\])(?!\w)|other\b).*$/i,
      '',
    )
    .replace(/,?\s*\bet al\b\.?.*$/i, '')
    .split(
      /\s*;\s*|\s+[-–]\s+|,\s+(?!(?:inc|llc|l\.l\.c|ltd|gmbh|corp|co|s\.?a|b\.?v|plc|pty|oy|ab|ag|jr|sr|limited|incorporated|an?|the)\b)(?:and\s+)?|\s+and\s+(?=\p{Lu})|\s+&\s+(?=\p{Lu}\S*\s)/iu,
    );
  return parts.map((part) => trimName(part)).filter((name) => isName(name));
}

function trimName(name: string): string {
  const plain = clean(name)
    .replace(/\s*\((?:the )?["“]?(?:original )?(?:authors?|licensors?)["”]?\)?\s*$/i, '')
    .replace(/^(?:and|the|by)\s+(?=\p{Lu})/iu, '');
  // "Inc." keeps its full stop, "Jon Schlinkert." does not.
  return /\b(?:inc|ltd|corp|co|jr|sr|llc|bv|b\.v|s\.a|\p{Lu})\.$/iu.test(plain)
    ? plain
    : plain.replace(/[.\s]+$/, '');
}

function isName(name: string): boolean {
  if (name.length < 2 || name.length > 90 || name.split(' ').length > 10) return false;
  if (
    /^[<[{(]|[<{]|\b(?:yyyy|year|fullname|name of (?:author|copyright)|copyright (?:holders?|owners?)|your name|company name|owner|holders?)\b/i.test(
      name,
    )
  ) {
    return false;
  }
  return (
    /\p{L}/u.test(name) &&
    !/\b(?:software|hereby|permission|notice|provided|following|must|shall|retain|license below)\b/i.test(
      name,
    )
  );
}
