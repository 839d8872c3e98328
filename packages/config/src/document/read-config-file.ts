import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { ConfigError, invalidConfig } from '../config-error.js';
import { place } from '../layers/origin.js';
import { importConfigModule } from './import-config-module.js';
import type { LineOf } from './key-lines.js';
import { parseDocument } from './parse-document.js';

/** What a configuration file holds, unchecked. */
export interface ConfigFile {
  readonly file: string;
  readonly values: unknown;
  readonly lineOf: LineOf;
}

const documents: readonly string[] = ['.yaml', '.yml', '.json'];
const modules: readonly string[] = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];

/**
 * @param file - an absolute path
 * @throws ConfigError `LOOM_NOT_FOUND` when there is no such file
 * @throws ConfigError `LOOM_INVALID_CONFIG` when it cannot be read
 */
export async function readConfigFile(file: string, cwd: string | undefined): Promise<ConfigFile> {
  const shown = place(file, undefined, cwd);
  const unreadable = (text: string, options?: ErrorOptions): ConfigError =>
    invalidConfig({ kind: 'unreadable-file', message: `${shown} ${text}` }, options);
  const failed = (cause: NodeJS.ErrnoException): never => {
    if (cause.code !== 'ENOENT') throw unreadable(`could not be read (${cause.code}).`, { cause });
    const message = `${shown} does not exist. Correct the path, or leave it out to search upward from the current folder.`;
    throw new ConfigError('LOOM_NOT_FOUND', message, { file }, { cause });
  };

  const stats = await stat(file).catch(failed);
  if (!stats.isFile()) throw unreadable('is not a file. Name the configuration file itself.');
  const extension = extname(file);
  if (modules.includes(extension)) {
    return { file, values: await importConfigModule(file, stats.mtimeMs, cwd), lineOf: () => undefined };
  }
  if (!documents.includes(extension)) {
    throw unreadable(`is of no known kind. Give ${[...modules, ...documents].join(', ')}.`);
  }
  const text = await readFile(file, 'utf8').catch(failed);
  return { file, ...(await parseDocument(file, text, cwd)) };
}
