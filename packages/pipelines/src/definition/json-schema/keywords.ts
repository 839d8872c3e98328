import type { JsonValue } from '@certoai/loom-core';
import { valueText, type PathSegment } from '../definition-issue.js';
import { didYouMean, nearestName } from '../nearest-name.js';
import { accept, holds, problemsOf, reportNearest, type At, type Check, type Report } from './check.js';
import { formatChecks } from './formats.js';
import type { SchemaCompiler } from './schema-compiler.js';
import {
  canonical,
  isList,
  isObject,
  isOfType,
  kindText,
  own,
  types,
  typesText,
  type JsonObject,
} from './values.js';

/** A keyword of a schema: what stands there, where, and the schema around it. */
export interface Keyword {
  readonly value: JsonValue;
  readonly path: readonly PathSegment[];
  readonly schema: JsonObject;
  readonly compiler: SchemaCompiler;
}

type CompileKeyword = (keyword: Keyword) => Check;

/** Keywords by name. Those that are read together with another are not here: see `companions`. */
export const keywords: Readonly<Record<string, CompileKeyword>> = {
  type: ({ value, path, compiler }) => {
    const names = isList(value) ? value : [value];
    for (const name of names) {
      if (types.includes(name as string)) continue;
      const suggestion = typeof name === 'string' ? nearestName(name, types) : undefined;
      const expected = `expected one of ${types.join(', ')}${didYouMean(suggestion)}`;
      compiler.refuse(path, `is ${valueText(name)}; ${expected}`, suggestion);
    }
    const expected = typesText(value);
    return (item, at, report) => {
      if (!names.some((name) => isOfType(item, name))) report(at, kindText(item), expected);
    };
  },
  enum: ({ value, path, compiler }) => {
    const allowed = compiler.list(value, path);
    return oneOf(allowed, `one of ${allowed.map(valueText).join(', ')}`);
  },
  const: ({ value }) => oneOf([value], valueText(value)),

  ...bound('minimum', 'at least', (item, limit) => item >= limit),
  ...bound('maximum', 'at most', (item, limit) => item <= limit),
  ...bound('exclusiveMinimum', 'more than', (item, limit) => item > limit),
  ...bound('exclusiveMaximum', 'less than', (item, limit) => item < limit),
  ...bound('multipleOf', 'a multiple of', isMultiple),
  ...size('Length', 'characters', (item) => (typeof item === 'string' ? codePoints(item) : undefined)),
  ...size('Items', 'items', (item) => (isList(item) ? item.length : undefined)),
  ...size('Properties', 'fields', (item) => (isObject(item) ? Object.keys(item).length : undefined)),

  pattern: ({ value, path, compiler }) => {
    const pattern = compiler.pattern(value, path);
    return text((item) => pattern.test(item), `a string that matches ${pattern.source}`);
  },
  format: ({ value, path, compiler }) => {
    const name = typeof value === 'string' ? value : '';
    if (name === '') compiler.refuse(path, `is ${valueText(value)}; expected the name of a format.`);
    // As the standard has it, a format that is not known is a note to the reader.
    const matches = Object.hasOwn(formatChecks, name) ? formatChecks[name] : undefined;
    return matches === undefined ? accept : text(matches, `a string in the format ${name}`);
  },

  properties: ({ value, path, compiler }) => {
    const checks = compiler
      .entries(value, path)
      .map(([key, part, at]) => [key, compiler.compile(part, at)] as const);
    return object((item, at, report) => {
      for (const [key, check] of checks) {
        const child = own(item, key);
        if (child !== undefined) check(child, { parent: at, key }, report);
      }
    });
  },
  required: ({ value, path, schema, compiler }) => {
    const needed = compiler.names(value, path).map((key) => {
      const part = isObject(schema['properties']) ? own(schema['properties'], key) : undefined;
      return [key, isObject(part) ? typesText(part['type']) : 'a value'] as const;
    });
    return object((item, at, report) => {
      for (const [key, expected] of needed)
        if (!Object.hasOwn(item, key)) report({ parent: at, key }, 'missing', expected);
    });
  },
  additionalProperties: ({ value, path, schema, compiler }) => {
    const check = compiler.compile(value, path);
    const known = Object.keys(isObject(schema['properties']) ? schema['properties'] : {});
    const sources = isObject(schema['patternProperties']) ? Object.keys(schema['patternProperties']) : [];
    const patterns = sources.map((source) => compiler.pattern(source, path));
    return eachField((child, at, report) => {
      const key = String(at?.key);
      if (known.includes(key) || patterns.some((pattern) => pattern.test(key))) return;
      if (value === false) report(at, 'not a known field', knownField(key, known));
      else check(child, at, report);
    });
  },
  patternProperties: ({ value, path, compiler }) => {
    const checks = compiler
      .entries(value, path)
      .map(([key, part, at]) => [compiler.pattern(key, path), compiler.compile(part, at)] as const);
    return eachField((child, at, report) => {
      for (const [pattern, check] of checks) if (pattern.test(String(at?.key))) check(child, at, report);
    });
  },
  propertyNames: ({ value, path, compiler }) => {
    const check = compiler.compile(value, path);
    return eachField((_, at, report) => {
      for (const [, found, expected] of problemsOf(check, String(at?.key))) {
        report(at, `named by ${found}`, `a name that is ${expected}`);
      }
    });
  },
  dependentRequired: ({ value, path, compiler }) => {
    const needed = compiler
      .entries(value, path)
      .map(([key, names, at]) => [key, compiler.names(names, at)] as const);
    return object((item, at, report) => {
      for (const [because, names] of needed) {
        const missing = Object.hasOwn(item, because)
          ? names.filter((name) => !Object.hasOwn(item, name))
          : [];
        for (const key of missing)
          report({ parent: at, key }, 'missing', `a value, because ${because} is there`);
      }
    });
  },
  dependentSchemas: ({ value, path, compiler }) => {
    const checks = compiler
      .entries(value, path)
      .map(([key, part, at]) => [key, compiler.compile(part, at)] as const);
    return object((item, at, report) => {
      for (const [key, check] of checks) if (Object.hasOwn(item, key)) check(item, at, report);
    });
  },

  items: ({ value, path, schema, compiler }) => {
    if (isList(value)) compiler.refuse(path, 'is a list, the form of older drafts; write prefixItems.');
    const prefix = schema['prefixItems'];
    const start = isList(prefix) ? prefix.length : 0;
    const check = isList(value) ? accept : compiler.compile(value, path);
    return list((items, at, report) => {
      for (let key = start; key < items.length; key += 1)
        check(items[key] ?? null, { parent: at, key }, report);
    });
  },
  prefixItems: ({ value, path, compiler }) => {
    const checks = compiler.schemas(value, path);
    return list((items, at, report) => {
      items.slice(0, checks.length).forEach((item, key) => checks[key]?.(item, { parent: at, key }, report));
    });
  },
  contains: ({ value, path, schema, compiler }) => {
    const check = compiler.compile(value, path);
    const [least, most] = ['minContains', 'maxContains'].map((name, index) => {
      const limit = schema[name];
      return limit === undefined ? [1, Infinity][index] : compiler.count(limit, [...path.slice(0, -1), name]);
    }) as [number, number];
    const expected = most === Infinity ? `at least ${least}` : `${least} to ${most}`;
    return list((items, at, report) => {
      const matching = items.filter((item) => holds(check, item)).length;
      if (matching >= least && matching <= most) return;
      report(at, `a list with ${matching} items that match "contains"`, expected);
    });
  },
  uniqueItems: ({ value, path, compiler }) => {
    if (typeof value !== 'boolean') compiler.refuse(path, `is ${valueText(value)}; expected true or false.`);
    if (value !== true) return accept;
    return list((items, at, report) => {
      const seen = new Map<string, number>();
      items.forEach((item, key) => {
        const first = seen.get(canonical(item));
        if (first === undefined) seen.set(canonical(item), key);
        else report({ parent: at, key }, `the same as item ${first}`, 'items that differ');
      });
    });
  },

  allOf: ({ value, path, compiler }) => {
    const checks = compiler.schemas(value, path);
    return (item, at, report) => {
      for (const check of checks) check(item, at, report);
    };
  },
  anyOf: ({ value, path, compiler }) => {
    const checks = compiler.schemas(value, path);
    return (item, at, report) => {
      if (!checks.some((check) => holds(check, item))) reportNearest(checks, item, at, report);
    };
  },
  oneOf: ({ value, path, compiler }) => {
    const checks = compiler.schemas(value, path);
    return (item, at, report) => {
      const matching = checks.filter((check) => holds(check, item)).length;
      if (matching === 0) reportNearest(checks, item, at, report);
      if (matching > 1)
        report(at, `${kindText(item)} that matches ${matching} alternatives`, 'one that matches one');
    };
  },
  not: ({ value, path, compiler }) => {
    const check = compiler.compile(value, path);
    return (item, at, report) => {
      if (holds(check, item)) report(at, kindText(item), 'what does not match "not"');
    };
  },
  if: ({ value, path, schema, compiler }) => {
    const condition = compiler.compile(value, path);
    const [yes, no] = ['then', 'else'].map((name) =>
      compiler.compile(schema[name] ?? true, [...path.slice(0, -1), name]),
    );
    return (item, at, report) => (holds(condition, item) ? yes : no)?.(item, at, report);
  },
};

/** A check of objects that lets everything else pass; so do the others below for their kind. */
function object(check: (item: JsonObject, at: At, report: Report) => void): Check {
  return (item, at, report) => {
    if (isObject(item)) check(item, at, report);
  };
}

function eachField(check: Check): Check {
  return object((item, parent, report) => {
    for (const [key, child] of Object.entries(item)) check(child, { parent, key }, report);
  });
}

function list(check: (items: readonly JsonValue[], at: At, report: Report) => void): Check {
  return (item, at, report) => {
    if (isList(item)) check(item, at, report);
  };
}

function text(matches: (item: string) => boolean, expected: string): Check {
  return (item, at, report) => {
    if (typeof item === 'string' && !matches(item)) report(at, 'a string of another form', expected);
  };
}

function oneOf(values: readonly JsonValue[], expected: string): Check {
  const allowed = new Set(values.map(canonical));
  return (item, at, report) => {
    if (!allowed.has(canonical(item))) report(at, 'another value', expected);
  };
}

function bound(
  name: string,
  words: string,
  keeps: (item: number, limit: number) => boolean,
): Record<string, CompileKeyword> {
  const compile: CompileKeyword = ({ value, path, compiler }) => {
    const valid = typeof value === 'number' && (name !== 'multipleOf' || value > 0);
    const wanted = name === 'multipleOf' ? 'a number above 0' : 'a number';
    if (!valid) compiler.refuse(path, `is ${valueText(value)}; expected ${wanted}.`);
    return (item, at, report) => {
      if (typeof item === 'number' && valid && !keeps(item, value))
        report(at, 'out of range', `${words} ${value}`);
    };
  };
  return { [name]: compile };
}

/** `min…` and `max…` of how many there are of something. */
function size(
  what: string,
  unit: string,
  measure: (item: JsonValue) => number | undefined,
): Record<string, CompileKeyword> {
  const compile =
    (words: 'at least' | 'at most'): CompileKeyword =>
    ({ value, path, compiler }) => {
      const limit = compiler.count(value, path);
      return (item, at, report) => {
        const found = measure(item);
        if (found === undefined || (words === 'at least' ? found >= limit : found <= limit)) return;
        report(at, `${kindText(item)} of ${found} ${unit}`, `${words} ${limit}`);
      };
    };
  return { [`min${what}`]: compile('at least'), [`max${what}`]: compile('at most') };
}

/** 0.3 is a multiple of 0.1 to everyone but IEEE 754. */
function isMultiple(value: number, of: number): boolean {
  const quotient = value / of;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9 * Math.max(1, Math.abs(quotient));
}

function codePoints(item: string): number {
  let length = 0;
  for (const _ of item) length += 1;
  return length;
}

function knownField(key: string, known: readonly string[]): string {
  const suggestion = nearestName(key, known);
  if (suggestion !== undefined) return JSON.stringify(suggestion);
  return known.length > 0 && known.length <= 20 ? `one of ${known.join(', ')}` : 'no other field';
}
