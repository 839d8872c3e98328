export { ConfigError, isConfigError } from './config-error.js';
export type { ConfigErrorCode, ConfigProblem } from './config-error.js';
export { defineConfig } from './define-config.js';
export type { ExplainedSetting, ExplainedValue } from './explain/explained-setting.js';
export { formatExplanation } from './explain/format-explanation.js';
export type { ExplanationRow } from './explain/format-explanation.js';
export type { Environment } from './layers/environment-layers.js';
export type { Origin } from './layers/origin.js';
export { loadConfig } from './load-config.js';
export type { LoadConfigOptions } from './load-config.js';
export type { LoadedConfig } from './loaded-config.js';
export { resolveConfig } from './resolve-config.js';
export type { ResolveConfigOptions } from './resolve-config.js';
export { ConfigSchema } from './schema/lazy-config-schema.js';
export type {
  CosmosSettings,
  EmbeddedSettings,
  LimitsSettings,
  LoomConfig,
  LoomSettings,
  ObservabilitySettings,
  RedisSettings,
  RetentionSettings,
  WorkerSettings,
} from './schema/loom-config.js';
export { describeSettings } from './schema/setting.js';
export type { Setting, SettingType } from './schema/setting.js';
