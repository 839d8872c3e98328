import type { JsonValue } from '@certoai/loom-core';

export type JsonObject = Readonly<Record<string, JsonValue>>;

export const types: readonly string[] = ['null', 'boolean', 'object', 'array', 'number', 'integer', 'string'];

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

export function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function isOfType(value: JsonValue, type: JsonValue): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

/** Equal texts for equal values, whatever the order of the fields. */
export function canonical(value: JsonValue): string {
  if (isList(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}

/** What kind of value it is: `a string`. */
export function kindText(value: JsonValue): string {
  if (value === null) return 'null';
  if (isList(value)) return 'a list';
  return isObject(value) ? 'an object' : `a ${typeof value}`;
}

/** A type of JSON Schema in words: `an integer`. */
export function typeText(type: JsonValue): string {
  switch (type) {
    case 'null':
      return 'null';
    case 'array':
      return 'a list';
    case 'object':
    case 'integer':
      return `an ${type}`;
    default:
      return typeof type === 'string' ? `a ${type}` : 'a value';
  }
}

export function typesText(type: JsonValue | undefined): string {
  if (type === undefined) return 'a value';
  return isList(type) ? type.map(typeText).join(' or ') : typeText(type);
}
