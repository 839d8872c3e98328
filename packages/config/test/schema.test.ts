import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { configTypes, jsonSchemaText, settingsTable } from '../scripts/schema-artifacts.mjs';
import {
  ConfigSchema,
  defineConfig,
  describeSettings,
  type LoadedConfig,
  type LoomConfig,
} from '../src/index.js';

const settings = await describeSettings();
const text = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const remedy = 'It differs from the schema: run "npm run build", which writes it.';
const jsonSchema = fileURLToPath(new URL('../config.schema.json', import.meta.url));

test.skipIf(!existsSync(jsonSchema))(
  'config.schema.json, which the build writes, is what the schema says',
  () => {
    expect(text('config.schema.json'), remedy).toBe(jsonSchemaText(ConfigSchema));
  },
);

test('the TypeScript type is what the schema says', () => {
  expect(text('src/schema/loom-config.ts'), remedy).toBe(configTypes(ConfigSchema, settings));
  type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;
  expectTypeOf<Mutable<LoomConfig>>().toEqualTypeOf<Mutable<z.input<typeof ConfigSchema>>>();
  expectTypeOf<LoadedConfig>().toExtend<LoomConfig>();
});

test('the table of settings in the README is what the schema says', () => {
  expect(text('README.md'), remedy).toContain(settingsTable(settings));
});

test('a setting has a description that ends as a sentence, and a unit where it is a size or a time', () => {
  for (const { path, description } of settings) {
    expect(description, path).toMatch(/\.$/);
    if (path.endsWith('Bytes')) expect(description, path).toMatch(/Bytes/);
    if (path.endsWith('Ms')) expect(description, path).toMatch(/Milliseconds/);
  }
});

test('defaults fit their own settings', () => {
  for (const { block, key, default: preset } of settings) {
    if (preset !== undefined)
      expect(ConfigSchema.safeParse({ [block]: { [key]: preset } }).success).toBe(true);
  }
});

test('ConfigSchema does what a zod schema does', () => {
  expect(ConfigSchema).toBeInstanceOf(z.ZodObject);
  expect(ConfigSchema.parse({ worker: { concurrency: 5 } })).toEqual({ worker: { concurrency: 5 } });
  expect(ConfigSchema.safeParse({ reddis: {} }).error?.issues[0]?.code).toBe('unrecognized_keys');
  expect(z.object({ loom: ConfigSchema }).safeParse({ loom: { redis: 5 } }).success).toBe(false);
  expect(ConfigSchema.extend({ mine: z.string() }).parse({ mine: 'x' })).toEqual({ mine: 'x' });
  expect(Object.keys(z.toJSONSchema(ConfigSchema).properties ?? {})).toContain('embedded');
  expect(Object.keys(ConfigSchema.shape)).toContain('profiles');
  expect('shape' in ConfigSchema).toBe(true);
  expect(ConfigSchema['~standard'].vendor).toBe('zod');
});

test('the types accept what programs write', () => {
  const env: Readonly<Record<string, string | undefined>> = {};
  defineConfig({ redis: { host: 'localhost', port: 6379 }, cosmos: { endpoint: env.COSMOS_ENDPOINT } });
  defineConfig({ redis: 'redis://localhost', profiles: { production: { redis: { url: env.REDIS_URL } } } });
  // @ts-expect-error a misspelt setting
  defineConfig({ worker: { conurrency: 1 } });
  // @ts-expect-error a wrong type
  defineConfig({ limits: { maxPayloadBytes: '1' } });
  // @ts-expect-error a profile has no profiles
  defineConfig({ profiles: { a: { profiles: {} } } });
});
