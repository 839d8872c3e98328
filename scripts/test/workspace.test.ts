import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import typescript from 'typescript';
import { describe, expect, test } from 'vitest';
import { entriesOf } from '../build/entries.mjs';
import { allPackages, publishedPackages } from '../lib/packages.mjs';
import { root } from '../lib/paths.mjs';

const config = typescript.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8'));
const options = typescript.parseJsonConfigFileContent(config.config, typescript.sys, root).options;

describe.each(publishedPackages())('$manifest.name', ({ folder, path, manifest }) => {
  test('says what a user reads before installing it', () => {
    expect(manifest).toMatchObject({
      license: 'MIT',
      type: 'module',
      sideEffects: false,
      engines: { node: '>=20.19.0' },
      repository: { directory: `packages/${folder}` },
    });
    expect(manifest.publishConfig).toEqual({ access: 'public' });
  });

  test('is resolved to its sources by the editor and the type check, every entry', () => {
    for (const [name, source] of Object.entries(entriesOf({ folder, path, manifest }))) {
      if (name.startsWith('cli/')) continue;
      const specifier = `${manifest.name}/${name}`.replace(/\/index$/, '');
      const file = join(root, 'scripts/test/workspace.test.ts');
      const { resolvedModule } = typescript.resolveModuleName(specifier, file, options, typescript.sys);
      expect(existsSync(source) && resolvedModule?.resolvedFileName, specifier).toBe(source);
    }
  });
});

test('what only our tests use is private, and no published package ships it', () => {
  const published = publishedPackages();
  const own = allPackages().filter(({ folder }) => !published.some((one) => one.folder === folder));
  expect(own.map(({ folder }) => folder)).toEqual(['cosmos-test-server']);
  for (const { manifest } of own) {
    expect(manifest).toMatchObject({ private: true });
    for (const one of published) {
      const shipped = { ...one.manifest.dependencies, ...one.manifest.peerDependencies };
      expect(shipped, one.manifest.name).not.toHaveProperty([manifest.name]);
    }
  }
});
