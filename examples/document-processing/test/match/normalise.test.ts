import { expect, test } from 'vitest';
import { isCopyrightLine } from '../../src/match/copyright-line.ts';
import { normalise } from '../../src/match/normalise.ts';

const words = (text: string): string => normalise(text).join(' ');

test.each([
  'Copyright (c) 2019 Ada Lovelace',
  '  * Copyright © 2019-present, Ada & contributors.',
  '> Copyright 2010, 2012 by Ada',
  'copyright (C) Ada',
  '© Ada Lovelace',
  '(c) 2007-2009 Steven Levithan',
  'Copyright [yyyy] [name of copyright owner]',
  'Copyright <YEAR> <COPYRIGHT HOLDER>',
  'Copyright npm, Inc.',
  'Copyright jQuery Foundation and other contributors <https://jquery.org/>',
  'Portions Copyright (c) 2001 Ada',
])('is a copyright notice: %s', (line) => {
  expect(isCopyrightLine(line)).toBe(true);
});

test.each([
  'The above copyright notice and this permission notice shall be included in',
  'copyright notice, this list of conditions and the following disclaimer.',
  'COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER',
  'Copyright and Related Rights. A Work made available under CC0 may be',
  '(c) You must retain, in the Source form of any Derivative Works',
  'copyright in it.',
  '',
])('is no copyright notice: %s', (line) => {
  expect(isCopyrightLine(line)).toBe(false);
});

test('drops titles, notices, comment markers, bullets, numbers, tags and "all rights reserved"', () => {
  const text = `<!-- kept for lawyers -->
# The Fine License (FL)

Copyright (c) 2020 Ada. All rights reserved.

 * 1. You may <b>copy</b> it.
 // (b) You may “change” it – all rights reserved.`;
  expect(words(text)).toBe('you may copy it you may change it');
});

test('spellings that the guidelines call equal become equal', () => {
  expect(
    words(
      'The organisation shall fulfil this licence, sub-license or sub license it, whilst the copyright owner',
    ),
  ).toBe(
    words(
      'The organization shall fulfill this license, sublicense or sublicense it, while the copyright holder',
    ),
  );
});

test('keeps letters of all scripts', () => {
  expect(normalise('許諾される Lizenz für Übung')).toEqual(['許諾される', 'lizenz', 'für', 'übung']);
});

test('no text, no words', () => {
  expect(normalise('')).toEqual([]);
  expect(normalise(' \n\t*** --- ')).toEqual([]);
});

test('takes hostile text in linear time', () => {
  normalise(`neither the name of ${'a '.repeat(200_000)}`);
  normalise(`in no event shall ${'in no event shall '.repeat(20_000)}`);
  normalise(`appendix how to apply the apache license ${'x '.repeat(100_000)}`.repeat(3));
  normalise('<'.repeat(100_000));
  normalise(`${'['.repeat(50_000)}](${'('.repeat(50_000)}`);
  // What is not linear runs into the timeout of the test.
});
