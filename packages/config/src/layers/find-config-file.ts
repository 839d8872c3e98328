import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { invalidConfig } from '../config-error.js';

/** What a configuration file may be called. */
export const configFileNames: readonly string[] = ['ts', 'mts', 'js', 'mjs', 'yaml', 'yml', 'json'].map(
  (extension) => `loom.config.${extension}`,
);

/**
 * The configuration file of the closest folder that has one, from `cwd` upward. A folder that cannot be read
 * counts as one without.
 * @throws ConfigError `LOOM_INVALID_CONFIG` when that folder has two: which one is meant is not guessed.
 */
export async function findConfigFile(cwd: string): Promise<string | undefined> {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const candidates = configFileNames.map((name) => join(folder, name));
    const exists = await Promise.all(candidates.map(isFile));
    const [found, another] = candidates.filter((_, index) => exists[index]);
    if (found !== undefined && another !== undefined) {
      const message = `${found} and ${another} are both there. Keep one, or name the one to read: loadConfig(path).`;
      throw invalidConfig({ kind: 'ambiguous-file', message });
    }
    if (found !== undefined || dirname(folder) === folder) return found;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
