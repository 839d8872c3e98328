import { type Choices, parseExpression, textFamily } from '../declared/spdx-expression.ts';

/** What a licence asks of those who pass the software on, in a word; from least to most. */
export const categories = [
  'no conditions',
  'permissive',
  'weak copyleft',
  'strong copyleft',
  'network copyleft',
  'other',
  'unknown',
] as const;
export type Category = (typeof categories)[number];

/** In one sentence, for orientation. No legal advice. */
export const asks: Readonly<Record<Category, string>> = {
  'no conditions': 'Nothing to do.',
  permissive: 'Keep the copyright notices and the licence text with every copy.',
  'weak copyleft': 'Publish changes to its files under the same licence; keep notices and text.',
  'strong copyleft': 'What is distributed together with it comes under the same licence, with its source.',
  'network copyleft': 'As strong copyleft, and for use over a network as well.',
  other: 'Read its text.',
  unknown: 'Read its text before use.',
};

/**
 * The category of an expression: of several choices the one that asks least, of licences that hold together
 * the one that asks most.
 */
export function categoryOf(expression: string): Category {
  const choices: Choices = parseExpression(expression) ?? [];
  if (choices.length === 0) return 'unknown';
  const ranks = choices.map((all) =>
    Math.max(...all.map((id) => categories.indexOf(categoryOfId(textFamily(id))))),
  );
  return categories[Math.min(...ranks)] ?? 'unknown';
}

function categoryOfId(family: string): Category {
  return families.find(([, pattern]) => pattern.test(family))?.[0] ?? 'other';
}

const families: readonly (readonly [Category, RegExp])[] = [
  ['no conditions', /^(?:0BSD|CC0-1\.0|CC-PDDC|Unlicense|WTFPL|MIT-0|MITNFA|blessing)$/],
  ['network copyleft', /^(?:AGPL|SSPL|OSL|EUPL|RPL|CPAL|APSL)-/],
  ['weak copyleft', /^(?:LGPL|MPL|EPL|CDDL|CPL|IPL|MS-RL|APL|OFL|CC-BY-SA)-/],
  ['strong copyleft', /^(?:GPL|GFDL|Sleepycat|CC-BY-(?:NC-)?SA)/],
  [
    'permissive',
    /^(?:MIT|ISC|BSD|Apache|BlueOak|Zlib|zlib|libpng|X11|Python|PSF|AFL|Artistic-2|BSL|CC-BY-\d|NCSA|Unicode|UPL|W3C|HPND|curl|ICU|JSON|MS-PL|PostgreSQL|FTL|IJG|TCL|Ruby|PHP|OpenSSL|NTP|Fair|ECL|MulanPSL|Beerware|CNRI)/,
  ],
];
