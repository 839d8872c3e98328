import { inspect } from 'node:util';
import type { core } from 'zod';
import { LoomError } from '@certoai/loom-core';
import { nearestName } from '../internal/nearest-name.js';
import { fieldsByBlock } from './actor-metadata-schema.js';

/** One thing that is wrong with the metadata of an actor. */
export interface MetadataProblem {
  /** The field, such as `limits.concurrency`; empty when it is the whole. */
  readonly path: string;
  /** The file it was read from. */
  readonly file?: string | undefined;
  /** Counts from 1. */
  readonly line?: number | undefined;
  /** What is wrong with which value and what to do, as plain sentences. */
  readonly message: string;
}

export interface ProblemContext {
  /** Where the value at a path was given, such as `actors/mailer.yaml:3`, and the same as data. */
  readonly placeOf: (path: readonly string[]) => {
    readonly text: string;
    readonly file?: string;
    readonly line?: number | undefined;
  };
  /** What to say of a value instead of showing it, such as one that came from the environment. */
  readonly hiddenAt?: (path: readonly string[]) => string | undefined;
}

/** What zod found, as messages that name path, place, value, expectation and nearest name. */
export function describeProblems(
  issues: readonly core.$ZodIssue[],
  value: unknown,
  { placeOf, hiddenAt }: ProblemContext,
): readonly MetadataProblem[] {
  const problem = (path: readonly string[], said: string): MetadataProblem => {
    const { text, file, line } = placeOf(path);
    const name = path.join('.');
    return { path: name, file, line, message: `${name || 'The metadata'} (${text}) ${said}` };
  };
  const found = issues.flatMap((issue): readonly MetadataProblem[] => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      const fields = fieldsByBlock[path.map((part) => (/^\d+$/.test(part) ? '*' : part)).join('.')] ?? [];
      return issue.keys.map((key) =>
        problem([...path, key], `is not a field. ${unknownHint(key, path, fields)}`),
      );
    }
    const given = valueAt(value, path);
    const meant =
      issue.code === 'invalid_value' && typeof given === 'string'
        ? nearestName(given, issue.values.map(String))
        : undefined;
    const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
    const quoted = typeof given === 'string' && /^-?\d+(\.\d+)?$/.test(given) && /number/.test(issue.message);
    const expected = quoted ? issue.message.replace(/\.$/, ', without quotes.') : issue.message;
    const shown = hiddenAt?.(path) ?? describeValue(given);
    return [problem(path, `is ${shown}. ${expected}${hint}`)];
  });
  // A value may fail several checks; what it is and what is wanted is the same for each.
  return found.filter(
    ({ message }, index) => found.findIndex((other) => other.message === message) === index,
  );
}

/** One error for all that was found: a single problem speaks for itself, several become a list. */
export function invalidMetadata(problems: readonly MetadataProblem[], options?: ErrorOptions): LoomError {
  const messages = problems.map(({ message }) => message);
  const text =
    messages.length === 1
      ? `${messages[0]}`
      : `The actor metadata has ${messages.length} problems:\n- ${messages.join('\n- ')}`;
  return new LoomError('LOOM_INVALID_CONFIG', text, { problems }, options);
}

function unknownHint(key: string, path: readonly string[], fields: readonly string[]): string {
  const here = nearestName(key, fields);
  if (here !== undefined) return `Did you mean ${[...path, here].join('.')}?`;
  for (const [block, names] of Object.entries(fieldsByBlock)) {
    const elsewhere = block.includes('*') ? undefined : nearestName(key, names);
    if (elsewhere !== undefined) return `Did you mean ${block ? `${block}.` : ''}${elsewhere}?`;
  }
  return `Known here: ${fields.join(', ')}.`;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (part, key) =>
      typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[key] : undefined,
    // `lifecycle: stable` is short for `lifecycle: { stage: stable }`.
    path.join('.') === 'lifecycle.stage' && typeof (value as { lifecycle?: unknown }).lifecycle === 'string'
      ? { lifecycle: { stage: (value as { lifecycle: string }).lifecycle } }
      : value,
  );
}

function describeValue(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'empty';
  if (value === '') return 'empty text';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'function') return 'a function';
  return inspect(value);
}
