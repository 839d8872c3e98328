import { createRequire } from 'node:module';
import type * as zod from 'zod';
import { buildConfigSchema, type ConfigZodSchema } from './config-schema.js';

let built: ConfigZodSchema | undefined;

/** The schema, with zod loaded the way a bundler understands. */
export async function openConfigSchema(): Promise<ConfigZodSchema> {
  const z = await import('zod');
  return (built ??= buildConfigSchema(z));
}

function schemaNow(): ConfigZodSchema {
  return (built ??= buildConfigSchema(createRequire(import.meta.url)('zod') as typeof zod));
}

/**
 * The zod schema of {@link LoomConfig}: `ConfigSchema.parse(value)`, `ConfigSchema.extend(…)`,
 * `z.object({ loom: ConfigSchema })`. It checks one configuration and fills in no defaults; `loadConfig` and
 * `resolveConfig` do.
 *
 * It stands for the real schema until it is first used: loading zod takes ten times as long as loading the
 * rest of this package, and most programs only call `loadConfig`.
 */
export const ConfigSchema: ConfigZodSchema = /* @__PURE__ */ new Proxy({} as ConfigZodSchema, {
  get: (_, key) => Reflect.get(schemaNow(), key) as unknown,
  has: (_, key) => Reflect.has(schemaNow(), key),
  getPrototypeOf: () => Reflect.getPrototypeOf(schemaNow()),
});
