import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findPackages } from '../../src/find/find-packages.ts';
import { findWorkspace } from '../../src/find/find-workspace.ts';
import { folderWith, manifest } from '../support/folders.ts';

const ids = async (folder: string): Promise<string[]> =>
  (await findPackages(folder)).packages.map(({ id }) => id);

test('finds packages of npm: plain, scoped, nested', async () => {
  const folder = folderWith({
    'package.json': manifest('root'),
    'node_modules/a/package.json': manifest('a'),
    'node_modules/a/node_modules/b/package.json': manifest('b'),
    'node_modules/@scope/c/package.json': manifest('@scope/c'),
    'node_modules/.bin/tool': '',
    'node_modules/.package-lock.json': '{}',
    'node_modules/left-over/readme.md': 'no package.json',
    'src/node_modules/d/package.json': manifest('d'),
    '.hidden/node_modules/e/package.json': manifest('e'),
  });
  expect(await ids(folder)).toEqual([
    'node_modules/@scope/c',
    'node_modules/a',
    'node_modules/a/node_modules/b',
    'src/node_modules/d',
  ]);
});

test('finds packages of pnpm once, however many links lead to them', async () => {
  const folder = folderWith({
    'node_modules/.pnpm/a@1.0.0/node_modules/a/package.json': manifest('a'),
    'node_modules/.pnpm/b@1.0.0/node_modules/b/package.json': manifest('b'),
    'node_modules/.pnpm/@s+c@2.0.0/node_modules/@s/c/package.json': manifest('@s/c'),
    'packages/own/package.json': manifest('own'),
  });
  const store = join(folder, 'node_modules/.pnpm');
  symlinkSync(join(store, 'a@1.0.0/node_modules/a'), join(folder, 'node_modules/a'));
  symlinkSync(join(store, 'a@1.0.0/node_modules/a'), join(store, 'b@1.0.0/node_modules/a'));
  symlinkSync(join(store, 'b@1.0.0/node_modules/b'), join(store, 'a@1.0.0/node_modules/b'));
  mkdirSync(join(folder, 'packages/own/node_modules'));
  symlinkSync(join(store, 'b@1.0.0/node_modules/b'), join(folder, 'packages/own/node_modules/b'));
  symlinkSync(join(folder, 'packages/own'), join(folder, 'node_modules/own'));
  expect(await ids(folder)).toEqual([
    'node_modules/.pnpm/@s+c@2.0.0/node_modules/@s/c',
    'node_modules/.pnpm/a@1.0.0/node_modules/a',
    'node_modules/.pnpm/b@1.0.0/node_modules/b',
  ]);
});

test('a package linked from elsewhere is installed as well', async () => {
  const elsewhere = folderWith({ 'package.json': manifest('linked') });
  const folder = folderWith({ 'node_modules/a/package.json': manifest('a') });
  symlinkSync(elsewhere, join(folder, 'node_modules/linked'));
  expect(await ids(folder)).toHaveLength(2);
});

test('links that lead nowhere or in a circle are reported, and end nothing', async () => {
  const folder = folderWith({ 'node_modules/a/package.json': manifest('a') });
  symlinkSync(join(folder, 'gone'), join(folder, 'node_modules/gone'));
  symlinkSync(join(folder, 'node_modules/circle'), join(folder, 'node_modules/circle'));
  symlinkSync(folder, join(folder, 'node_modules/a/up'));
  const { packages, problems } = await findPackages(folder);
  expect(packages).toHaveLength(1);
  expect(problems).toEqual([
    { path: 'node_modules/circle', reason: 'ELOOP' },
    { path: 'node_modules/gone', reason: 'ENOENT' },
  ]);
});

test('an audited folder may be a node_modules itself', async () => {
  const folder = folderWith({
    'node_modules/a/package.json': manifest('a'),
    'node_modules/@s/b/package.json': manifest('b'),
  });
  expect(await ids(join(folder, 'node_modules'))).toEqual(['@s/b', 'a']);
});

test('nothing installed, nothing found', async () => {
  expect(await findPackages(folderWith())).toEqual({ packages: [], problems: [] });
});

test('says which files speak about licences', async () => {
  const folder = folderWith({
    'node_modules/a/package.json': manifest('a'),
    'node_modules/a/README.md': '',
    'node_modules/a/LICENSE': '',
    'node_modules/a/index.js': '',
    'node_modules/a/LICENSES/MIT.txt': '',
    'node_modules/a/LICENSES/list.json': '',
    'node_modules/a/lib/LICENSE': '',
  });
  const { packages } = await findPackages(folder);
  expect(packages[0]?.documents).toEqual([
    { kind: 'licence', file: 'LICENSE' },
    { kind: 'licence', file: 'LICENSES/MIT.txt' },
    { kind: 'readme', file: 'README.md' },
  ]);
});

test('a workspace is found from any folder in it', () => {
  const folder = folderWith({
    'pnpm-workspace.yaml': 'packages: []',
    'packages/a/package.json': manifest('a'),
    'packages/a/src/x.ts': '',
  });
  expect(findWorkspace(join(folder, 'packages/a/src'))).toBe(folder);
  const npm = folderWith({
    'package.json': manifest('root', undefined, { workspaces: ['x'] }),
    'x/package.json': manifest('x'),
  });
  expect(findWorkspace(join(npm, 'x'))).toBe(npm);
  const single = folderWith({ 'package.json': manifest('single'), 'src/x.ts': '' });
  expect(findWorkspace(join(single, 'src'))).toBe(single);
});
