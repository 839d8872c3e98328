import { expect, test } from 'vitest';
import { findMentions } from '../../src/declared/mentions.ts';

test.each([
  ['MIT © Ada Lovelace', ['MIT']],
  ['Released under the [MIT License](LICENSE).', ['MIT']],
  ['Licensed under the Apache License, Version 2.0', ['Apache-2.0']],
  ['Apache Software License 2', ['Apache-2.0']],
  ['BSD 3-Clause', ['BSD-3-Clause']],
  ['the simplified BSD license', ['BSD-2-Clause']],
  ['0BSD, that is BSD Zero Clause', ['0BSD']],
  ['ISC', ['ISC']],
  ['MPL-2.0', ['MPL-2.0']],
  ['Mozilla Public License, v. 2.0', ['MPL-2.0']],
  ['GPL v3', ['GPL-3.0-only']],
  [
    'GNU General Public License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any later version',
    ['GPL-2.0-or-later'],
  ],
  ['GNU Lesser General Public License, version 2.1', ['LGPL-2.1-only']],
  ['AGPLv3+', ['AGPL-3.0-or-later']],
  ['Dual licensed under MIT and GPL-2.0', ['GPL-2.0-only', 'MIT']],
  ['// SPDX-License-Identifier: (MIT OR Apache-2.0)', ['MIT', 'Apache-2.0']],
  ['Unlicense', ['Unlicense']],
  ['CC0 1.0', ['CC0-1.0']],
  ['WTFPL', ['WTFPL']],
  ['MIT-0', ['MIT-0']],
  ['Blue Oak Model License', ['BlueOak-1.0.0']],
  ['mit freundlichen Grüßen', []],
  ['A disc, an isc-like thing, a permit', []],
  ['See LICENSE', []],
  ['UNLICENSED', []],
  ['', []],
])('%j mentions %j', (text, expected) => {
  expect(findMentions(text).toSorted()).toEqual(expected.toSorted());
});
