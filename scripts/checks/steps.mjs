// What the code must pass before its tests run: each a name, and the work.
import { root, tool } from '../lib/paths.mjs';
import { capture } from '../lib/run.mjs';
import { checkBoundaries } from './boundaries.mjs';

/** @param {string} program @param {string[]} args */
const node = (program, ...args) => capture(process.execPath, [tool(program), ...args]);

/** @typedef {{ readonly name: string, readonly work: () => Promise<{ readonly ok: boolean, readonly output: string }> }} Check */

/** @type {Check} */
export const format = {
  name: 'checking format',
  work: async () => {
    const { ok, output } = await node('oxfmt/bin/oxfmt', '--check', '.');
    return { ok, output: `${output}Run "npm run format" to write it so.` };
  },
};

/** @type {Check} */
export const types = {
  name: 'checking types',
  work: () => node('typescript7/bin/tsc', '-p', 'tsconfig.json', '--pretty', 'false'),
};

/** @type {Check} */
export const lint = {
  name: 'linting',
  work: () =>
    node(
      'oxlint/bin/oxlint',
      '--type-aware',
      '--tsconfig',
      'tsconfig.json',
      '--deny-warnings',
      '--format',
      'unix',
      '.',
    ),
};

/** @type {Check} */
export const boundaries = {
  name: 'checking imports',
  work: async () => {
    const violations = await checkBoundaries(root);
    return { ok: violations.length === 0, output: violations.join('\n') };
  },
};

/** @type {Check} */
export const dependencies = {
  name: 'checking dependencies',
  work: () =>
    node('knip/bin/knip.js', '--config', 'scripts/checks/knip.jsonc', '--no-progress', '--no-config-hints'),
};
