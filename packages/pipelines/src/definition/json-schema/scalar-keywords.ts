import type { JsonValue } from '@certoai/loom-core';
import { valueText } from '../definition-issue.js';
import { didYouMean, nearestName } from '../nearest-name.js';
import type { Check } from './check.js';
import { formatChecks } from './formats.js';
import type { CompileKeyword, Keyword } from './schema-reader.js';
import { canonical, isList, isOfType, kindText, types, typesText } from './values.js';

/** What a value is, and the bounds of numbers and strings. */
export const scalarKeywords: Readonly<Record<string, CompileKeyword>> = {
  type: ({ value, path, reader }) => {
    const names = isList(value) ? value : [value];
    for (const name of names) {
      if (typeof name === 'string' && types.includes(name)) continue;
      const suggestion = typeof name === 'string' ? nearestName(name, types) : undefined;
      reader.refuse(
        path,
        `is ${valueText(name)}; expected one of ${types.join(', ')}${didYouMean(suggestion)}`,
        suggestion,
      );
    }
    const expected = typesText(value);
    return (item, at, report) => {
      if (!names.some((name) => isOfType(item, name))) report(at, kindText(item), expected);
    };
  },

  enum: ({ value, path, reader }) => {
    const allowed = reader.list(value, path);
    const keys = new Set(allowed.map(canonical));
    const expected = `one of ${allowed.map(valueText).join(', ')}`;
    return (item, at, report) => {
      if (!keys.has(canonical(item))) report(at, 'another value', expected);
    };
  },

  const: ({ value }) => {
    const wanted = canonical(value);
    return (item, at, report) => {
      if (canonical(item) !== wanted) report(at, 'another value', valueText(value));
    };
  },

  minimum: (keyword) => bound(keyword, 'at least', (item, limit) => item >= limit),
  maximum: (keyword) => bound(keyword, 'at most', (item, limit) => item <= limit),
  exclusiveMinimum: (keyword) => bound(keyword, 'more than', (item, limit) => item > limit),
  exclusiveMaximum: (keyword) => bound(keyword, 'less than', (item, limit) => item < limit),
  multipleOf: (keyword) => {
    const { value, path, reader } = keyword;
    if (typeof value === 'number' && value <= 0)
      reader.refuse(path, `is ${value}; expected a number above 0.`);
    return bound(keyword, 'a multiple of', isMultiple, 'no multiple');
  },

  minLength: (keyword) => size(keyword, 'at least', 'characters', lengthOf),
  maxLength: (keyword) => size(keyword, 'at most', 'characters', lengthOf),

  pattern: ({ value, path, reader }) => {
    const pattern = reader.pattern(value, path);
    const expected = `a string that matches ${pattern.source}`;
    return (item, at, report) => {
      if (typeof item === 'string' && !pattern.test(item)) report(at, 'a string of another form', expected);
    };
  },

  format: ({ value, path, reader }) => {
    if (typeof value !== 'string') {
      reader.refuse(path, `is ${valueText(value)}; expected the name of a format.`);
      return () => undefined;
    }
    // As the standard has it, a format that is not known is a note to the reader.
    const matches = Object.hasOwn(formatChecks, value) ? formatChecks[value] : undefined;
    return (item, at, report) => {
      if (typeof item !== 'string' || matches?.(item) !== false) return;
      report(at, 'a string of another form', `a string in the format ${value}`);
    };
  },
};

/** A lower or upper bound on how many of something there are. */
export function size(
  { value, path, reader }: Keyword,
  words: 'at least' | 'at most',
  unit: string,
  measure: (item: JsonValue) => number | undefined,
): Check {
  const limit = reader.count(value, path);
  return (item, at, report) => {
    const found = measure(item);
    if (found === undefined || (words === 'at least' ? found >= limit : found <= limit)) return;
    report(at, `${kindText(item)} of ${found} ${unit}`, `${words} ${limit} ${unit}`);
  };
}

function bound(
  { value, path, reader }: Keyword,
  words: string,
  keeps: (item: number, limit: number) => boolean,
  found = 'out of range',
): Check {
  const limit = reader.number(value, path);
  return (item, at, report) => {
    if (typeof item === 'number' && !keeps(item, limit)) report(at, found, `${words} ${limit}`);
  };
}

/** 0.3 is a multiple of 0.1 to everyone but IEEE 754. */
function isMultiple(value: number, of: number): boolean {
  const quotient = value / of;
  if (!Number.isFinite(quotient)) return false;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9 * Math.max(1, Math.abs(quotient));
}

/** In code points, as JSON Schema counts. */
function lengthOf(item: JsonValue): number | undefined {
  if (typeof item !== 'string') return undefined;
  let length = 0;
  for (const _ of item) length += 1;
  return length;
}
