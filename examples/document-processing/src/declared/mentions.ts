import parse from 'spdx-expression-parse';

/**
 * Licences that a short text names without quoting them: "Licensed under the Apache License, Version 2.0",
 * "MIT © Ada Lovelace", "SPDX-License-Identifier: ISC". SPDX ids in the order of a fixed list, each once.
 */
export function findMentions(text: string): readonly string[] {
  const tagged = [...text.matchAll(/SPDX-License-Identifier:\s*([^\s*/][^\r\n*]*)/g)].flatMap(
    ([, expression = '']) => idsOf(expression.trim()),
  );
  const plain = text.replace(/\s+/g, ' ');
  const named = names.flatMap(([id, pattern]) => (pattern.test(plain) ? [id] : []));
  return [...new Set([...tagged, ...gnu(plain), ...named])];
}

function idsOf(expression: string): string[] {
  try {
    return leaves(parse(expression));
  } catch {
    return [];
  }
}

function leaves(node: parse.Info): string[] {
  return 'license' in node ? [node.license] : [...leaves(node.left), ...leaves(node.right)];
}

/** GNU licences are named with their version, and with or without "or any later version". */
function gnu(text: string): string[] {
  const later = /any later version|or later|v?[123](?:\.\d)?\+/i.test(text) ? 'or-later' : 'only';
  const pattern =
    /\b(?:(A|L)?GPL|(?:GNU )?(Affero |Lesser |Library )?General Public License)[\s,(as published by the Free Software Foundation;]{0,60}?(?:either )?[-\s,(]*(?:v(?:ersion)?\.? ?)?([123](?:\.[01])?)\b/gi;
  return [...text.matchAll(pattern)].map(([, letter, word, version = '']) => {
    const kind = (letter ?? word?.charAt(0) ?? '').toUpperCase();
    return `${kind}GPL-${version.includes('.') ? version : `${version}.0`}-${later}`;
  });
}

/** Names in prose. Short ones only in capitals: "mit" is a German word, "isc" part of others. */
const names: readonly (readonly [id: string, pattern: RegExp])[] = [
  ['MIT-0', /\bMIT-0\b|\bMIT No Attribution\b/],
  ['MIT', /\bMIT\b(?!-0| No Attribution)|\bExpat licen[cs]e\b/],
  ['ISC', /\bISC\b(?! License:? \(ISC\) is)/],
  [
    'Apache-2.0',
    /\bApache(?:[- ]Software)?(?:[- ]Licen[cs]e)?,?[- ](?:v(?:ersion)?\.? ?)?2(?:\.0)?\b|\bapache\.org\/licenses\/LICENSE-2\.0|\bASL ?2\b/i,
  ],
  ['0BSD', /\b0BSD\b|\bZero[- ]Clause BSD\b|\bBSD Zero[- ]Clause\b/i],
  [
    'BSD-2-Clause',
    /\bBSD[- ]2(?:[- ]Clause)?\b|\b(?:2|two)[- ]clause BSD\b|\bsimplified BSD\b|\bFreeBSD licen[cs]e\b/i,
  ],
  [
    'BSD-3-Clause',
    /\bBSD[- ]3(?:[- ]Clause)?\b|\b(?:3|three)[- ]clause BSD\b|\b(?:new|modified|revised) BSD\b/i,
  ],
  [
    'MPL-2.0',
    /\bMPL[- ]?(?:v(?:ersion)?\.? ?)?2(?:\.0)?\b|\bMozilla Public Licen[cs]e,? (?:v(?:ersion)?\.? ?)?2(?:\.0)?\b/i,
  ],
  ['CC0-1.0', /\bCC0\b|\bpublicdomain\/zero\/1\.0/],
  ['CC-BY-4.0', /\bCC[- ]BY[- ]4\.0\b|creativecommons\.org\/licenses\/by\/4\.0/i],
  ['CC-BY-3.0', /\bCC[- ]BY[- ]3\.0\b|creativecommons\.org\/licenses\/by\/3\.0/i],
  ['Unlicense', /\bThe Unlicense\b|\bunlicense\.org\b|(?<![-\w])Unlicense\b/],
  ['WTFPL', /\bWTFPL\b/],
  ['BlueOak-1.0.0', /\bBlue ?Oak(?: Model)?(?: License)?[- ]1\.0\.0\b|\bBlue Oak Model Licen[cs]e\b/i],
  ['Zlib', /\bzlib licen[cs]e\b/i],
  ['Artistic-2.0', /\bArtistic Licen[cs]e,? (?:v(?:ersion)?\.? ?)?2(?:\.0)?\b/i],
  ['EPL-2.0', /\bEclipse Public Licen[cs]e,? (?:v(?:ersion)?\.? ?)?2(?:\.0)?\b|\bEPL[- ]2\.0\b/i],
  ['BSL-1.0', /\bBoost Software Licen[cs]e\b/i],
  ['OFL-1.1', /\bSIL Open Font Licen[cs]e\b|\bOFL[- ]1\.1\b/i],
  ['Python-2.0', /\bPython-2\.0\b/],
];
