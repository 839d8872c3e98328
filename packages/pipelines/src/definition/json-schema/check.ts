import type { JsonValue } from '@certoai/loom-core';
import type { PathSegment } from '../definition-issue.js';
import { kindText } from './values.js';

/** One place where a value does not match. Paths and kinds only, never the value itself. */
export interface JsonSchemaProblem {
  readonly path: readonly PathSegment[];
  /** What is there, without its content: `a string`, `missing`. */
  readonly found: string;
  readonly expected: string;
}

/** Where in the value: a linked list, so that going down costs nothing until something is wrong. */
export type At = { readonly parent: At; readonly key: PathSegment } | undefined;
export type Report = (at: At, found: string, expected: string) => void;

/** A compiled schema, or one keyword of it. */
export type Check = (value: JsonValue, at: At, report: Report) => void;

export const accept: Check = () => undefined;

export function problemsOf(check: Check, value: JsonValue, at?: At): Parameters<Report>[] {
  const problems: Parameters<Report>[] = [];
  check(value, at, (...problem) => problems.push(problem));
  return problems;
}

export function holds(check: Check, value: JsonValue): boolean {
  return problemsOf(check, value).length === 0;
}

/** Of several alternatives that all fail, the one whose problems lie inside the value was meant. */
export function reportNearest(checks: readonly Check[], value: JsonValue, at: At, report: Report): void {
  const outcomes = checks.map((check) => problemsOf(check, value, at));
  const inside = outcomes.filter((problems) => problems.every(([where]) => where !== at));
  if (inside.length === 1) {
    for (const problem of inside.flat()) report(...problem);
    return;
  }
  const here = outcomes.flat().filter(([where]) => where === at);
  const expected = [...new Set(here.map(([, , text]) => text))];
  const few = expected.length > 0 && expected.length <= 5;
  report(at, kindText(value), few ? expected.join(', or ') : `one of ${checks.length} alternatives`);
}

export function pathOf(at: At): readonly PathSegment[] {
  return at === undefined ? [] : [...pathOf(at.parent), at.key];
}
