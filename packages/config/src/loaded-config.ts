import { inspect, type InspectOptionsStylized } from 'node:util';
import { explainSettings, type ExplainedSetting } from './explain/explained-setting.js';
import { backendBlocks } from './schema/config-schema.js';
import type {
  CosmosSettings,
  EmbeddedSettings,
  LimitsSettings,
  LoomConfig,
  ObservabilitySettings,
  RedisSettings,
  RetentionSettings,
  WorkerSettings,
} from './schema/loom-config.js';
import type { Setting } from './schema/setting.js';
import type { SettledSettings } from './settle/settled-setting.js';

type With<Given, Key extends keyof Given> = Omit<Given, Key> & {
  readonly [K in Key]-?: NonNullable<Given[K]>;
};

/**
 * A configuration with every default filled in, its references followed, its layers settled. Deeply frozen.
 *
 * A secret reads like any other value (`config.redis.password`) and is hidden when the configuration, or the
 * block it is in, is printed, inspected or turned into JSON.
 */
export interface LoadedConfig extends LoomConfig {
  readonly embedded?: With<EmbeddedSettings, 'sync'>;
  /** An address is given as its parts; `url` is never set. */
  readonly redis?: With<Omit<RedisSettings, 'url'>, 'host' | 'port' | 'db' | 'tls'>;
  readonly cosmos?: With<CosmosSettings, 'database'>;
  readonly limits: With<LimitsSettings, 'maxPayloadBytes' | 'maxTasksPerStage'>;
  readonly retention: RetentionSettings;
  readonly worker: With<WorkerSettings, 'concurrency'>;
  readonly observability: With<ObservabilitySettings, 'tracing'>;
  /** Already applied. */
  readonly profiles?: never;
  /** Where every value comes from and what it overrode, in the order of the schema. Secrets are hidden. */
  explain(): readonly ExplainedSetting[];
}

const loaded = new WeakSet<object>();

export function isLoadedConfig(value: unknown): value is LoadedConfig {
  return typeof value === 'object' && value !== null && loaded.has(value);
}

/** @param cwd - folder that file names in `explain()` are relative to */
export function createLoadedConfig(
  settled: SettledSettings,
  blocks: ReadonlyMap<string, unknown>,
  settings: readonly Setting[],
  cwd: string | undefined,
): LoadedConfig {
  const names = [...new Set(settings.map(({ block }) => block))];
  const config: Record<string, unknown> = {};
  for (const name of names) {
    const own = settings.filter(({ block }) => block === name);
    if (!backendBlocks.includes(name) || blocks.has(name)) config[name] = createBlock(own, settled);
  }
  const explain = (): readonly ExplainedSetting[] => explainSettings(settled, settings, cwd);
  // Not enumerable: a strict check of the keys, a spread and a comparison see the settings alone.
  Object.defineProperty(config, 'explain', { value: explain });
  loaded.add(config);
  return Object.freeze(config) as unknown as LoadedConfig;
}

function createBlock(settings: readonly Setting[], settled: SettledSettings): object {
  const block = {};
  const shown: Record<string, unknown> = {};
  for (const { path, key, secret } of settings) {
    const setting = settled.get(path);
    if (setting === undefined) continue;
    const { value } = setting;
    shown[key] = secret ? '[redacted]' : value;
    // Some ways to print ignore `toJSON` and the inspect symbol; none of them calls a getter.
    const content = secret ? { get: () => value } : { value };
    Object.defineProperty(block, key, { ...content, enumerable: true });
  }
  Object.defineProperties(block, {
    toJSON: { value: () => shown },
    [inspect.custom]: { value: (_: number, options: InspectOptionsStylized) => inspect(shown, options) },
  });
  return Object.freeze(block);
}
