import { invalidDefinition } from './definition-issue.js';
import { isSchemaLike } from './input-schema.js';
import type { PipelineDefinition } from './pipeline-definition.js';

/**
 * A pipeline in TypeScript: checks the object literal in the editor and returns a frozen copy, so that no
 * later change reaches it. What types cannot tell is checked when the pipeline is registered or started.
 *
 * `input` may be a zod schema; the type of the pipeline's input then follows from it.
 */
export function definePipeline<Input = unknown>(
  definition: PipelineDefinition<Input>,
): PipelineDefinition<Input> {
  try {
    return frozenCopy(definition, new Map()) as PipelineDefinition<Input>;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw invalidDefinition([{ path: '', message: 'The definition is nested too deeply.' }]);
  }
}

/** The type of the input a pipeline takes: what its zod schema accepts, `unknown` without one. */
export type PipelineInput<Definition> = Definition extends PipelineDefinition<infer Input> ? Input : never;

/** Lists and plain objects are copied; anything else (a schema, or what does not belong here) stays what it is. */
function frozenCopy(value: unknown, copies: Map<object, object>): unknown {
  if (typeof value !== 'object' || value === null || isSchemaLike(value)) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    copies.set(value, list);
    for (const item of value as readonly unknown[]) list.push(frozenCopy(item, copies));
    return Object.freeze(list);
  }
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return value;
  const copy: Record<PropertyKey, unknown> = {};
  copies.set(value, copy);
  for (const key of Reflect.ownKeys(value)) {
    const child = frozenCopy((value as Readonly<Record<PropertyKey, unknown>>)[key], copies);
    // Defined, not assigned: a field called __proto__ must stay one, to be refused later.
    Object.defineProperty(copy, key, { value: child, enumerable: true, writable: true, configurable: true });
  }
  return Object.freeze(copy);
}
