import type { LoomConfig } from './schema/loom-config.js';

/**
 * Types a configuration file written in TypeScript or JavaScript: `export default defineConfig({ … })`.
 * Returns its argument as it is; `loadConfig` checks the values.
 */
export function defineConfig(config: LoomConfig): LoomConfig {
  return config;
}
