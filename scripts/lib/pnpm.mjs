// The pnpm that package.json pins: the one on PATH if it is that one, else by npx.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { capture } from './run.mjs';

/** @typedef {[command: string, args: string[]]} Command */

/** @param {readonly string[]} args @returns {Promise<Command>} */
export function pnpmCommand(args) {
  return withPnpmOnPath(['pnpm', ...args]);
}

/**
 * @param {readonly [program: string, ...args: string[]]} command - that is pnpm, or calls it
 * @returns {Promise<Command>}
 */
export async function withPnpmOnPath([program, ...args]) {
  if (await isOnPath()) return [program, args];
  return ['npx', ['--yes', `--package=${pinned()}`, '--', program, ...args]];
}

function pinned() {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return /** @type {string} */ (packageManager).replace(/\+.*/, '');
}

async function isOnPath() {
  const { ok, output } = await capture('pnpm', ['--version']);
  return ok && `pnpm@${output.trim()}` === pinned();
}
