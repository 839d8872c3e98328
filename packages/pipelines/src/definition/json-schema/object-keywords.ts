import type { JsonValue } from '@certoai/loom-core';
import { nearestName } from '../nearest-name.js';
import type { CompileKeyword } from './schema-reader.js';
import { size } from './scalar-keywords.js';
import { isObject, own, typesText } from './values.js';

export const objectKeywords: Readonly<Record<string, CompileKeyword>> = {
  properties: ({ value, path, reader }) => {
    const checks = reader
      .entries(value, path)
      .map(({ key, part, path: at }) => [key, reader.compile(part, at)] as const);
    return (item, at, report) => {
      if (!isObject(item)) return;
      for (const [key, check] of checks) {
        const child = own(item, key);
        if (child !== undefined) check(child, { parent: at, key }, report);
      }
    };
  },

  required: ({ value, path, schema, reader }) => {
    const properties = isObject(schema['properties']) ? schema['properties'] : {};
    const needed = reader.names(value, path).map((key) => {
      const part = own(properties, key);
      return [key, isObject(part) ? typesText(part['type']) : 'a value'] as const;
    });
    return (item, at, report) => {
      if (!isObject(item)) return;
      for (const [key, expected] of needed) {
        if (!Object.hasOwn(item, key)) report({ parent: at, key }, 'missing', expected);
      }
    };
  },

  additionalProperties: ({ value, path, schema, reader }) => {
    const check = reader.compile(value, path);
    const properties = isObject(schema['properties']) ? schema['properties'] : {};
    const sources = isObject(schema['patternProperties']) ? Object.keys(schema['patternProperties']) : [];
    const patterns = sources.map((source) => reader.pattern(source, path));
    const known = Object.keys(properties);
    return (item, at, report) => {
      if (!isObject(item)) return;
      for (const [key, child] of Object.entries(item)) {
        if (Object.hasOwn(properties, key) || patterns.some((pattern) => pattern.test(key))) continue;
        if (value === false) report({ parent: at, key }, 'not a known field', knownField(key, known));
        else check(child, { parent: at, key }, report);
      }
    };
  },

  patternProperties: ({ value, path, reader }) => {
    const checks = reader
      .entries(value, path)
      .map(({ key, part, path: at }) => [reader.pattern(key, path), reader.compile(part, at)] as const);
    return (item, at, report) => {
      if (!isObject(item)) return;
      for (const [key, child] of Object.entries(item)) {
        for (const [pattern, check] of checks)
          if (pattern.test(key)) check(child, { parent: at, key }, report);
      }
    };
  },

  propertyNames: ({ value, path, reader }) => {
    const check = reader.compile(value, path);
    return (item, at, report) => {
      if (!isObject(item)) return;
      for (const key of Object.keys(item)) {
        check(key, undefined, (_, found, expected) => {
          report({ parent: at, key }, `named by ${found}`, `a name that is ${expected}`);
        });
      }
    };
  },

  minProperties: (keyword) => size(keyword, 'at least', 'fields', fieldsOf),
  maxProperties: (keyword) => size(keyword, 'at most', 'fields', fieldsOf),

  dependentRequired: ({ value, path, reader }) => {
    const needed = reader
      .entries(value, path)
      .map(({ key, part, path: at }) => [key, reader.names(part, at)] as const);
    return (item, at, report) => {
      if (!isObject(item)) return;
      for (const [key, names] of needed) {
        if (!Object.hasOwn(item, key)) continue;
        for (const name of names) {
          if (Object.hasOwn(item, name)) continue;
          report({ parent: at, key: name }, 'missing', `a value, because ${key} is there`);
        }
      }
    };
  },

  dependentSchemas: ({ value, path, reader }) => {
    const checks = reader
      .entries(value, path)
      .map(({ key, part, path: at }) => [key, reader.compile(part, at)] as const);
    return (item, at, report) => {
      if (!isObject(item)) return;
      for (const [key, check] of checks) if (Object.hasOwn(item, key)) check(item, at, report);
    };
  },
};

function knownField(key: string, known: readonly string[]): string {
  const suggestion = nearestName(key, known);
  if (suggestion !== undefined) return JSON.stringify(suggestion);
  return known.length > 0 && known.length <= 20 ? `one of ${known.join(', ')}` : 'no other field';
}

function fieldsOf(item: JsonValue): number | undefined {
  return isObject(item) ? Object.keys(item).length : undefined;
}
