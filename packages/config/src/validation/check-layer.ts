import type { core } from 'zod';
import type { ConfigProblem, ConfigProblemKind } from '../config-error.js';
import { describeOrigin, type Layer } from '../layers/origin.js';
import type { ConfigZodSchema } from '../schema/config-schema.js';
import type { Setting } from '../schema/setting.js';
import { describeExpectation, describeValue } from './describe-value.js';
import { closest } from './did-you-mean.js';
import { odditiesIn } from './plain-data.js';

export interface LayerCheck {
  readonly schema: ConfigZodSchema;
  readonly settings: readonly Setting[];
  /** Folder that file names in messages are relative to. */
  readonly cwd: string | undefined;
}

type Path = readonly string[];

/** Everything that is wrong with one layer, each problem with the place where the value was given. */
export function checkLayer(layer: Layer, { schema, settings, cwd }: LayerCheck): readonly ConfigProblem[] {
  const problem = (kind: ConfigProblemKind, path: Path, text: string): ConfigProblem => {
    const origin = layer.originOf(path);
    const where = describeOrigin(origin, cwd);
    const name = path.join('.');
    return { kind, path: name, origin, message: `${name || 'The configuration'} (${where}) ${text}` };
  };

  const oddities = odditiesIn(layer.values);
  if (oddities.length > 0) {
    return oddities.map(({ kind, path }) =>
      kind === 'forbidden-key'
        ? problem('forbidden-key', path, 'is a key that could change the prototype of objects. Remove it.')
        : problem('wrong-value', path, 'is an instance of a class. Give plain settings.'),
    );
  }

  const unknown = (path: Path, key: string): ConfigProblem => {
    const known = keysAt(path, settings);
    const sibling = closest(key, known);
    const elsewhere = settings.find((setting) => setting.key === key)?.path;
    const meant = sibling === undefined ? elsewhere : [...path, sibling].join('.');
    const hint = meant === undefined ? `Known here: ${known.join(', ')}.` : `Did you mean ${meant}?`;
    return problem('unknown-setting', [...path, key], `is not a setting. ${hint}`);
  };

  const wrong = (path: Path): ConfigProblem => {
    const value = path.reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], layer.values);
    const setting = settings.find((one) => one.path === withoutProfile(path).join('.'));
    const given = describeValue(value, setting?.secret ?? true);
    const expected = setting ? describeExpectation(setting, value) : `Give ${describeBlock(path, settings)}.`;
    return problem('wrong-value', path, `is ${given}. ${expected}`);
  };

  const fromIssue = (issue: core.$ZodIssue, base: Path): readonly ConfigProblem[] => {
    const path = [...base, ...issue.path.map(String)];
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknown(path, key));
    if (issue.code === 'invalid_format' && issue.format === 'regex')
      return [problem('wrong-value', path, issue.message)];
    if (issue.code === 'custom') return [problem('conflict', path, issue.message)];
    if (issue.code !== 'invalid_union') return [wrong(path)];
    // Of the forms a setting may have, the one whose own type fits is the one that was meant.
    const meant = issue.errors.find((branch) =>
      branch.some((one) => one.path.length > 0 || one.code !== 'invalid_type'),
    );
    return meant?.flatMap((one) => fromIssue(one, path)) ?? [wrong(path)];
  };

  const found = schema.safeParse(layer.values).error?.issues.flatMap((issue) => fromIssue(issue, [])) ?? [];
  // A value may fail several checks; what it is and what is wanted is the same for each.
  return found.filter(
    ({ message }, index) => found.findIndex((other) => other.message === message) === index,
  );
}

/** `profiles.production.redis.port` means the same setting as `redis.port`. */
function withoutProfile(path: Path): Path {
  return path[0] === 'profiles' ? path.slice(2) : path;
}

function keysAt(parent: Path, settings: readonly Setting[]): readonly string[] {
  const [name] = withoutProfile(parent);
  if (name !== undefined) return settings.filter(({ block }) => block === name).map(({ key }) => key);
  const blocks = [...new Set(settings.map(({ block }) => block))];
  return parent.length === 0 ? [...blocks, 'profiles'] : blocks;
}

function describeBlock(path: Path, settings: readonly Setting[]): string {
  if (path.join() === 'profiles') return 'settings by profile name';
  const [block] = withoutProfile(path);
  const address = block === 'redis' ? 'an address such as redis://localhost:6379, or ' : '';
  return `${address}settings by name: ${keysAt(path, settings).join(', ')}`;
}
