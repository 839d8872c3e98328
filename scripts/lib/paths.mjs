// Where things are.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');
/** Stamps, incremental state and downloads: safe to delete, gone with node_modules. */
export const cacheFolder = join(root, 'node_modules/.cache/loom');

/** @param {string} path - a tool's program, as a path below node_modules */
export function tool(path) {
  return join(root, 'node_modules', path);
}
