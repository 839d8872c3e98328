import fc from 'fast-check';
import type { Setting } from '../../src/index.js';

/** Values by path, such as `redis.port`. */
export type Values = Readonly<Record<string, string | number | boolean>>;

/** A valid value for a setting, of any kind and size that it takes. */
export function arbitraryValue({ path, type }: Setting): fc.Arbitrary<string | number | boolean> {
  switch (type.kind) {
    case 'truth':
      return fc.boolean();
    case 'choice':
      return fc.constantFrom(...type.choices);
    case 'number':
      return fc.integer({ min: type.minimum, max: type.maximum });
    case 'address':
      return fc.webUrl({ validSchemes: ['https'] });
    case 'text':
      if (path === 'worker.labels')
        return fc.array(fc.stringMatching(/^[^=,\s]{1,9}=[^=,\s]{1,9}$/), { minLength: 1 }).map(String);
      // Text that reads like a reference is one.
      return fc
        .string({ minLength: 1, maxLength: type.maximumLength ?? 30, unit: 'grapheme' })
        .filter((text) => !/^(env|file):/.test(text) && !(path === 'embedded.path' && text.includes('\0')));
  }
}

/** Some of the settings with valid values. `redis.url` stands in for other settings, so it is left out. */
export function arbitraryValues(settings: readonly Setting[]): fc.Arbitrary<Values> {
  const byPath = settings
    .filter(({ path }) => path !== 'redis.url')
    .map((setting) => [setting.path, arbitraryValue(setting)] as const);
  return fc.record(Object.fromEntries(byPath), { requiredKeys: [] }) as fc.Arbitrary<Values>;
}

/** `{ 'redis.port': 1 }` as `{ redis: { port: 1 } }`. */
export function nest(values: Values): Record<string, Record<string, unknown>> {
  const nested: Record<string, Record<string, unknown>> = {};
  for (const [path, value] of Object.entries(values)) {
    const [block = '', key = ''] = path.split('.');
    (nested[block] ??= {})[key] = value;
  }
  return nested;
}

/** The same as environment variables. */
export function toEnvironment(values: Values, settings: readonly Setting[]): Record<string, string> {
  return Object.fromEntries(
    settings.flatMap(({ path, variable }) => (path in values ? [[variable, String(values[path])]] : [])),
  );
}
