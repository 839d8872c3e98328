import { expect, test } from 'vitest';
import { declaredLicence, licenceFileNamed } from '../../src/declared/declared-licence.ts';
import { formatChoices, parseExpression, textFamily } from '../../src/declared/spdx-expression.ts';

test.each([
  [{ license: 'MIT' }, 'valid', 'MIT'],
  [{ license: ' MIT ' }, 'valid', 'MIT'],
  [{ license: '(MIT OR Apache-2.0)' }, 'valid', 'Apache-2.0 OR MIT'],
  [
    { license: 'MIT AND BSD-3-Clause OR GPL-2.0-only WITH Classpath-exception-2.0' },
    'valid',
    '(BSD-3-Clause AND MIT) OR GPL-2.0-only WITH Classpath-exception-2.0',
  ],
  [{ license: 'LGPL-2.1+' }, 'valid', 'LGPL-2.1+'],
  [{ license: 'Apache 2' }, 'corrected', 'Apache-2.0'],
  [{ license: 'BSD' }, 'corrected', 'BSD-2-Clause'],
  [{ license: { type: 'MIT', url: 'https://x.org' } }, 'legacy', 'MIT'],
  [{ licenses: [{ type: 'MIT' }, { type: 'Apache-2.0' }] }, 'legacy', 'Apache-2.0 OR MIT'],
  [{ licenses: ['MIT', 'WTFPL'] }, 'legacy', 'MIT OR WTFPL'],
  [{ license: 'SEE LICENSE IN legal.txt' }, 'see-file', ''],
  [{ license: 'UNLICENSED' }, 'unlicensed', ''],
  [{ license: 'The licence of the heart' }, 'unclear', ''],
  [{ license: 42 }, 'unclear', ''],
  [{ license: [] }, 'unclear', ''],
  [{ license: {} }, 'unclear', ''],
  [{ licenses: [{ url: 'x' }, { type: 'MIT' }] }, 'unclear', ''],
  [{ license: '' }, 'missing', ''],
  [{ license: null }, 'missing', ''],
  [{}, 'missing', ''],
])('%j is %s', (manifest, kind, expression) => {
  expect(declaredLicence(manifest)).toMatchObject({ kind, expression });
});

test('a field of a megabyte is shortened', () => {
  expect(declaredLicence({ license: 'x '.repeat(500_000) }).raw).toHaveLength(200);
});

test.each([
  ['SEE LICENSE IN LICENSE.md', 'LICENSE.md'],
  ['see licence in the ./docs/legal notice.txt', 'docs/legal notice.txt'],
  ['SEE LICENSE IN <https://x.org>', undefined],
  ['MIT', undefined],
  [7, undefined],
])('%j names the file %s', (license, file) => {
  expect(licenceFileNamed({ license })).toBe(file);
});

test('choices are spelled out and sorted', () => {
  expect(parseExpression('(MIT OR ISC) AND Zlib')).toEqual([
    ['MIT', 'Zlib'],
    ['ISC', 'Zlib'],
  ]);
  expect(
    formatChoices([
      ['MIT', 'Zlib'],
      ['ISC', 'Zlib'],
      ['Zlib', 'ISC'],
    ]),
  ).toBe('(ISC AND Zlib) OR (MIT AND Zlib)');
  expect(parseExpression('no such thing')).toBeUndefined();
  expect(formatChoices([])).toBe('');
});

test('ids whose texts are the same are one family', () => {
  expect(
    new Set(
      ['GPL-2.0-only', 'GPL-2.0-or-later', 'GPL-2.0+', 'GPL-2.0', 'GPL-2.0-only WITH GCC-exception-2.0'].map(
        textFamily,
      ),
    ),
  ).toEqual(new Set(['GPL-2.0']));
});
