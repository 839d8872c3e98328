// Every test project of the repository. vitest.config.ts imports this list; there is no other.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProjectConfiguration } from 'vitest/config';

const root = dirname(fileURLToPath(import.meta.url));
const redis = join(root, 'scripts/redis/global-setup.ts');
const integration = '*.integration.test.ts';

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}

/** Folders under `parent` that hold a package. */
function packagesIn(parent: string): string[] {
  const folder = join(root, parent);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .filter((name) => existsSync(join(folder, name, 'package.json')));
}

/** Every entry in a package's `exports`, pointed at its source, so that tests need no build. */
function sourceAliases(folder: string): { find: RegExp; replacement: string }[] {
  const manifest = JSON.parse(
    readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'),
  ) as Manifest;
  return Object.entries(manifest.exports).flatMap(([subpath, target]) => {
    if (typeof target === 'string') return [];
    const source = target.default.replace('./dist/', './src/').replace(/\.js$/, '.ts');
    const specifier = (manifest.name + subpath.slice(1)).replaceAll('.', String.raw`\.`);
    return [{ find: new RegExp(`^${specifier}$`), replacement: join(root, 'packages', folder, source) }];
  });
}

const alias = packagesIn('packages').flatMap(sourceAliases);

function project(name: string, folder: string): TestProjectConfiguration {
  return {
    extends: true,
    resolve: { alias },
    test: { name, root: join(root, folder), include: ['test/**/*.test.ts'], exclude: [`**/${integration}`] },
  };
}

/** Tests that need Redis are a project of their own, so that Redis starts only when one of them runs. */
function integrationProject(name: string, folder: string): TestProjectConfiguration {
  return {
    extends: true,
    resolve: { alias },
    test: {
      name: `${name}:integration`,
      root: join(root, folder),
      include: [`test/**/${integration}`],
      globalSetup: [redis],
    },
  };
}

/** The scripts' own tests start installs and compilers: after the others, and two at a time. */
function repository(): TestProjectConfiguration {
  return {
    extends: true,
    test: {
      name: 'repo',
      root: join(root, 'scripts'),
      include: ['test/**/*.test.ts'],
      maxConcurrency: 2,
      sequence: { groupOrder: 1 },
    },
  };
}

const projects: TestProjectConfiguration[] = [
  ...packagesIn('packages').flatMap((name) => [
    project(name, `packages/${name}`),
    integrationProject(name, `packages/${name}`),
  ]),
  ...packagesIn('examples').map((name) => project(`example:${name}`, `examples/${name}`)),
  repository(),
];

export default projects;
