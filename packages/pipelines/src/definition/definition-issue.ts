import { LoomError } from '@certoai/loom-core';
import { didYouMean } from './nearest-name.js';

/** One thing that is wrong with a definition. */
export interface DefinitionIssue {
  /** Where, as a reader would write it: `stages[2].retry.maxAttempts`. Empty: the definition itself. */
  readonly path: string;
  /** The whole sentence: path, value, expectation, nearest valid name. */
  readonly message: string;
  /** What stands there, shortened to one line. */
  readonly value?: string | undefined;
  /** What may stand there. */
  readonly expected?: string | undefined;
  /** The nearest valid name. */
  readonly suggestion?: string | undefined;
  /** Line in the file the definition was read from, from 1. */
  readonly line?: number | undefined;
  /** Column in that line, from 1. */
  readonly column?: number | undefined;
}

export type PathSegment = string | number;

const bareKey = /^[A-Za-z_$][\w$-]*$/;

/** `['stages', 2, 'retry']` as `stages[2].retry`. */
export function pathText(segments: readonly PathSegment[]): string {
  let text = '';
  for (const segment of segments) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (!bareKey.test(segment)) text += `[${JSON.stringify(segment)}]`;
    else text += text === '' ? segment : `.${segment}`;
  }
  return text;
}

/** A value on one short line, for a message. */
export function valueText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value);
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
      return Object.keys(value).length === 0 ? 'an empty object' : 'an object';
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
    case 'bigint':
      return `the bigint ${value}`;
    default:
      return String(value);
  }
}

/** `path is value; expected …`, the commonest kind of issue. */
export function wrongValue(
  path: readonly PathSegment[],
  value: unknown,
  expected: string,
  suggestion?: string,
): DefinitionIssue {
  const where = pathText(path);
  const subject = where === '' ? 'The definition' : where;
  const shown = value === undefined ? undefined : valueText(value);
  const message = `${subject} is ${shown ?? 'missing'}; expected ${expected}${didYouMean(suggestion)}`;
  return { path: where, message, expected, ...defined({ value: shown, suggestion }) };
}

function defined<Fields extends object>(fields: Fields): Partial<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Partial<Fields>;
}

interface IssueOrigin {
  readonly name?: string | undefined;
  /** The file it was read from. */
  readonly source?: string | undefined;
}

/** Problems that are named in the message; `details.issues` has all of them. */
const shownIssues = 50;

export function invalidDefinition(issues: readonly DefinitionIssue[], origin: IssueOrigin = {}): LoomError {
  const { name, source } = origin;
  const title = `Pipeline definition${name === undefined ? '' : ` ${valueText(name)}`}`;
  const from = source === undefined ? '' : ` in ${source}`;
  const count = issues.length === 1 ? '1 problem' : `${issues.length} problems`;
  const lines = issues.slice(0, shownIssues).map((issue) => `\n  - ${placed(issue)}`);
  const rest = issues.length > shownIssues ? `\n  - and ${issues.length - shownIssues} more.` : '';
  const message = `${title}${from} has ${count}:${lines.join('')}${rest}`;
  return new LoomError('LOOM_INVALID_DEFINITION', message, { issues, ...defined({ name, source }) });
}

function placed({ line, column, message }: DefinitionIssue): string {
  return line === undefined ? message : `line ${line}, column ${column ?? 1}: ${message}`;
}
