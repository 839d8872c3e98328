// Runs a TypeScript file as a user's program: its imports of Loom come from what is built, not from the sources.
import { join } from 'node:path';
import { root } from './paths.mjs';
import { childEnv } from './run.mjs';

/**
 * @param {string} program - path from the root
 * @param {readonly string[]} args
 * @returns {[args: string[], env: NodeJS.ProcessEnv]} for Node
 */
export function onPublishedPackages(program, args) {
  // The root's tsconfig.json has paths to the sources, which tsx would follow; this one has none.
  const env = { ...childEnv, TSX_TSCONFIG_PATH: join(root, 'packages/tsconfig.build.json') };
  return [['--import', 'tsx', program, ...args], env];
}
