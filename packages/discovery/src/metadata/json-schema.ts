import { nearestName } from '../internal/nearest-name.js';
import { isPlainObject, jsonProblem, type JsonProblem } from '../internal/plain-data.js';
import type { JsonSchema } from './actor-metadata.js';
import { loadZod } from './load-zod.js';

type Side = 'input' | 'output';
type Converted = { readonly schema: JsonSchema } | { readonly problem: JsonProblem };

const wanted = 'Give a JSON Schema as plain data, or a zod 4 schema.';

/** JSON Schema as it is, or what a schema of zod or another Standard JSON Schema library says of itself. */
export function toJsonSchema(value: unknown, side: Side): Converted {
  if (typeof value === 'boolean') return { schema: value };
  if (isPlainObject(value) && !('~standard' in value)) return { schema: value };
  const refuse = (message: string): Converted => ({ problem: { path: [], message } });
  const convert = converterOf(value, side);
  if (convert === undefined) return refuse(wanted);
  try {
    const schema = convert();
    return isPlainObject(schema) ? { schema } : refuse(wanted);
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
    return refuse(`It cannot be written as JSON Schema: ${reason}. Describe the JSON that is sent.`);
  }
}

function converterOf(value: unknown, side: Side): (() => unknown) | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  const standard = (
    value as { readonly '~standard'?: { readonly jsonSchema?: Partial<Record<Side, unknown>> } }
  )['~standard'];
  const own = standard?.jsonSchema?.[side];
  if (typeof own === 'function') {
    return () => (own as (options: object) => unknown)({ target: 'draft-2020-12' });
  }
  // zod 4 before 4.2 has no method of its own for it.
  if (!('_zod' in value)) return undefined;
  return () => loadZod().toJSONSchema(value as never, { io: side });
}

const types = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'];
const schemaFields = [
  'additionalProperties',
  'contains',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
];
const schemaLists = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const schemaMaps = ['$defs', 'definitions', 'dependentSchemas', 'patternProperties', 'properties'];

/** What cannot be meant in a JSON Schema: types that do not exist, and parts that are no schemas. */
export function problemsInJsonSchema(schema: unknown): readonly JsonProblem[] {
  const stray = jsonProblem(schema);
  if (stray) return [stray];
  const found: JsonProblem[] = [];
  const visit = (part: unknown, path: readonly string[]): void => {
    if (typeof part === 'boolean') return;
    if (!isPlainObject(part))
      return void found.push({ path, message: 'Give a JSON Schema: true, false or an object.' });
    const { type, required } = part;
    for (const one of type === undefined ? [] : [type].flat()) {
      if (typeof one === 'string' && types.includes(one)) continue;
      const meant = typeof one === 'string' ? nearestName(one, types) : undefined;
      const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
      found.push({ path: [...path, 'type'], message: `Give one of ${types.join(', ')}.${hint}` });
    }
    if (
      required !== undefined &&
      !(Array.isArray(required) && required.every((name) => typeof name === 'string'))
    ) {
      found.push({ path: [...path, 'required'], message: 'Give a list of property names.' });
    }
    for (const field of schemaFields) if (field in part) visitEach(part[field], [...path, field]);
    for (const field of schemaLists) {
      if (!(field in part)) continue;
      if (Array.isArray(part[field])) visitEach(part[field], [...path, field]);
      else found.push({ path: [...path, field], message: 'Give a list of JSON Schemas.' });
    }
    for (const field of schemaMaps) {
      if (!(field in part)) continue;
      const map = part[field];
      if (isPlainObject(map))
        for (const [key, child] of Object.entries(map)) visit(child, [...path, field, key]);
      else found.push({ path: [...path, field], message: 'Give JSON Schemas by name.' });
    }
  };
  const visitEach = (part: unknown, path: readonly string[]): void => {
    // `items` was a list in drafts before 2020-12.
    if (Array.isArray(part)) part.forEach((child, index) => visit(child, [...path, String(index)]));
    else visit(part, path);
  };
  visit(schema, []);
  return found;
}
