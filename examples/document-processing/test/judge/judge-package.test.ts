import { expect, test } from 'vitest';
import { auditWithoutLoom } from '../support/drive.ts';
import { folderWith, manifest } from '../support/folders.ts';
import { licenceText, shipped } from '../support/spdx.ts';

type Files = Readonly<Record<string, string>>;

async function judge(license: unknown, files: Files) {
  const inside = Object.fromEntries(
    Object.entries(files).map(([file, text]) => [`node_modules/a/${file}`, text]),
  );
  const folder = folderWith({ 'node_modules/a/package.json': manifest('a', license), ...inside });
  const { packages } = await auditWithoutLoom(folder);
  const [row] = packages;
  if (!row) throw new Error('Nothing was judged.');
  return row;
}

test.each([
  ['MIT', 'MIT', 'agrees', 'MIT'],
  ['ISC', 'MIT', 'differs', 'MIT'],
  ['MIT', 'ISC', 'differs', 'ISC'],
  ['BSD-2-Clause', 'BSD-3-Clause', 'differs', 'BSD-3-Clause'],
  ['0BSD', 'ISC', 'differs', 'ISC'],
  ['GPL-2.0-or-later', 'GPL-2.0-only', 'agrees', 'GPL-2.0-or-later'],
  ['GPL-3.0-only', 'AGPL-3.0-only', 'differs', 'AGPL-3.0-only'],
  ['LGPL-3.0-or-later', 'LGPL-3.0-only', 'agrees', 'LGPL-3.0-or-later'],
  [
    'GPL-2.0-only WITH Classpath-exception-2.0',
    'GPL-2.0-only',
    'agrees',
    'GPL-2.0-only WITH Classpath-exception-2.0',
  ],
  ['(MIT OR CC0-1.0)', 'MIT', 'agrees', 'CC0-1.0 OR MIT'],
  ['MIT AND Zlib', 'MIT', 'less-in-text', 'MIT AND Zlib'],
  [undefined, 'MIT', 'not-declared', 'MIT'],
  ['UNLICENSED', 'MIT', 'differs', 'MIT'],
  ['SEE LICENSE IN LICENSE', 'MIT', 'agrees', 'MIT'],
  ['whatever', 'MIT', 'not-declared', 'MIT'],
])('field %s with the text of %s: %s', async (field, id, verdict, licence) => {
  expect(await judge(field, { LICENSE: shipped(id) })).toMatchObject({ verdict, licence, evidence: 'text' });
});

test('two texts in two files are a choice', async () => {
  const files = { 'LICENSE-MIT': shipped('MIT'), 'LICENSE-APACHE': licenceText('Apache-2.0') };
  expect(await judge('MIT OR Apache-2.0', files)).toMatchObject({
    verdict: 'agrees',
    licence: 'Apache-2.0 OR MIT',
  });
  expect(await judge('MIT', files)).toMatchObject({ verdict: 'more-in-text', licence: 'Apache-2.0 OR MIT' });
});

test('two texts in one file hold together, unless the file says one may choose', async () => {
  const both = `${shipped('ISC')}\n\n---\n\n${shipped('MIT')}`;
  expect(await judge('ISC', { LICENSE: both })).toMatchObject({
    verdict: 'more-in-text',
    licence: 'ISC AND MIT',
  });
  expect(
    await judge('ISC', { LICENSE: `You may use this under either of these licenses.\n\n---\n\n${both}` }),
  ).toMatchObject({ licence: 'ISC OR MIT' });
});

test('a licence that holds another inside is one licence', async () => {
  expect(await judge('LGPL-3.0-only', { COPYING: licenceText('LGPL-3.0-only') })).toMatchObject({
    verdict: 'agrees',
  });
  expect(await judge('Python-2.0', { LICENSE: licenceText('Python-2.0') })).toMatchObject({
    verdict: 'agrees',
    licence: 'Python-2.0',
  });
});

test('licences of bundled code are not the own', async () => {
  const text = `${shipped('MIT')}\n\n# Licenses of bundled dependencies\n\n## x\n\n${shipped('ISC')}\n\n---\n\n${shipped('BSD-3-Clause')}`;
  expect(await judge('MIT', { LICENSE: text })).toMatchObject({
    verdict: 'agrees',
    licence: 'MIT',
    bundles: ['BSD-3-Clause', 'ISC'],
  });
  expect(
    await judge('MIT', { LICENSE: shipped('MIT'), 'ThirdPartyNotices.txt': shipped('ISC') }),
  ).toMatchObject({ verdict: 'agrees', bundles: ['ISC'] });
});

test('a text of its own is custom, with the nearest licence in a note', async () => {
  const own =
    'You may use this program on Tuesdays. On other days you must ask us, and sing a song for us when we say so. Our lawyers will listen.';
  expect(await judge('MIT', { LICENSE: own })).toMatchObject({
    verdict: 'custom',
    licence: 'Custom or unknown text',
    notes: [expect.stringMatching(/^LICENSE is none of the known licences; n/)],
  });
});

test('a licence with changed terms is custom', async () => {
  const text = shipped('MIT').replace('free of charge,', 'free of charge and for noncommercial purposes,');
  expect(await judge('MIT', { LICENSE: text })).toMatchObject({
    verdict: 'custom',
    texts: [{ id: 'MIT', kind: 'changed' }],
    notes: [expect.stringContaining('reads like MIT, with changed terms')],
  });
});

test('a file that only names the licence is a reference', async () => {
  expect(
    await judge('Apache-2.0', {
      LICENSE: 'Copyright 2014 Ada\n\nLicensed under the Apache License, Version 2.0',
    }),
  ).toMatchObject({
    verdict: 'agrees',
    evidence: 'reference',
  });
});

test.each([
  ['MIT', '## License\n\nMIT © Ada', 'no-text', 'MIT', 'readme'],
  ['MIT', '## License\n\nISC', 'differs', 'ISC', 'readme'],
  [undefined, '## License\n\nMIT', 'not-declared', 'MIT', 'readme'],
  ['MIT', `## License\n\n${shipped('MIT')}`, 'agrees', 'MIT', 'readme'],
  ['MIT', '# A\n\nHello', 'no-text', 'MIT', 'field'],
  [undefined, '# A\n\nHello', 'nothing', 'No licence found', 'none'],
  ['UNLICENSED', '# A', 'no-text', 'UNLICENSED', 'field'],
])('field %s, no licence file, readme %j: %s', async (field, readme, verdict, licence, evidence) => {
  expect(await judge(field, { 'README.md': readme })).toMatchObject({ verdict, licence, evidence });
});

test('a readme that names another licence is noted', async () => {
  const row = await judge('MIT', { LICENSE: shipped('MIT'), 'README.md': '## License\n\nISC' });
  expect(row).toMatchObject({ verdict: 'agrees', notes: ['The readme names ISC.'] });
});

test.each([
  ['Apache 2', 'Apache-2.0', 'The field says "Apache 2", which is no SPDX expression; read as Apache-2.0.'],
  [[{ type: 'MIT' }], 'MIT', 'The field has the old form [{"type":"MIT"}]; read as MIT.'],
  ['Kopimi-ish', 'MIT', 'The field says "Kopimi-ish", which names no known licence.'],
])('a field like %j is noted', async (field, id, note) => {
  expect((await judge(field, { LICENSE: shipped(id) })).notes).toContain(note);
});

test('holders of the package are told from holders of what it bundles', async () => {
  const text = `${shipped('MIT', 'Copyright (c) 2010 Ada\nCopyright (c) 2012-2014 Ada.')}\n\n# Bundled dependencies\n\n## x\n\n${shipped('ISC', 'Copyright 2001 Eve')}`;
  expect((await judge('MIT', { LICENSE: text })).copyright).toEqual(['Ada, 2010, 2012–2014']);
});

test('an empty licence file is as good as none', async () => {
  expect(await judge('MIT', { LICENSE: '' })).toMatchObject({ verdict: 'no-text', licence: 'MIT' });
  expect(await judge('MIT', { LICENSE: '\n  \n' })).toMatchObject({ verdict: 'no-text' });
});
