import { assembleConfig } from './assemble-config.js';
import { codeDocument } from './layers/document-layers.js';
import type { Environment } from './layers/environment-layers.js';
import { currentFolder } from './load-config.js';
import { isLoadedConfig, type LoadedConfig } from './loaded-config.js';
import type { LoomConfig } from './schema/loom-config.js';

export interface ResolveConfigOptions {
  /** Where `env:NAME` references are looked up; nothing else of it is read. @default process.env */
  readonly env?: Environment | undefined;
  /** Folder that a relative `file:` reference starts from. @default the current folder */
  readonly cwd?: string | undefined;
  /** The profile in `config` to apply; empty text is none. @default none */
  readonly profile?: string | undefined;
}

/**
 * Checks a configuration that is written in code and fills in what it leaves out. Reads no file and no
 * `LOOM_…` variable. What `loadConfig` returned is returned as it is.
 * @throws ConfigError `LOOM_INVALID_CONFIG` with every problem, and no secret
 */
export async function resolveConfig(
  config: LoomConfig = {},
  options: ResolveConfigOptions = {},
): Promise<LoadedConfig> {
  if (isLoadedConfig(config)) return config;
  const { env = process.env, cwd = currentFolder(), profile } = options;
  return assembleConfig({
    document: codeDocument(config),
    profile: profile ? { name: profile, asked: 'options.profile' } : undefined,
    readsEnvironment: false,
    env,
    cwd,
  });
}
