import * as library from '@cfworker/json-schema';
import type { JsonValue } from '@certoai/loom-core';
import {
  pathText,
  valueText,
  wrongValue,
  type DefinitionIssue,
  type PathSegment,
} from './definition-issue.js';
import { pointerSteps, problemFinder, type FindProblems, type NotedSchema } from './json-schema-problems.js';
import { didYouMean, nearestName } from './nearest-name.js';

const { dereference, format, schemaArrayKeyword, schemaKeyword, schemaMapKeyword, validate } = library;

const schema = { $ref: '#' };
const schemas = { type: 'array', minItems: 1, items: schema, words: 'a list of one schema or more' };
const schemasByName = { type: 'object', additionalProperties: schema };
const names = { type: 'array', items: { type: 'string', words: 'the name of a field' } };
const count = { type: 'integer', minimum: 0, words: 'a whole number, 0 or more' };
const number = { type: 'number' };
const pattern = { type: 'string', format: 'regex', words: 'a regular expression' };
const types = ['null', 'boolean', 'object', 'array', 'number', 'integer', 'string'];
const typeWords = `one of ${types.join(', ')}`;
const type = { enum: types, words: typeWords };

/** Keywords of draft 2020-12 that are checked, each with the schema of what stands there. */
const keywords = {
  type: { anyOf: [type, { type: 'array', minItems: 1, items: type }], words: typeWords },
  ...{ enum: { type: 'array' }, const: {} },
  ...{ minimum: number, maximum: number, exclusiveMinimum: number, exclusiveMaximum: number },
  multipleOf: { type: 'number', exclusiveMinimum: 0, words: 'a number above 0' },
  ...{ minLength: count, maxLength: count, pattern, format: { type: 'string' } },
  ...{ minItems: count, maxItems: count, uniqueItems: { type: 'boolean' } },
  ...{ prefixItems: schemas, items: schema, contains: schema, minContains: count, maxContains: count },
  ...{ minProperties: count, maxProperties: count, required: names },
  ...{ properties: schemasByName, additionalProperties: schema, propertyNames: schema },
  patternProperties: {
    ...schemasByName,
    propertyNames: { ...matches(pattern, 'a regular expression'), names: [] },
  },
  dependentRequired: { type: 'object', additionalProperties: names },
  dependentSchemas: schemasByName,
  ...{ allOf: schemas, anyOf: schemas, oneOf: schemas },
  // Not written as fields: an object with a `then` is one that `await` calls.
  ...Object.fromEntries(['not', 'if', 'then', 'else'].map((name) => [name, schema])),
  ...{ $defs: schemasByName, definitions: schemasByName },
  $ref: { type: 'string', pattern: '^#', words: 'a place in this schema, such as "#/$defs/file"' },
};
/** Keywords that speak to readers and tools and say nothing about validity. */
const notes =
  '$schema $id $comment title description default examples example deprecated readOnly writeOnly ' +
  'contentEncoding contentMediaType contentSchema';
const properties = { ...keywords, ...Object.fromEntries(notes.split(' ').map((name) => [name, {}])) };
const findSchemaProblems = problemFinder({
  type: ['object', 'boolean'],
  words: 'a JSON Schema',
  properties,
  patternProperties: { '^x-': {} },
  additionalProperties: { not: {}, names: Object.keys(properties) },
} as NotedSchema);

/**
 * Makes a JSON Schema of draft 2020-12 ready for use, without what no input of a pipeline has needed:
 * references beyond the schema, anchors, `unevaluated…`. A keyword that is not known is a problem of the
 * schema and not something to skip, so that a typing error cannot switch a check off.
 *
 * The library is one that generates no code at run time, which hardened processes forbid; zod's own
 * `fromJSONSchema` accepts `{}` for `{ type: object, required: [files] }`.
 * @param path - where the schema stands in the definition
 */
export function compileJsonSchema(
  given: JsonValue,
  path: readonly PathSegment[],
): { readonly findProblems: FindProblems; readonly issues: readonly DefinitionIssue[] } {
  const refuse = (at: readonly PathSegment[], text: string, suggestion?: string): DefinitionIssue => {
    const where = pathText([...path, ...at]);
    return { path: where, message: `${where} ${text}`, ...(suggestion === undefined ? {} : { suggestion }) };
  };
  const issues = findSchemaProblems(given, Infinity).map(({ path: at, found, expected, names }) => {
    const value = at.reduce((part, step) => (part as Record<string, JsonValue>)[step] ?? null, given);
    if (names === undefined) {
      // Of the schema as a whole: too deep, for one.
      if (at.length === 0) return refuse(at, `is ${found}; expected ${expected}.`);
      const isType = expected === typeWords && typeof value === 'string';
      const meant = isType ? nearestName(value, types) : undefined;
      return wrongValue([...path, ...at], value, expected, meant);
    }
    if (names.length === 0) return refuse(at, `is not ${expected}.`);
    const meant = nearestName(String(at.at(-1)), names);
    return refuse(at, `is not a keyword of JSON Schema that is known here${didYouMean(meant)}`, meant);
  });
  if (issues.length > 0) return { findProblems: () => [], issues };
  try {
    const prepared = prepare(given) as NotedSchema;
    const lookup = dereference(prepared);
    const parts = Object.entries(lookup);
    for (const [uri, part] of parts) {
      const { $ref, __absolute_ref__: target = '' } = Object(part) as NotedSchema;
      if ($ref === undefined || lookup[target] !== undefined) continue;
      const text = `is ${valueText($ref)}, and there is nothing at that place in this schema.`;
      issues.push(refuse([...pointerSteps(uri.split('#')[1] ?? ''), '$ref'], text));
    }
    // A part that refers to itself without going down into the value does so for every value.
    if (issues.length === 0) for (const [, part] of parts) validate(null, part, '2020-12', lookup);
    return { findProblems: problemFinder(prepared, lookup), issues };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { findProblems: () => [], issues: [refuse([], 'refers to itself without end, or is too deep.')] };
  }
}

/**
 * A copy for the library, which marks what it reads: without notes and unknown formats, and in forms whose
 * findings say what to tell.
 */
function prepare(part: JsonValue): JsonValue {
  if (part === false) return { not: {}, words: 'nothing here' };
  if (typeof part !== 'object' || part === null) return part;
  const given = part as Readonly<Record<string, JsonValue>>;
  const entries = Object.entries(given).flatMap(([key, value]): [string, JsonValue][] => {
    if (!Object.hasOwn(keywords, key)) return [];
    // Of the formats that are not in the standard one, `url`, takes exponential time.
    if (key === 'format' && (value === 'url' || !Object.hasOwn(format, value as string))) return [];
    if (key === 'additionalProperties' && value === false)
      return [[key, { not: {}, names: Object.keys(given['properties'] ?? {}) }]];
    if (key === 'contains')
      return [
        ['minContains', given['minContains'] ?? 1],
        [key, matches(prepare(value), '')],
      ];
    if (key === 'propertyNames') {
      const { pattern: form = key } = Object(value) as { pattern?: string };
      return [[key, { ...matches(prepare(value), `a name that matches ${form}`), names: [] }]];
    }
    if (schemaMapKeyword[key] === true) {
      const parts = Object.entries(value as Readonly<Record<string, JsonValue>>);
      return [[key, Object.fromEntries(parts.map(([name, each]) => [name, prepare(each)]))]];
    }
    if (Array.isArray(value) && schemaArrayKeyword[key] === true) return [[key, value.map(prepare)]];
    return [[key, schemaKeyword[key] === true ? prepare(value) : value]];
  });
  return Object.fromEntries(entries);
}

/** Whether `part` matches, without its findings why not. */
function matches(part: JsonValue, words: string): { not: JsonValue; words: string } {
  return { not: { not: part }, words };
}
