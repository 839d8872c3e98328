import { holds, reportNearest } from './check.js';
import type { CompileKeyword } from './schema-reader.js';
import { kindText } from './values.js';

/** Schemas made of schemas. */
export const logicKeywords: Readonly<Record<string, CompileKeyword>> = {
  allOf: ({ value, path, reader }) => {
    const checks = reader.schemas(value, path);
    return (item, at, report) => {
      for (const check of checks) check(item, at, report);
    };
  },

  anyOf: ({ value, path, reader }) => {
    const checks = reader.schemas(value, path);
    return (item, at, report) => {
      if (!checks.some((check) => holds(check, item))) reportNearest(checks, item, at, report);
    };
  },

  oneOf: ({ value, path, reader }) => {
    const checks = reader.schemas(value, path);
    return (item, at, report) => {
      const matching = checks.filter((check) => holds(check, item)).length;
      if (matching === 1) return;
      if (matching === 0) reportNearest(checks, item, at, report);
      else
        report(at, `${kindText(item)} that matches ${matching} alternatives`, 'one that matches exactly one');
    };
  },

  not: ({ value, path, reader }) => {
    const check = reader.compile(value, path);
    return (item, at, report) => {
      if (holds(check, item)) report(at, kindText(item), 'what does not match "not"');
    };
  },

  if: ({ value, path, schema, reader }) => {
    const base = path.slice(0, -1);
    const condition = reader.compile(value, path);
    const [yes, no] = ['then', 'else'].map((name) => {
      const branch = schema[name];
      return branch === undefined ? undefined : reader.compile(branch, [...base, name]);
    });
    return (item, at, report) => {
      (holds(condition, item) ? yes : no)?.(item, at, report);
    };
  },
};
