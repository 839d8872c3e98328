import { dereference, ucs2length, validate, type OutputUnit, type Schema } from '@cfworker/json-schema';
import type { JsonValue } from '@certoai/loom-core';
import { valueText, type PathSegment } from './definition-issue.js';
import { nearestName } from './nearest-name.js';

/** One place where a value does not match. Paths and kinds only, never the value itself. */
export interface JsonSchemaProblem {
  readonly path: readonly PathSegment[];
  /** What is there, without its content: `a string`, `missing`. */
  readonly found: string;
  readonly expected: string;
  /** The names there are, when it is the field that should not be there. */
  readonly names?: readonly string[];
}

/** What is wrong with `value`, at most `limit` problems. */
export type FindProblems = (value: JsonValue, limit: number) => readonly JsonSchemaProblem[];

/** A schema as the library reads it, with notes of ours on what to say, and for unknown fields which are known. */
export type NotedSchema = Schema & { readonly words?: string; readonly names?: readonly string[] };

/** The library's findings in our words. It takes for granted that `schema` is one. */
export function problemFinder(schema: NotedSchema, lookup = dereference(schema)): FindProblems {
  const schemaOf = (location: string): NotedSchema => {
    let node = schema;
    for (const step of pointerSteps(location).slice(0, -1)) {
      const isReference = step === '$ref' && typeof node.$ref === 'string';
      node = (isReference ? lookup[node.__absolute_ref__ ?? ''] : node[step]) as NotedSchema;
    }
    return node;
  };
  return (value, limit) => {
    for (const onlyFirst of [false, true]) {
      try {
        const { errors } = validate(value, schema, '2020-12', lookup, onlyFirst);
        const problems = new Map<string, JsonSchemaProblem>();
        for (const problem of explain(errors, schemaOf, value)) {
          problems.set(JSON.stringify(problem), problem);
          if (problems.size >= limit) break;
        }
        return [...problems.values()];
      } catch (error) {
        if (error instanceof URIError)
          return [
            { path: [], found: 'a value with a field name that is not Unicode', expected: 'names that are' },
          ];
        // Too deep; or more problems than fit on the stack, and then the first has to do.
        if (!(error instanceof RangeError)) throw error;
      }
    }
    return [{ path: [], found: 'nested too deeply to be checked', expected: 'fewer levels' }];
  };
}

type SchemaOf = (location: string) => NotedSchema;

/** Findings lie flat: a keyword that failed, then those below it because of which it did. */
function* explain(
  units: readonly OutputUnit[],
  schemaOf: SchemaOf,
  root: JsonValue,
): Generator<JsonSchemaProblem> {
  for (let index = 0; index < units.length; index += 1) {
    const { keyword, keywordLocation, instanceLocation, error } = units[index] as OutputUnit;
    const node = schemaOf(keywordLocation);
    const { path, value } = placeOf(instanceLocation, root);
    if (keyword === 'anyOf' || keyword === 'oneOf') {
      const branches = (node[keyword] ?? []).map((): OutputUnit[] => []);
      for (let unit = units[index + 1]; unit !== undefined; unit = units[index + 1]) {
        if (!unit.keywordLocation.startsWith(`${keywordLocation}/`)) break;
        branches[Number.parseInt(unit.keywordLocation.slice(keywordLocation.length + 1), 10)]?.push(unit);
        index += 1;
      }
      const [matches] = /[1-9]\d*(?= matches)/.exec(error) ?? [];
      const found = matches === undefined ? '' : ` that matches ${matches} alternatives`;
      const problem = { path, found: kindText(value) + found, expected: 'one that matches one' };
      if (matches !== undefined) yield problem;
      else if (node.words !== undefined) yield { ...problem, expected: node.words };
      else
        yield* nearest(
          branches.map((branch) => [...explain(branch, schemaOf, root)]),
          problem,
        );
    } else if (keyword === 'required' || keyword === 'dependentRequired') {
      const [, name = ''] = /not have (?:required property )?"(.*)"\.$/su.exec(error) ?? [];
      const { type } = Object(node.properties?.[name]) as Schema;
      yield { path: [...path, name], found: 'missing', expected: typesText(type) };
    } else if (keyword === 'uniqueItems') {
      const [first, second = 0] = Array.from(error.matchAll(/\d+/g), Number);
      yield { path: [...path, second], found: `the same as item ${first}`, expected: 'items that differ' };
    } else if (node.names !== undefined) {
      const expected = node.words ?? knownField(String(path.at(-1)), node.names);
      yield { path, found: 'not a known field', expected, names: node.names };
    } else {
      const [found, expected] = wording(keyword, node, value);
      // Without words of its own a keyword failed because of others, which follow.
      if (expected !== '' && node.words !== '') yield { path, found, expected: node.words ?? expected };
    }
  }
}

/** Of several alternatives that all fail, the one whose problems lie inside the value was meant. */
function nearest(alternatives: readonly JsonSchemaProblem[][], all: JsonSchemaProblem): JsonSchemaProblem[] {
  const isInside = ({ path }: JsonSchemaProblem): boolean => path.length > all.path.length;
  const inside = alternatives.filter((problems) => problems.every(isInside));
  if (inside.length === 1) return inside.flat();
  const here = alternatives.flat().filter((problem) => !isInside(problem));
  const texts = [...new Set(here.map(({ expected }) => expected))];
  const few = texts.length > 0 && texts.length <= 5;
  return [{ ...all, expected: few ? texts.join(', or ') : `one of ${alternatives.length} alternatives` }];
}

const limitWords: Readonly<Record<string, string>> = {
  ...{
    minimum: 'at least',
    maximum: 'at most',
    exclusiveMinimum: 'more than',
    exclusiveMaximum: 'less than',
  },
  ...{ minLength: 'at least', minItems: 'at least', minProperties: 'at least', minContains: 'at least' },
  ...{ maxLength: 'at most', maxItems: 'at most', maxProperties: 'at most', maxContains: 'at most' },
  ...{ multipleOf: 'a multiple of', pattern: 'a string that matches', format: 'a string in the format' },
};

function wording(keyword: string, node: NotedSchema, value: JsonValue): [found: string, expected: string] {
  if (keyword === 'type') return [kindText(value), typesText(node.type)];
  if (keyword === 'not') return [kindText(value), 'what does not match "not"'];
  if (keyword === 'enum') return ['another value', `one of ${node.enum?.map(valueText).join(', ')}`];
  if (keyword === 'const') return ['another value', valueText(node.const)];
  const words = limitWords[keyword];
  if (words === undefined) return ['', ''];
  const expected = `${words} ${node[keyword]}${keyword.endsWith('Contains') ? ' that match "contains"' : ''}`;
  if (typeof value === 'number') return ['out of range', expected];
  if (keyword === 'pattern' || keyword === 'format') return ['a string of another form', expected];
  if (typeof value === 'string') return [`a string of ${ucs2length(value)} characters`, expected];
  if (Array.isArray(value)) return [`a list of ${value.length} items`, expected];
  return [`an object of ${Object.keys(value as object).length} fields`, expected];
}

function knownField(name: string, known: readonly string[]): string {
  const suggestion = nearestName(name, known);
  if (suggestion !== undefined) return JSON.stringify(suggestion);
  return known.length > 0 && known.length <= 20 ? `one of ${known.join(', ')}` : 'no other field';
}

/** What kind of value it is: `a string`. */
function kindText(value: JsonValue): string {
  return value === null ? 'null' : typesText(Array.isArray(value) ? 'array' : typeof value);
}

/** Types of JSON Schema in words: `an integer`. */
function typesText(types: string | readonly string[] = 'value'): string {
  const named = { array: 'a list', object: 'an object', integer: 'an integer', null: 'null' };
  const texts = [types].flat().map((type) => named[type as keyof typeof named] ?? `a ${type}`);
  return texts.join(' or ');
}

function placeOf(location: string, root: JsonValue): { path: readonly PathSegment[]; value: JsonValue } {
  const path: PathSegment[] = [];
  let value = root;
  for (const step of pointerSteps(location)) {
    path.push(Array.isArray(value) ? Number(step) : step);
    value = (value as Readonly<Record<string, JsonValue>>)[step] ?? null;
  }
  return { path, value };
}

/** The steps of a JSON pointer (RFC 6901) that stands in a URI fragment. */
export function pointerSteps(fragment: string): readonly string[] {
  const steps = fragment.split('/').slice(1);
  return steps.map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'));
}
