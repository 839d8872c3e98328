import { expect, test } from 'vitest';
import { classifyText } from '../../src/match/classify-text.ts';
import { matchLicence } from '../../src/match/match-licence.ts';
import { spdxIndex } from '../../src/match/spdx-index.ts';
import { licences, licenceText, shipped } from '../support/spdx.ts';

const index = spdxIndex();

test('every text of the SPDX list is recognised as itself, word for word', () => {
  const wrong = Object.entries(licences).filter(([id, { licenseText }]) => {
    const { kind, id: found, sameText } = matchLicence(licenseText, index);
    return kind !== 'exact' || ![found, ...sameText].includes(id);
  });
  expect(wrong.map(([id]) => id)).toEqual([]);
});

const alike = [
  'MIT',
  'MIT-0',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'X11',
  'Unlicense',
  'Zlib',
  'BlueOak-1.0.0',
];
const long = [
  'Apache-2.0',
  'MPL-2.0',
  'GPL-2.0-only',
  'GPL-3.0-only',
  'LGPL-2.1-only',
  'LGPL-3.0-only',
  'AGPL-3.0-only',
  'CC0-1.0',
  'EPL-2.0',
];

test.each([...alike, ...long])(
  '%s is told from its relatives under a comment, line breaks, capitals and a notice',
  (id) => {
    const lines = shipped(id).replaceAll('"', '“').split('\n');
    const dressed = `/*!\r\n${lines.map((line) => ` * ${line.toUpperCase()}`).join('\r\n')}\r\n */`;
    const match = matchLicence(dressed, index);
    expect([match.id, ...match.sameText]).toContain(id);
    expect(match.similarity).toBeGreaterThan(0.97);
  },
);

test.each(['MIT', 'ISC', 'BSD-3-Clause', '0BSD'])(
  '%s with the name of its author in the places for names is exact',
  (id) => {
    const text = shipped(id)
      .replace(/ISC DISCLAIMS|THE AUTHOR DISCLAIMS/, 'JOHN DOE, JANE ROE AND ACME, INC DISCLAIM')
      .replace(
        /SHALL (?:ISC|THE AUTHOR|THE AUTHORS OR COPYRIGHT HOLDERS|THE COPYRIGHT HOLDER OR CONTRIBUTORS) BE/,
        'SHALL ACME, INC BE',
      )
      .replace('name of the copyright holder nor', 'name of Acme, Inc nor');
    expect(matchLicence(text, index)).toMatchObject({ kind: 'exact', id });
  },
);

test('British spelling, web addresses and a year make no difference', () => {
  const text = licenceText('BlueOak-1.0.0')
    .replaceAll('License', 'Licence')
    .replaceAll('license', 'licence')
    .replace('https:', 'http:');
  expect(
    matchLicence(
      `# Licence\n\n© 2020–present Ada\n\n${text.replaceAll('org/licence', 'org/license')}`,
      index,
    ),
  ).toMatchObject({ kind: 'exact', id: 'BlueOak-1.0.0' });
});

test('a preface of the same length leaves the licence recognised, as extended', () => {
  const preface = licenceText('CC-BY-4.0').split('\n').slice(20, 40).join('\n');
  expect(matchLicence(`${preface}\n\n${shipped('MIT')}`, index)).toMatchObject({
    kind: 'extended',
    id: 'MIT',
  });
});

test.each([
  ['an empty text', '', null],
  ['two words', 'hello world', null],
  [
    'prose',
    'We love open source and you may do as you like, as long as you send us a postcard from your town.',
    expect.anything(),
  ],
])('%s is unknown', (_what, text, id) => {
  expect(matchLicence(text, index)).toMatchObject({ kind: 'unknown', id });
});

test('an unknown licence comes with the nearest one and how near it is', () => {
  const half = licenceText('MIT').split('\n').slice(4, 9).join('\n');
  const match = matchLicence(
    `${half}\n${'Nothing else is granted here, and the moon is made of cheese. '.repeat(5)}`,
    index,
  );
  expect(match.kind).toBe('unknown');
  expect(match.similarity).toBeGreaterThan(0.3);
  expect(match.similarity).toBeLessThan(0.9);
});

test.each([
  ['free of charge,', 'free of charge and for noncommercial purposes,', /noncommercial/],
  [
    'The above copyright notice',
    'The Software may not be used for military purposes. The above copyright notice',
    /military/,
  ],
  [
    'The above copyright notice',
    '“Commons Clause”: the license does not grant to you the right to Sell the Software. The above copyright notice',
    /commons clause|not grant/,
  ],
])('MIT with changed terms is caught: %s → %s', (from, to, expected) => {
  const classified = classifyText(shipped('MIT').replace(from, to), index);
  expect(classified.id).toBe('MIT');
  expect(classified.restriction).toMatch(expected);
});

test('a dozen ordinary words more are no restriction', () => {
  const text = `${shipped('MIT')}\nThis library is a fork of better-json by Kat, extended and distributed under the same terms.`;
  expect(classifyText(text, index)).toMatchObject({ kind: 'close', id: 'MIT', restriction: null });
});

test('a notice that only points to its licence is a mention, not an unknown licence', () => {
  const header = `Copyright 2014 Ada\n\nLicensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.`;
  expect(classifyText(header, index)).toMatchObject({ kind: 'unknown', mentions: ['Apache-2.0'] });
});

test('shares are never rounded up to 1', () => {
  const match = matchLicence(`${licenceText('GPL-3.0-only')}\none more word`, index);
  expect(match.kind).toBe('close');
  expect(match.similarity).toBeLessThan(1);
});
