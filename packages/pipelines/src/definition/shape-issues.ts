import type { JsonValue } from '@certoai/loom-core';
import type { z } from 'zod';
import {
  pathText,
  valueText,
  wrongValue,
  type DefinitionIssue,
  type PathSegment,
} from './definition-issue.js';
import { didYouMean, nearestName } from './nearest-name.js';

type ZodIssue = z.core.$ZodIssue;

interface Translated {
  readonly issue: DefinitionIssue;
  /** Path of the field that an unknown one was probably meant to be. */
  readonly meant?: string | undefined;
}

/** Blocks that belong to one mode, for the hint when they stand in a stage of another. */
const modeOfField: Readonly<Record<string, string>> = {
  scatter: 'scatter',
  gather: 'gather',
  mapReduce: 'map-reduce',
  actors: 'broadcast',
  branches: 'fork-join',
};

/** What other tools call our fields. */
const otherWords: Readonly<Record<string, string>> = {
  args: 'input',
  condition: 'when',
  handler: 'actor',
  if: 'when',
  needs: 'dependsOn',
  params: 'input',
  retries: 'retry',
  type: 'mode',
};

/**
 * What zod found, as our own sentences. `data` is what was checked, `path` where it stands; the
 * messages of the schema are expectations, or the known fields (see `schema.ts`).
 */
export function shapeIssues(
  found: readonly ZodIssue[],
  data: JsonValue,
  path: readonly PathSegment[],
  mode?: string,
): readonly DefinitionIssue[] {
  const translated = found.flatMap((issue) => translate(issue, data, path, mode));
  // "actr: did you mean actor" says that actor is missing, too.
  const misspelt = new Set(translated.flatMap(({ meant }) => (meant === undefined ? [] : [meant])));
  const issues = translated
    .map(({ issue }) => issue)
    .filter(({ path: at, value }) => value !== undefined || !misspelt.has(at));
  // A number that breaks two rules of one field is one problem.
  return issues.filter(
    ({ message }, index) => issues.findIndex((other) => other.message === message) === index,
  );
}

function translate(
  issue: ZodIssue,
  data: JsonValue,
  base: readonly PathSegment[],
  mode: string | undefined,
): readonly Translated[] {
  const inside = issue.path as readonly PathSegment[];
  const path = [...base, ...inside];
  const value = valueAt(data, inside);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) =>
        unknownField(key, issue.message.split(' '), path, inside.length === 0 ? mode : undefined),
      );
    case 'invalid_union': {
      const branch = meantBranch(issue.errors, value);
      if (branch === undefined) return [{ issue: wrongValue(path, value, issue.message) }];
      return branch.flatMap((inner) =>
        translate({ ...inner, path: [...issue.path, ...inner.path] }, data, base, mode),
      );
    }
    case 'invalid_key': {
      const key = path.at(-1);
      const expected = issue.issues[0]?.message ?? 'another name';
      const where = pathText(path.slice(0, -1));
      const message = `${where} has the name ${valueText(key)}; expected ${expected}.`;
      return [{ issue: { path: where, message, value: valueText(key), expected } }];
    }
    case 'invalid_value': {
      const words = issue.values.filter((word) => typeof word === 'string');
      const suggestion = typeof value === 'string' ? nearestName(value, words) : undefined;
      return [{ issue: wrongValue(path, value, issue.message, suggestion) }];
    }
    default:
      return [{ issue: wrongValue(path, value, issue.message) }];
  }
}

/**
 * Of a union, the branch that was meant: the one whose problems lie inside the value, not in what
 * kind of value it is; of several, the one that misses the fewest of its own fields. `undefined` when
 * that is none or several.
 */
function meantBranch(
  branches: readonly (readonly ZodIssue[])[],
  value: unknown,
): readonly ZodIssue[] | undefined {
  const near = branches.filter(
    (issues) => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
  );
  const missing = near.map((issues) => issues.filter((issue) => isMissing(issue, value)).length);
  const fewest = Math.min(...missing);
  const meant = near.filter((_, index) => missing[index] === fewest);
  return meant.length === 1 && value !== undefined ? meant[0] : undefined;
}

function isMissing({ path: [field, ...deeper] }: ZodIssue, value: unknown): boolean {
  return field !== undefined && deeper.length === 0 && !Object.hasOwn(Object(value) as object, field);
}

function unknownField(
  key: string,
  known: readonly string[],
  path: readonly PathSegment[],
  mode: string | undefined,
): Translated {
  const where = pathText([...path, key]);
  if (mode !== undefined) {
    const wanted = Object.hasOwn(modeOfField, key) ? modeOfField[key] : undefined;
    if (wanted !== undefined && wanted !== mode) {
      const message = `${where} belongs to mode "${wanted}", and this stage has mode "${mode}"; set mode: ${wanted}.`;
      return { issue: { path: where, message, suggestion: wanted } };
    }
  }
  const other = Object.hasOwn(otherWords, key) ? otherWords[key] : undefined;
  const suggestion =
    nearestName(key, known) ?? (other !== undefined && known.includes(other) ? other : undefined);
  const owner = mode === undefined ? 'here' : `of a stage with mode "${mode}"`;
  const list = suggestion === undefined ? `; expected one of ${known.join(', ')}.` : didYouMean(suggestion);
  const message = `${where} is not a field ${owner}${list}`;
  return {
    issue: { path: where, message, expected: known.join(', '), suggestion },
    meant: suggestion === undefined ? undefined : pathText([...path, suggestion]),
  };
}

function valueAt(data: JsonValue, path: readonly PathSegment[]): unknown {
  let value: unknown = data;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<PathSegment, unknown>>)[step];
  }
  return value;
}
