// The whole way from this tree to a user's program: version, publish, install, import, type-check.
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishedPackages } from '../lib/packages.mjs';
import { tool } from '../lib/paths.mjs';
import { Release } from './release/release.ts';
import { samples } from './release/samples.ts';
import { shell } from './release/shell.ts';
import { compilerNames } from './release/type-check.ts';

const minutes = 60_000;
const names = publishedPackages().map(({ manifest }) => manifest.name);
let release: Release;

beforeAll(async () => {
  release = await Release.make();
}, 10 * minutes);
afterAll(async () => {
  await release?.[Symbol.asyncDispose]();
});

describe('lerna publish', () => {
  test('publishes every package once, in the version that lerna gave it', () => {
    const published = release.published.map(({ name, version }) => `${name}@${version}`);
    expect(published.toSorted()).toEqual(names.map((name) => `${name}@1.1.0`).toSorted());
  });

  test('leaves no workspace range in what it publishes', () => {
    const ranges = release.published.flatMap((one) =>
      [one.dependencies, one.optionalDependencies, one.peerDependencies, one.devDependencies].flatMap(
        (record) => Object.entries(record ?? {}).map(([name, range]) => `${one.name}: ${name} ${range}`),
      ),
    );
    expect(ranges.filter((range) => /(workspace|catalog|link|file):/.test(range))).toEqual([]);
    expect(ranges).toContain('@certoai/loom: @certoai/loom-core ^1.1.0');
  });

  test('leaves the tree as it was', () => {
    expect(release.leftovers).toBe('');
  });
});

describe.each(names)('%s as published', (name) => {
  const published = () =>
    release.published.find((one) => one.name === name) ?? expect.fail('was not published');

  test('has a package.json that says what is there (publint)', async () => {
    const { bytes } = await release.tarball(published());
    const { messages, pkg } = await publint({ pack: { tarball: bytes }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test(
    'has types that every module resolution finds (attw)',
    async () => {
      const { file } = await release.tarball(published());
      const attw = tool('@arethetypeswrong/cli/dist/index.js');
      await shell(tool('.'), process.execPath, [
        attw,
        file,
        '--profile',
        'esm-only',
        '--no-emoji',
        '--no-color',
      ]);
    },
    minutes,
  );
});

describe.each([
  ['@certoai/loom', 'full'],
  ['@certoai/loom-core', 'core'],
] as const)('npm install %s in an empty folder', (specifier, install) => {
  test(
    'gives an ES module and, by require, the same',
    async () => {
      const consumer = await release.consumer(install);
      const imported = await consumer.import(specifier);
      expect(imported).toContain('ActorWorker');
      expect((await consumer.require(specifier)).filter((name) => imported.includes(name))).toEqual(imported);
    },
    minutes,
  );
});

describe.each(names.filter((name) => name !== '@certoai/loom-core'))('%s', (name) => {
  test(
    'is imported and required without an optional peer',
    async () => {
      const consumer = await release.consumer('full');
      const imported = await consumer.import(name);
      expect(imported.length).toBeGreaterThan(0);
      expect(await consumer.require(name)).toEqual(expect.arrayContaining([...imported]));
    },
    minutes,
  );
});

const compilations = samples.flatMap((sample) =>
  compilerNames.flatMap((compiler) =>
    (sample.resolutions[compiler] ?? []).map((resolution) => ({
      sample,
      name: sample.name,
      compiler,
      resolution,
    })),
  ),
);

describe('the samples, in strict mode and with every declaration checked', () => {
  test.concurrent.each(compilations)(
    '$name: $compiler, $resolution',
    async ({ sample, compiler, resolution }) => {
      const consumer = await release.consumer(sample.install);
      expect(await consumer.complaints(sample, compiler, resolution)).toEqual([]);
    },
    3 * minutes,
  );
});
