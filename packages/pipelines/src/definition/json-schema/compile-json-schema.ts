import type { JsonValue } from '@certoai/loom-core';
import { valueText, type DefinitionIssue, type PathSegment } from '../definition-issue.js';
import { didYouMean, nearestName } from '../nearest-name.js';
import { accept, pathOf, type Check, type JsonSchemaProblem } from './check.js';
import { listKeywords } from './list-keywords.js';
import { logicKeywords } from './logic-keywords.js';
import { objectKeywords } from './object-keywords.js';
import { scalarKeywords } from './scalar-keywords.js';
import { SchemaReader, type CompileKeyword } from './schema-reader.js';
import { isObject, kindText, own, type JsonObject } from './values.js';

/** What is wrong with `value`, at most `limit` problems. */
export type FindProblems = (value: JsonValue, limit: number) => readonly JsonSchemaProblem[];

/**
 * Compiles a JSON Schema, draft 2020-12, without what no input of a pipeline has needed: references
 * beyond the schema, anchors, `unevaluated…`. A keyword that is not known is a problem of the schema and
 * not something to skip, so that a typing error cannot switch a check off.
 *
 * Ours because zod 4.6's `fromJSONSchema` accepts `{}` for `{ type: object, required: [files] }`, and anything
 * for a schema without `type`; and because ajv generates code at run time, which hardened processes forbid.
 * @param path - where the schema stands in the definition
 */
export function compileJsonSchema(
  schema: JsonValue,
  path: readonly PathSegment[],
): { readonly findProblems: FindProblems; readonly issues: readonly DefinitionIssue[] } {
  const compiler = new SchemaCompiler(schema);
  const check = compiler.compileRoot(path);
  return {
    issues: compiler.issues,
    findProblems: (value, limit) => {
      const problems: JsonSchemaProblem[] = [];
      check(value, undefined, (at, found, expected) => {
        if (problems.length < limit) problems.push({ path: pathOf(at), found, expected });
      });
      return problems;
    },
  };
}

/** Keywords that speak to readers and tools and say nothing about validity. */
const annotations: ReadonlySet<string> = new Set(
  (
    '$schema $id $comment $defs definitions title description default examples example ' +
    'deprecated readOnly writeOnly contentEncoding contentMediaType contentSchema'
  ).split(' '),
);

/** Read together with another keyword. */
const companions: ReadonlySet<string> = new Set(['then', 'else', 'minContains', 'maxContains']);

const keywords: Readonly<Record<string, CompileKeyword>> = {
  ...scalarKeywords,
  ...objectKeywords,
  ...listKeywords,
  ...logicKeywords,
};

class SchemaCompiler {
  readonly #root: JsonValue;
  readonly #reader = new SchemaReader((schema, path) => this.#compile(schema, path));
  readonly #references = new Map<string, Check>();

  constructor(root: JsonValue) {
    this.#root = root;
  }

  get issues(): readonly DefinitionIssue[] {
    return this.#reader.issues;
  }

  compileRoot(path: readonly PathSegment[]): Check {
    const check = this.#compile(this.#root, path);
    try {
      // A schema that refers to itself without going down into the value does so for every value.
      if (this.issues.length === 0) check(null, undefined, () => undefined);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#reader.refuse(path, 'refers to itself without end.');
    }
    return check;
  }

  #compile(schema: JsonValue | undefined, path: readonly PathSegment[]): Check {
    if (schema === true) return accept;
    if (schema === false) return (value, at, report) => report(at, kindText(value), 'nothing here');
    if (!isObject(schema)) {
      this.#reader.refuse(path, `is ${valueText(schema)}; expected a JSON Schema.`);
      return accept;
    }
    const checks = Object.keys(schema).flatMap((name) => this.#keyword(name, schema, path));
    // A mistake in a definition that nothing uses is found now, and not with its first use.
    for (const group of ['$defs', 'definitions']) {
      const named = schema[group];
      if (isObject(named)) {
        for (const [name, part] of Object.entries(named)) this.#compile(part, [...path, group, name]);
      }
    }
    const [only] = checks;
    if (checks.length === 1 && only !== undefined) return only;
    return (value, at, report) => {
      for (const check of checks) check(value, at, report);
    };
  }

  #keyword(name: string, schema: JsonObject, base: readonly PathSegment[]): readonly Check[] {
    if (annotations.has(name) || companions.has(name) || name.startsWith('x-')) return [];
    const path = [...base, name];
    const value = schema[name] ?? null;
    if (name === '$ref') return [this.#reference(value, path)];
    const compile = Object.hasOwn(keywords, name) ? keywords[name] : undefined;
    if (compile !== undefined) return [compile({ value, path, schema, reader: this.#reader })];
    const suggestion = nearestName(name, [...Object.keys(keywords), '$ref', ...annotations, ...companions]);
    this.#reader.refuse(
      path,
      `is not a keyword of JSON Schema that is known here${didYouMean(suggestion)}`,
      suggestion,
    );
    return [];
  }

  #reference(value: JsonValue, path: readonly PathSegment[]): Check {
    if (typeof value !== 'string' || !value.startsWith('#')) {
      this.#reader.refuse(
        path,
        `is ${valueText(value)}; expected a place in this schema, such as "#/$defs/file".`,
      );
      return accept;
    }
    // Looked up when it runs, because the schema may refer to itself.
    const check: Check = (item, at, report) => this.#references.get(value)?.(item, at, report);
    if (this.#references.has(value)) return check;
    const target = pointer(this.#root, value.slice(1));
    if (target === undefined) {
      this.#reader.refuse(path, `is ${valueText(value)}, and there is nothing at that place in this schema.`);
      return accept;
    }
    this.#references.set(value, accept);
    const issuesBefore = this.#reader.issues.length;
    this.#references.set(value, this.#compile(target, path));
    // What is wrong with the target is said where the target stands.
    this.#reader.issues.length = issuesBefore;
    return check;
  }
}

/** The part of `root` at a JSON pointer (RFC 6901), as it stands in a URI fragment. */
function pointer(root: JsonValue, fragment: string): JsonValue | undefined {
  if (fragment === '') return root;
  if (!fragment.startsWith('/')) return undefined;
  let part: JsonValue | undefined = root;
  for (const step of fragment.slice(1).split('/')) {
    if (typeof part !== 'object' || part === null) return undefined;
    part = own(part as JsonObject, decodeStep(step));
  }
  return part;
}

function decodeStep(step: string): string {
  let decoded = step;
  try {
    decoded = decodeURIComponent(step);
  } catch {
    // Not percent-encoded after all.
  }
  return decoded.replaceAll('~1', '/').replaceAll('~0', '~');
}
