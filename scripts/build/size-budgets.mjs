// How large a package may be: its own JavaScript as a bundler ships it, minified, without its dependencies.
// See docs/decisions/0006-size-budgets.md.
import { join } from 'node:path';

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
    const kilobytes = (await shippedBytes(join(path, 'dist/index.js'))) / 1000;
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
 * @returns {Promise<number>} minified bytes of what a bundler ships for `entry`, what it imports later included
 */
export async function shippedBytes(entry) {
  // On a fresh clone this file is loaded before anything is installed.
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [entry],
    outdir: 'out',
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    // The root's maps our own packages to their sources.
    tsconfigRaw: '{}',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles.reduce((sum, { contents }) => sum + contents.byteLength, 0);
}
