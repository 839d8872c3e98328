import { isCopyrightLine } from './copyright-line.ts';

/**
 * A licence text as the words that matter, by the SPDX matching guidelines
 * (https://spdx.github.io/spdx-spec/v2.3/license-matching-guidelines-and-templates/): case, white space,
 * punctuation, bullets, comment markers, copyright notices, titles, "how to apply" appendices, spelling
 * variants and the replaceable names do not count. What is left is equal for equal licences.
 */
export function normalise(text: string): readonly string[] {
  const body = dropTitle(withoutNotices(text)).join('\n');
  const plain = dropAppendix(spell(unwrap(body.toLowerCase())));
  return replaceNames(plain).match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Lines without comment markers, bullets and numbers; copyright notices and "all rights reserved" left out. */
function withoutNotices(text: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .replace(shortComment, ' ')
    .replace(htmlTag, ' ')
    .split(/\r\n|\n|\r|\f/)
    .filter((line) => !isCopyrightLine(line))
    .map((line) => line.replace(marker, '').replace(bullet, '').replace(rightsReserved, ' '));
}

/** "This file is generated", say. A whole licence in a comment is longer. */
const shortComment = /<!--(?:(?!-->)[^]){0,200}-->/g;
const htmlTag =
  /<\/?(?:p|br|div|span|b|i|em|strong|pre|code|a|h[1-6]|ul|ol|li|td|tr|table|center|html|body|head)\b[^<>]*>/gi;
const marker = /^\s*(?:\/\*+!?|\*+\/|\/\/+|<!--|-->|[>#*;|%]+|dnl\b|rem\b)+\s?/i;
const bullet = /^\s*(?:[-*•+–]|\(?(?:\d{1,2}(?:\.\d{1,2})*|[a-z]|[ivx]{1,4})[.)])\s+/i;
const rightsReserved = /\ball rights reserved\b\.?/gi;

/** The first lines as long as they only name a licence: the guidelines ignore titles. */
function dropTitle(lines: readonly string[]): readonly string[] {
  const start = lines.findIndex((line) => {
    const words = line.match(/[\p{L}\p{N}]+/gu) ?? [];
    return words.length > 0 && !(words.length <= 10 && titleWord.test(line) && !sentence.test(line));
  });
  return start > 0 ? lines.slice(start) : lines;
}

const titleWord = /\b(?:licen[cs]es?|unlicense|copyright|no attribution)\b/i;
const sentence = /\b(?:is|are|this|hereby|under|may|must|shall|you)\b/i;

/** Quotes, dashes, symbols and links in one way of writing. */
function unwrap(text: string): string {
  return text
    .replace(/&(?:quot|#34|apos|#39);/g, ' ')
    .replace(/&amp;/g, 'and')
    .replace(/&[lg]t;/g, ' ')
    .replace(/(\p{L})['’‘`](\p{L})/gu, '$1$2')
    .replace(/\]\([^()\s]*\)/g, ' ')
    .replace(/\(c\)|©|&copy;/g, ' copyright ')
    .replace(/https?:\/\//g, ' ')
    .replace(/\s+/g, ' ');
}

/** The guidelines' list of words that are one word in two spellings (https://spdx.org/licenses/equivalentwords.txt). */
function spell(text: string): string {
  return text.replace(variants, (word) => spelling.get(word.replace(/[\s-]+/g, ' ')) ?? word);
}

const spelling: ReadonlyMap<string, string> = new Map([
  ['acknowledgement', 'acknowledgment'],
  ['acknowledgements', 'acknowledgments'],
  ['analogue', 'analog'],
  ['analyse', 'analyze'],
  ['artefact', 'artifact'],
  ['authorisation', 'authorization'],
  ['authorised', 'authorized'],
  ['calibre', 'caliber'],
  ['cancelled', 'canceled'],
  ['capitalisations', 'capitalizations'],
  ['catalogue', 'catalog'],
  ['categorise', 'categorize'],
  ['centre', 'center'],
  ['copyright owner', 'copyright holder'],
  ['copyright owners', 'copyright holders'],
  ['emphasised', 'emphasized'],
  ['favour', 'favor'],
  ['favourite', 'favorite'],
  ['fulfil', 'fulfill'],
  ['fulfilment', 'fulfillment'],
  ['initialise', 'initialize'],
  ['judgement', 'judgment'],
  ['labelling', 'labeling'],
  ['labour', 'labor'],
  ['licence', 'license'],
  ['licences', 'licenses'],
  ['licenced', 'licensed'],
  ['maximise', 'maximize'],
  ['modelled', 'modeled'],
  ['modelling', 'modeling'],
  ['non commercial', 'noncommercial'],
  ['non infringement', 'noninfringement'],
  ['offence', 'offense'],
  ['optimise', 'optimize'],
  ['organisation', 'organization'],
  ['organise', 'organize'],
  ['per cent', 'percent'],
  ['practise', 'practice'],
  ['programme', 'program'],
  ['realise', 'realize'],
  ['recognise', 'recognize'],
  ['signalling', 'signaling'],
  ['sub license', 'sublicense'],
  ['sub licence', 'sublicense'],
  ['utilisation', 'utilization'],
  ['whilst', 'while'],
  ['wilfull', 'willful'],
]);
const variants = new RegExp(
  String.raw`\b(?:${[...spelling.keys()]
    .map((word) => word.replace(' ', String.raw`[\s-]+`))
    .toReversed()
    .join('|')})\b`,
  'g',
);

/** "How to apply this licence" is advice to authors, not a term of the licence. */
function dropAppendix(text: string): string {
  return text
    .replace(/appendix:? how to apply the apache license.{200,1500}?limitations under the license\.?/g, ' ')
    .replace(
      /(?:appendix:? )?how to apply these terms to your new (?:programs|libraries).{200,}?(?:thats all there is to it!?|why-not-lgpl\.html>?\.?|public license instead of this license\.?|gnu\.org\/licenses\/>?\.)(?= |$)/g,
      ' ',
    )
    .replace(/end of terms and conditions/g, ' ');
}

/**
 * Names that a licence lets its user fill in. Each pattern keeps the words around the name, so that
 * "IN NO EVENT SHALL Jane Roe BE LIABLE" equals "IN NO EVENT SHALL THE AUTHOR BE LIABLE".
 */
function replaceNames(text: string): string {
  const singular = text.replaceAll('disclaim all warrant', 'disclaims all warrant');
  return replaceable.reduce((changed, pattern) => changed.replace(pattern, '$1 someone $2'), singular);
}

const replaceable: readonly RegExp[] = [
  /(in no event (?:shall|will)) (?:[^.;]{1,160}?) (be liable)/g,
  /(?<=as is\W{0,5} and )()(?:[^.;]{1,120}?) (disclaims? all warrant)/g,
  /(this (?:software|library|program) is provided (?:by|with)) (?:[^.;]{1,160}?) (\W{0,3}as is)/g,
  /(neither the names? of) (?:[^.;]{1,160}?) (nor the names? of)/g,
  /(neither the names? of) (?:(?:(?!nor the name)[^.;]){1,160}?) (may be used to endorse)/g,
  /(nor the names? of) (?:[^.;]{1,80}?) (contributors may|may)/g,
  /(?<!neither )(the names? of) (?:(?:(?!nor the name)[^.;]){1,120}?) ((?:may|must|shall) not be used)/g,
];
