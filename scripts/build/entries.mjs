// What a package is entered by, read from its package.json: `./dist/x/index.js` is built from `src/x/index.ts`.
import { join } from 'node:path';

/**
 * @param {import('../lib/packages.mjs').Package} built
 * @returns {Record<string, string>} source by output name without `.js`
 */
export function entriesOf({ path, manifest }) {
  const names = outputsOf(manifest)
    .map((file) => /^\.\/dist\/(.+)\.js$/.exec(file)?.[1])
    .filter((name) => name !== undefined);
  return Object.fromEntries(names.map((name) => [name, join(path, 'src', `${name}.ts`)]));
}

/**
 * @param {import('../lib/packages.mjs').Manifest} manifest
 * @returns {string[]} every file its `exports` and `bin` name
 */
export function outputsOf({ exports = {}, bin = {} }) {
  const targets = Object.values(exports).map((target) =>
    typeof target === 'string' ? target : target.default,
  );
  return [...new Set([...targets, ...(typeof bin === 'string' ? [bin] : Object.values(bin))])];
}
