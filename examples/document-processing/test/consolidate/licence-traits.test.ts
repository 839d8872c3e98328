import { expect, test } from 'vitest';
import { categoryOf } from '../../src/consolidate/licence-traits.ts';
import { licences } from '../support/spdx.ts';

test.each([
  ['MIT', 'permissive'],
  ['0BSD', 'no conditions'],
  ['MIT OR CC0-1.0', 'no conditions'],
  ['MIT AND MPL-2.0', 'weak copyleft'],
  ['MIT OR GPL-3.0-only', 'permissive'],
  ['(MIT AND GPL-3.0-only) OR AGPL-3.0-only', 'strong copyleft'],
  ['LGPL-2.1-or-later', 'weak copyleft'],
  ['GPL-2.0-only WITH Classpath-exception-2.0', 'strong copyleft'],
  ['AGPL-3.0-or-later', 'network copyleft'],
  ['Caldera', 'other'],
  ['Custom or unknown text', 'unknown'],
  ['No licence found', 'unknown'],
  ['UNLICENSED', 'unknown'],
  ['', 'unknown'],
])('%s: %s', (licence, category) => {
  expect(categoryOf(licence)).toBe(category);
});

test('no GPL hides among the permissive ones', () => {
  const wrong = Object.keys(licences).filter(
    (id) => /^(?:A|L)?GPL|SSPL/.test(id) && ['permissive', 'no conditions'].includes(categoryOf(id)),
  );
  expect(wrong).toEqual([]);
});
