// How large a package may be: its own JavaScript as a bundler ships it, minified, without its dependencies.
// See docs/decisions/0006-size-budgets.md.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Kilobytes (1000 bytes), minified, of what the main entry loads, now or later. Other entries, such as core's `testing`, are not counted. */
const budgetsKb = { core: 50, storage: 100, discovery: 80, observability: 120, config: 40, pipelines: 200 };

/**
 * @param {readonly import('../lib/packages.mjs').Package[]} packages
 * @returns {Promise<string[]>} one message for each package that is too large
 */
export async function overBudget(packages) {
  const messages = [];
  for (const { folder, path, manifest } of packages) {
    const budget = /** @type {Record<string, number>} */ (budgetsKb)[folder];
    if (budget === undefined) continue;
    const kilobytes = (await reachableBytes(join(path, 'dist/index.js'))) / 1000;
    if (kilobytes <= budget) continue;
    const size = kilobytes.toFixed(1);
    messages.push(
      `${manifest.name} is ${size} KB, over its budget of ${budget} KB (scripts/build/size-budgets.mjs).`,
    );
  }
  return messages;
}

/**
 * @param {string} entry
 * @returns {Promise<number>} minified bytes of the file and of every file it imports by a relative path, static or dynamic
 */
export async function reachableBytes(entry) {
  // On a fresh clone this file is loaded before anything is installed.
  const { transformSync } = await import('esbuild');
  const seen = new Set([entry]);
  for (const file of seen) {
    const imports = readFileSync(file, 'utf8').matchAll(
      /(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']+\.js)["']/g,
    );
    for (const [, specifier = ''] of imports) seen.add(resolve(dirname(file), specifier));
  }
  const minified = (/** @type {string} */ file) =>
    transformSync(readFileSync(file, 'utf8'), { minify: true }).code;
  return [...seen].reduce((sum, file) => sum + Buffer.byteLength(minified(file)), 0);
}
