import type { JsonValue } from '@certoai/loom-core';
import type { DefinitionIssue, PathSegment } from '../definition-issue.js';
import { pathOf, type JsonSchemaProblem } from './check.js';
import { SchemaCompiler } from './schema-compiler.js';

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
  const check = compiler.compile(schema, path);
  try {
    // A schema that refers to itself without going down into the value does so for every value.
    if (compiler.issues.length === 0) check(null, undefined, () => undefined);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    compiler.refuse(path, 'refers to itself without end.');
  }
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
