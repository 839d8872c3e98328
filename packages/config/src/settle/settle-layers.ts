import { resolve } from 'node:path';
import type { ConfigProblem, ConfigProblemKind } from '../config-error.js';
import type { Environment } from '../layers/environment-layers.js';
import { describeOrigin, type Layer, type Origin } from '../layers/origin.js';
import { backendBlocks } from '../schema/config-schema.js';
import type { Setting } from '../schema/setting.js';
import { isPlain } from '../validation/plain-data.js';
import { contradictionOf, parseRedisAddress } from './redis-address.js';
import { followReference } from './secret-reference.js';
import type { GivenValue, SettledSettings } from './settled-setting.js';

export interface SettleOptions {
  readonly settings: readonly Setting[];
  readonly env: Environment;
  readonly cwd: string | undefined;
}

export interface Settlement {
  readonly settled: SettledSettings;
  /** Blocks that some layer has, if only as an empty one, with the highest such place. */
  readonly blocks: ReadonlyMap<string, Origin>;
  readonly problems: readonly ConfigProblem[];
}

/**
 * Decides every setting: the highest layer that gives a value wins. It goes from the highest layer down, so
 * that a reference is followed only when its value is used.
 *
 * A Redis address is one unit. It gives host, port and tls, and the user, password and database it names; when
 * a higher layer has moved Redis to another host, nothing of it is used, so the password in an address reaches
 * no other host.
 * @param layers - checked layers, lowest first
 */
export async function settleLayers(
  layers: readonly Layer[],
  { settings, env, cwd }: SettleOptions,
): Promise<Settlement> {
  const settled = new Map<string, GivenValue & { readonly overrode: GivenValue[] }>();
  const problems: ConfigProblem[] = [];
  const give = (path: string, given: GivenValue): void => {
    const winner = settled.get(path);
    if (winner === undefined) settled.set(path, { ...given, overrode: [] });
    else winner.overrode.push(given);
  };
  const fail = (kind: ConfigProblemKind, path: string, origin: Origin, text: string): void => {
    problems.push({ kind, path, origin, message: `${path} (${describeOrigin(origin, cwd)}) ${text}` });
  };
  /** The secret, also when it was given by reference; `undefined` after a failure. */
  const open = async (
    path: string,
    given: GivenValue,
    { folder = cwd }: Layer,
  ): Promise<GivenValue | undefined> => {
    const outcome = await followReference(String(given.value), env, folder);
    if ('text' in outcome) return { ...given, value: outcome.text, reference: outcome.reference };
    fail('unresolved-reference', path, given.origin, outcome.failure);
    return undefined;
  };
  const openAddress = async (address: GivenValue, layer: Layer, beside: ReadonlyMap<string, GivenValue>) => {
    const opened = await open('redis.url', address, layer);
    if (opened === undefined) return;
    const parts = parseRedisAddress(String(opened.value));
    if ('failure' in parts) return fail('wrong-value', 'redis.url', address.origin, parts.failure);
    const contradiction = contradictionOf(parts, (key) => beside.get(`redis.${key}`)?.value);
    if (contradiction !== undefined) fail('conflict', 'redis.url', address.origin, contradiction);
    for (const [key, value] of Object.entries(parts)) {
      if (!beside.has(`redis.${key}`)) give(`redis.${key}`, { ...opened, value });
    }
  };

  for (const layer of layers.toReversed()) {
    const host = settled.get('redis.host');
    const given = new Map(settings.flatMap((setting) => valueIn(layer, setting)));
    const address = given.get('redis.url');
    given.delete('redis.url');
    for (const { path, secret } of settings) {
      const value = given.get(path);
      const used = secret && value && !settled.has(path) ? await open(path, value, layer) : value;
      if (used !== undefined) give(path, used);
    }
    if (address && host) host.overrode.push({ ...address, value: undefined });
    else if (address) await openAddress(address, layer, given);
  }

  const blocks = new Map(layers.flatMap(blocksIn));
  const redis = blocks.get('redis');
  if (redis !== undefined && !settled.has('redis.host') && problems.length === 0) {
    fail('missing-setting', 'redis', redis, 'has no address. Give redis.url or redis.host.');
  }
  for (const { path, block, default: preset } of settings) {
    if (preset === undefined || (backendBlocks.includes(block) && !blocks.has(block))) continue;
    give(path, { value: preset, origin: { layer: 'default' } });
  }
  return { settled, blocks, problems };
}

/** What a layer gives for a setting, if anything. An explicit `undefined` gives nothing. */
function valueIn(
  { values, folder, originOf }: Layer,
  { path, block, key }: Setting,
): readonly (readonly [string, GivenValue])[] {
  const inBlock = isPlain(values) ? values[block] : undefined;
  // `redis: redis://…` is short for `redis: { url: redis://… }`.
  const isShort = typeof inBlock === 'string' && path === 'redis.url';
  const value = isShort ? inBlock : isPlain(inBlock) ? inBlock[key] : undefined;
  if (value === undefined) return [];
  const isNearFile = path === 'embedded.path' && folder !== undefined && typeof value === 'string';
  const origin = originOf(isShort ? [block] : [block, key]);
  return [[path, { value: isNearFile ? resolve(folder, value) : value, origin }]];
}

function blocksIn({ values, originOf }: Layer): readonly (readonly [string, Origin])[] {
  const names = isPlain(values) ? Object.keys(values).filter((name) => values[name] !== undefined) : [];
  return names.map((name) => [name, originOf([name])]);
}
