import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { renderHtml } from '../src/report/html.ts';
import { renderMarkdown } from '../src/report/markdown.ts';
import { auditWithoutLoom } from './support/drive.ts';
import { folderWith, manifest } from './support/folders.ts';
import { shipped } from './support/spdx.ts';

const workspace = fileURLToPath(new URL('../../..', import.meta.url));

test('audits what is really installed in this workspace', { timeout: 120_000 }, async () => {
  const report = await auditWithoutLoom(workspace);
  const licenceOf = (name: string): string | undefined =>
    report.packages.find((row) => row.name === name)?.licence;
  expect(report.summary.packages).toBeGreaterThan(100);
  expect(report.failures).toEqual([]);
  expect(report.summary.agreeing / report.summary.packages).toBeGreaterThan(0.9);
  expect(licenceOf('typescript')).toBe('Apache-2.0');
  expect(licenceOf('vitest')).toBe('MIT');
  expect(licenceOf('knip')).toBe('ISC');
  expect(licenceOf('spdx-license-list')).toBe('CC0-1.0');
  expect(licenceOf('spdx-correct')).toBe('Apache-2.0');
  expect(report.packages.find((row) => row.name === 'vitest')?.bundles).toContain('ISC');
  expect(report.packages.every(({ name }) => !name.startsWith('@certoai/'))).toBe(true);
  expect(report.groups.reduce((sum, { packages }) => sum + packages, 0)).toBe(report.summary.packages);
  expect(renderMarkdown(report).length).toBeGreaterThan(10_000);
  expect(renderHtml(report)).toContain('spdx-license-list');
});

test('what cannot be read is reported, and the rest is audited', async () => {
  const folder = folderWith({
    'node_modules/good/package.json': manifest('good', 'MIT'),
    'node_modules/good/LICENSE': shipped('MIT'),
    'node_modules/broken/package.json': '{ "name": "broken", ',
    'node_modules/broken/LICENSE': shipped('ISC'),
    'node_modules/listed/package.json': '[1, 2]',
    'node_modules/picture/package.json': manifest('picture', 'MIT'),
    'node_modules/picture/LICENSE': new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13]),
    'node_modules/dangling/package.json': manifest('dangling', 'ISC'),
  });
  symlinkSync(join(folder, 'gone'), join(folder, 'node_modules/dangling/LICENSE'));
  mkdirSync(join(folder, 'node_modules/picture/COPYING'));
  const report = await auditWithoutLoom(folder);
  expect(report.failures).toEqual([
    { where: 'node_modules/broken/package.json', reason: expect.stringMatching(/^It is not JSON\./) },
    { where: 'node_modules/dangling/LICENSE', reason: 'It is not there; a link may lead nowhere.' },
    { where: 'node_modules/listed/package.json', reason: 'It is JSON, but not an object.' },
    { where: 'node_modules/picture/LICENSE', reason: 'Not a text file: byte 4 of 8 is 0.' },
  ]);
  expect(report.packages.map(({ name, licence, verdict }) => [name, licence, verdict])).toEqual([
    ['broken', 'ISC', 'not-declared'],
    ['dangling', 'ISC', 'no-text'],
    ['good', 'MIT', 'agrees'],
    ['picture', 'MIT', 'no-text'],
  ]);
});

test('the field cannot lead out of its package', async () => {
  const folder = folderWith({
    'secret.txt':
      'a secret of many words that would otherwise be quoted in the report as a custom licence text',
    'node_modules/a/package.json': manifest('a', 'SEE LICENSE IN ../../secret.txt'),
  });
  const report = await auditWithoutLoom(folder);
  expect(JSON.stringify(report)).not.toContain('many words');
});

test('the licence that the field names is read, whatever its file is called', async () => {
  const folder = folderWith({
    'node_modules/a/package.json': manifest('a', 'SEE LICENSE IN legal/terms.txt'),
    'node_modules/a/legal/terms.txt': shipped('BSD-3-Clause'),
  });
  const { packages } = await auditWithoutLoom(folder);
  expect(packages[0]).toMatchObject({ licence: 'BSD-3-Clause', verdict: 'agrees' });
});
