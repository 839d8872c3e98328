import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { registryKinds, withRegistry } from '../registry/npmrc.mjs';

const fresh = readFileSync(new URL('../../.npmrc', import.meta.url), 'utf8');
const env = {
  LOOM_REGISTRY_URL: 'https://registry.example.test',
  GITHUB_TOKEN: 'secret',
  AZURE_DEVOPS_ORG: 'acme',
  AZURE_DEVOPS_FEED: 'loom',
};

/** The settings of an .npmrc: its lines without comments. */
const settings = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('the registry in .npmrc', () => {
  test('is nobody’s in a fresh clone', () => {
    expect(settings(fresh)).toEqual(['engine-strict=true']);
  });

  test('is a private one by its address', () => {
    expect(settings(withRegistry(fresh, 'private', env))).toEqual([
      'engine-strict=true',
      'registry=https://registry.example.test',
      '@certoai:registry=https://registry.example.test',
    ]);
  });

  test('is GitHub’s without the token being written down', () => {
    const text = withRegistry(fresh, 'github', env);
    expect(settings(text)).toContain('//npm.pkg.github.com/:_authToken=${GITHUB_TOKEN}');
    expect(text).not.toContain('secret');
  });

  test('is the feed of an Azure organisation', () => {
    expect(settings(withRegistry(fresh, 'azure', env))).toContain(
      '@certoai:registry=https://pkgs.dev.azure.com/acme/_packaging/loom/npm/registry/',
    );
  });

  test.each(registryKinds)('replaces the one before, and none undoes it: %s', (kind) => {
    const active = withRegistry(withRegistry(fresh, 'private', env), kind, env);
    expect(active).toBe(withRegistry(fresh, kind, env));
    expect(withRegistry(active, 'none', {})).toBe(fresh);
  });

  test.each(registryKinds)('is refused while its variable is missing: %s', (kind) => {
    expect(() => withRegistry(fresh, kind, {})).toThrow(/^Set [A-Z_]+: the/);
  });
});
