import { dirname } from 'node:path';
import type { ConfigProblem } from '../config-error.js';
import type { ConfigFile } from '../document/read-config-file.js';
import { closest } from '../validation/did-you-mean.js';
import { isPlain } from '../validation/plain-data.js';
import type { Layer, Origin } from './origin.js';

/** A configuration with the profiles it may hold, from a file or from code. */
export interface ConfigDocument {
  /** The whole of it, to be checked. Profiles that are not chosen count too. */
  readonly whole: Layer;
  /** Its settings without the profiles. */
  readonly base: Layer;
  readonly profiles: ReadonlyMap<string, Layer>;
}

export function fileDocument({ file, values, lineOf }: ConfigFile): ConfigDocument {
  return documentOf(values, dirname(file), (path, profile) =>
    profile === undefined
      ? { layer: 'file', file, line: lineOf(path) }
      : { layer: 'profile', profile, file, line: lineOf(['profiles', profile, ...path]) },
  );
}

export function codeDocument(values: unknown): ConfigDocument {
  return documentOf(values, undefined, (_, profile) =>
    profile === undefined ? { layer: 'code' } : { layer: 'profile', profile },
  );
}

function documentOf(
  values: unknown,
  folder: string | undefined,
  originOf: (path: readonly string[], profile?: string) => Origin,
): ConfigDocument {
  const layer = (part: unknown, profile?: string): Layer => ({
    values: part,
    folder,
    originOf: (path) => originOf(path, profile),
  });
  const { profiles, ...settings } = isPlain(values) ? values : {};
  const named = Object.entries(isPlain(profiles) ? profiles : {});
  return {
    whole: layer(values),
    base: layer(settings),
    profiles: new Map(named.map(([name, part]) => [name, layer(part, name)])),
  };
}

/** The problem that a profile which was asked for is not there. */
export function unknownProfile(name: string, asked: string, known: readonly string[]): ConfigProblem {
  const meant = closest(name, known);
  const hint =
    known.length === 0
      ? 'Define it under "profiles" in a configuration file.'
      : `Known: ${known.join(', ')}.`;
  const message = `Profile "${name}" (${asked}) is not defined. ${meant === undefined ? hint : `Did you mean "${meant}"?`}`;
  return { kind: 'unknown-profile', message };
}
