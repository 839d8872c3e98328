import type { ConfigProblem } from '../config-error.js';
import type { Setting } from '../schema/setting.js';
import { closest } from '../validation/did-you-mean.js';
import type { Layer } from './origin.js';

/** Environment variables by name; an empty one counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Names that other tools and hosting platforms set. Loom's own names win over them. */
const commonVariables: Readonly<Record<string, string>> = {
  'redis.url': 'REDIS_URL',
  'cosmos.endpoint': 'COSMOS_ENDPOINT',
};

/** What the environment sets, lowest first: common variables, then Loom's own. */
export function environmentLayers(env: Environment, settings: readonly Setting[]): readonly Layer[] {
  return [
    layerOf(env, settings, ({ path }) => commonVariables[path]),
    layerOf(env, settings, ({ variable }) => variable),
  ];
}

function layerOf(
  env: Environment,
  settings: readonly Setting[],
  variableOf: (setting: Setting) => string | undefined,
): Layer {
  const values: Record<string, Record<string, unknown>> = {};
  const variables = new Map<string, string>();
  for (const setting of settings) {
    const variable = variableOf(setting);
    const text = variable === undefined ? undefined : env[variable];
    if (variable === undefined || !text) continue;
    const [block = '', key = ''] = setting.path.split('.');
    (values[block] ??= {})[key] = coerce(text, setting);
    variables.set(setting.path, variable).set(block, variable);
  }
  const originOf: Layer['originOf'] = (path) => {
    return { layer: 'environment', variable: variables.get(path.join('.')) ?? 'environment' };
  };
  return { values, folder: undefined, originOf };
}

/** Text as the setting's type. What does not fit stays text, so that the check shows it as it was written. */
function coerce(text: string, { type }: Setting): unknown {
  const word = text.trim();
  if (type.kind === 'number') return /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(word) ? Number(word) : text;
  if (type.kind !== 'truth') return text;
  if (/^(true|1)$/i.test(word)) return true;
  return /^(false|0)$/i.test(word) ? false : text;
}

/** Variables that look like Loom's and are none: `LOOM_REDIS__PROT` and `LOOM_REDIS_PORT`; `LOOM_ROOM` may be anybody's. */
export function misspeltVariables(env: Environment, settings: readonly Setting[]): readonly ConfigProblem[] {
  const known = settings.map(({ variable }) => variable);
  const bare = (name: string): string => name.replaceAll('_', '');
  return Object.keys(env).flatMap((name) => {
    const value = env[name];
    if (!value || !name.startsWith('LOOM_') || name === 'LOOM_PROFILE' || known.includes(name)) return [];
    // Kubernetes sets LOOM_REDIS_PORT=tcp://… for a service called loom-redis.
    if (/^(tcp|udp|sctp):/.test(value)) return [];
    const same = known.find((variable) => bare(variable) === bare(name));
    if (same === undefined && !name.includes('__')) return [];
    const meant = same ?? closest(name, known);
    const hint = meant === undefined ? 'The README lists the variables.' : `Did you mean ${meant}?`;
    const message = `The environment variable ${name} is not a setting. ${hint}`;
    return [{ kind: 'unknown-setting', origin: { layer: 'environment', variable: name }, message }];
  });
}
