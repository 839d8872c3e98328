/**
 * Is this one line a copyright notice, such as `Copyright (c) 2019 Ada Lovelace`, and not prose that
 * mentions copyright ("the above copyright notice…")? Shared by the matcher, which drops such lines
 * (SPDX matching guidelines, "Copyright notice"), and by the extraction of holders, which reads them.
 */
export function isCopyrightLine(line: string): boolean {
  const text = line.replace(decoration, '').trim();
  if (text.length > 400) return false;
  return withSymbol.test(text) || withYear.test(text) || (withName.test(text) && !prose.test(text));
}

/** Comment markers, quotes, list markers and emphasis in front of the text of a line. */
export const decoration = /^[\s>*#/!|;"'`_~\-–•+]+/;

const lead = String.raw`(?:(?:all |some )?(?:portions?|parts?|modifications?|original|based on)\s+(?:of\s+this\s+\w+\s+)?(?:are\s+|is\s+)?)?`;
const placeholder = String.raw`[<[{]\s*(?:year|yyyy|name|copyright|owner|holder|dates?|insert|fullname|author)`;
const mark = String.raw`(?:\(c\)|©|&copy;)`;

/** `(c) 2020 …`, `© Ada`. A bare `(c) You must…` is the third item of a list. */
const withSymbol = new RegExp(
  String.raw`^${lead}(?:${mark}\s*(?:copyright\b\s*)?(?:by\s+)?(?:\d{4}|${placeholder}|@)|(?:©|&copy;)\s*\S)`,
  'i',
);
/** `Copyright 2020 …`, `Copyright (c) …`, `Copyright [yyyy] …`. */
const withYear = new RegExp(
  String.raw`^${lead}copyrights?\s*[:,]?\s*(?:by\s+)?(?:${mark}|\(?\d{4}|${placeholder}|year\b|years?:)`,
  'i',
);
/** `Copyright Ada Lovelace`, `Copyright npm, Inc.`. Case matters: "copyright holder" and "COPYRIGHT HOLDERS" are none. */
const withName =
  /^(?:Portions |Parts )?(?:Copyrights?|COPYRIGHT)\s*(?:by|of|:|-)?\s*(?:the\s+)?(?:[\p{Lu}@[<]|\p{Ll}+\p{Lu}|\p{Ll}+,? (?:Inc\b|LLC\b|GmbH\b|contributors\b))/u;
const prose =
  /^(?:portions |parts )?copyrights?\s*:?\s*(?:the\s+)?(?:notices?|holders?|owners?|laws?|licen[cs]es?|licensors?|statements?|and related|and similar|act|interest|information|status|rights?\b(?! reserved)|grant|protection|ownership|treaty|in|is|are|as|or|terms|file|policy|assignment)\b/i;
