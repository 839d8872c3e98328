import { expect, test } from 'vitest';
import { documentKind } from '../../src/find/document-kind.ts';

test.each([
  ['LICENSE', 'licence'],
  ['licence.md', 'licence'],
  ['LICENSE-MIT', 'licence'],
  ['LICENSE.APACHE2', 'licence'],
  ['LICENSE.MIT.txt', 'licence'],
  ['MIT-LICENSE.txt', 'licence'],
  ['jquery.license.md', 'licence'],
  ['COPYING', 'licence'],
  ['COPYING.LESSER', 'licence'],
  ['UNLICENSE', 'licence'],
  ['Licenses', 'licence'],
  ['ThirdPartyNoticeText.txt', 'third-party'],
  ['THIRD-PARTY-LICENSE', 'third-party'],
  ['3rd_party_licenses.md', 'third-party'],
  ['NOTICE', 'notice'],
  ['NOTICE.txt', 'notice'],
  ['CopyrightNotice.txt', 'notice'],
  ['README', 'readme'],
  ['readme.markdown', 'readme'],
  ['README.rst', 'readme'],
  ['README.de.md', undefined],
  ['license.js', undefined],
  ['license.d.ts', undefined],
  ['licenses.json', undefined],
  ['LICENSE.png', undefined],
  ['license-checker', 'licence'],
  ['licensee.txt', undefined],
  ['package.json', undefined],
  ['noticeable.md', undefined],
])('%s is %s', (file, kind) => {
  expect(documentKind(file)).toBe(kind);
});
