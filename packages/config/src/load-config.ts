import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assembleConfig } from './assemble-config.js';
import { ConfigError } from './config-error.js';
import { readConfigFile } from './document/read-config-file.js';
import { codeDocument, fileDocument } from './layers/document-layers.js';
import type { Environment } from './layers/environment-layers.js';
import { findConfigFile } from './layers/find-config-file.js';
import type { LoadedConfig } from './loaded-config.js';
import type { LoomSettings } from './schema/loom-config.js';
import { isPlain } from './validation/plain-data.js';

export interface LoadConfigOptions {
  /** Where `LOOM_…`, `REDIS_URL`, `COSMOS_ENDPOINT` and `env:` references are looked up. @default process.env */
  readonly env?: Environment | undefined;
  /**
   * Folder from which a file is searched upward, and that a relative path starts from.
   * @default the current folder; when it cannot be read, no file is searched
   */
  readonly cwd?: string | undefined;
  /** The profile to apply; empty text is none. @default LOOM_PROFILE, or none */
  readonly profile?: string | undefined;
  /** Settings that win over everything else, for example from a command line. */
  readonly overrides?: LoomSettings | undefined;
}

/**
 * Reads the configuration: defaults < file < profile < environment < overrides.
 * @param path - the file to read; without it, the closest `loom.config.{ts,mts,js,mjs,yaml,yml,json}` from
 *   `cwd` upward is read, and none is fine
 * @throws ConfigError `LOOM_NOT_FOUND` when `path` does not exist
 * @throws ConfigError `LOOM_INVALID_CONFIG` when anything that was given cannot be used; it names every
 *   problem with its place, and no secret
 * @throws ConfigError `LOOM_INVALID_OPTION` when an argument cannot be used
 */
export async function loadConfig(path?: string | URL, options?: LoadConfigOptions): Promise<LoadedConfig>;
export async function loadConfig(options: LoadConfigOptions): Promise<LoadedConfig>;
export async function loadConfig(
  first?: string | URL | LoadConfigOptions,
  second?: LoadConfigOptions,
): Promise<LoadedConfig> {
  const isOptions = typeof first === 'object' && !(first instanceof URL);
  const options = (isOptions ? first : second) ?? {};
  const { env = process.env, cwd = currentFolder(), profile = env.LOOM_PROFILE, overrides } = options;
  if (isPlain(overrides) && 'profiles' in overrides) {
    throw invalidOption(
      'overrides',
      'holds profiles. Define them in the file, and choose one with "profile".',
    );
  }
  const asked = options.profile === undefined ? 'LOOM_PROFILE' : 'options.profile';
  const file = isOptions || first === undefined ? cwd && (await findConfigFile(cwd)) : absolute(first, cwd);
  return assembleConfig({
    document: file ? fileDocument(await readConfigFile(file, cwd)) : undefined,
    profile: profile ? { name: profile, asked } : undefined,
    readsEnvironment: true,
    overrides: overrides === undefined ? undefined : codeDocument(overrides).whole,
    env,
    cwd,
  });
}

/** A deleted folder, or one without permission, makes `process.cwd()` throw. */
export function currentFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

function absolute(path: string | URL, cwd: string | undefined): string {
  const file = path instanceof URL ? fileURLToPath(path) : path;
  if (isAbsolute(file)) return file;
  if (cwd !== undefined && file !== '') return resolve(cwd, file);
  throw invalidOption(
    'path',
    `is "${file}". Give a file, as an absolute path when the current folder cannot be read.`,
  );
}

function invalidOption(option: string, text: string): ConfigError {
  return new ConfigError('LOOM_INVALID_OPTION', `loadConfig: ${option} ${text}`, { option });
}
