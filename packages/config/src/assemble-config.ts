import { invalidConfig } from './config-error.js';
import { type ConfigDocument, unknownProfile } from './layers/document-layers.js';
import { type Environment, environmentLayers, misspeltVariables } from './layers/environment-layers.js';
import type { Layer } from './layers/origin.js';
import { createLoadedConfig, type LoadedConfig } from './loaded-config.js';
import { openConfigSchema } from './schema/lazy-config-schema.js';
import { settingsOf } from './schema/setting.js';
import { settleLayers } from './settle/settle-layers.js';
import { checkLayer } from './validation/check-layer.js';

export interface ConfigSources {
  /** What may hold profiles. */
  readonly document?: ConfigDocument | undefined;
  /** The chosen profile, and how it was chosen. */
  readonly profile?: { readonly name: string; readonly asked: string } | undefined;
  /** Whether the environment sets settings; references find their variables in it in any case. */
  readonly readsEnvironment: boolean;
  readonly env: Environment;
  readonly overrides?: Layer | undefined;
  readonly cwd: string | undefined;
}

/**
 * Checks every source on its own, then settles defaults < document < profile < environment < overrides.
 * @throws ConfigError `LOOM_INVALID_CONFIG` with all problems at once
 */
export async function assembleConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const { document, profile, readsEnvironment, env, overrides, cwd } = sources;
  const schema = await openConfigSchema();
  const settings = settingsOf(schema);
  const variables = readsEnvironment ? environmentLayers(env, settings) : [];
  const above = overrides === undefined ? variables : [...variables, overrides];

  const checked = document === undefined ? above : [document.whole, ...above];
  const problems = checked.flatMap((layer) => checkLayer(layer, { schema, settings, cwd }));
  if (readsEnvironment) problems.push(...misspeltVariables(env, settings));
  const chosen = profile && document?.profiles.get(profile.name);
  if (profile !== undefined && chosen === undefined) {
    problems.push(unknownProfile(profile.name, profile.asked, [...(document?.profiles.keys() ?? [])]));
  }
  if (problems.length > 0) throw invalidConfig(problems);

  const layers = [document?.base, chosen, ...above].filter((layer) => layer !== undefined);
  const { settled, blocks, problems: unsettled } = await settleLayers(layers, { settings, env, cwd });
  if (unsettled.length > 0) throw invalidConfig(unsettled);
  return createLoadedConfig(settled, blocks, settings, cwd);
}
