import type { JsonValue } from '@certoai/loom-core';
import { accept, holds } from './check.js';
import type { CompileKeyword, Keyword } from './schema-reader.js';
import { size } from './scalar-keywords.js';
import { canonical, isList } from './values.js';

export const listKeywords: Readonly<Record<string, CompileKeyword>> = {
  items: ({ value, path, schema, reader }) => {
    if (isList(value)) {
      reader.refuse(path, 'is a list, the form of older drafts; write prefixItems.');
      return accept;
    }
    const prefix = schema['prefixItems'];
    const start = isList(prefix) ? prefix.length : 0;
    const check = reader.compile(value, path);
    return (item, at, report) => {
      if (!isList(item)) return;
      for (let key = start; key < item.length; key += 1)
        check(item[key] ?? null, { parent: at, key }, report);
    };
  },

  prefixItems: ({ value, path, reader }) => {
    const checks = reader.schemas(value, path);
    return (item, at, report) => {
      if (!isList(item)) return;
      for (const [key, check] of checks.entries()) {
        if (key < item.length) check(item[key] ?? null, { parent: at, key }, report);
      }
    };
  },

  contains: (keyword) => {
    const check = keyword.reader.compile(keyword.value, keyword.path);
    const least = companion(keyword, 'minContains', 1);
    const most = companion(keyword, 'maxContains', Infinity);
    const expected = most === Infinity ? `at least ${least}` : `${least} to ${most}`;
    return (item, at, report) => {
      if (!isList(item)) return;
      const matching = item.filter((child) => holds(check, child)).length;
      if (matching >= least && matching <= most) return;
      report(at, `a list with ${matching} items that match "contains"`, expected);
    };
  },

  minItems: (keyword) => size(keyword, 'at least', 'items', itemsOf),
  maxItems: (keyword) => size(keyword, 'at most', 'items', itemsOf),

  uniqueItems: ({ value, path, reader }) => {
    if (typeof value !== 'boolean') reader.refuse(path, 'expects true or false.');
    return (item, at, report) => {
      if (value !== true || !isList(item)) return;
      const seen = new Map<string, number>();
      item.forEach((child, key) => {
        const first = seen.get(canonical(child));
        if (first === undefined) seen.set(canonical(child), key);
        else report({ parent: at, key }, `the same as item ${first}`, 'items that differ');
      });
    };
  },
};

/** The value of a keyword that is read together with another. */
function companion({ schema, path, reader }: Keyword, name: string, otherwise: number): number {
  const value = schema[name];
  return value === undefined ? otherwise : reader.count(value, [...path.slice(0, -1), name]);
}

function itemsOf(item: JsonValue): number | undefined {
  return isList(item) ? item.length : undefined;
}
