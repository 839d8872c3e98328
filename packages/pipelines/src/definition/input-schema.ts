import { LoomError, type JsonValue } from '@certoai/loom-core';
import { invalidDefinition, pathText } from './definition-issue.js';
import type { FindProblems } from './json-schema-problems.js';
import type { SchemaLike } from './pipeline-definition.js';

/** Problems of an input that are named in the error. */
const shownProblems = 20;

const compiled = new WeakMap<object, FindProblems>();

/**
 * Checks an input against the schema of a plan (`plan.inputSchema`); a schema is compiled once.
 * @throws LoomError `LOOM_INVALID_INPUT` that names each place, what kind of value is there and what is
 * expected. Never the value: inputs are payloads, and messages end up in logs.
 */
export async function validateInput(schema: JsonValue | undefined, input: JsonValue): Promise<void> {
  if (typeof schema !== 'object' || schema === null) return;
  const problems = (compiled.get(schema) ?? (await compile(schema)))(input, shownProblems);
  if (problems.length === 0) return;
  const issues = problems.map(({ path, found, expected }) => {
    const where = pathText(['input', ...path]);
    return { path: where, message: `${where} is ${found}; expected ${expected}.`, expected };
  });
  const lines = issues.map(({ message }) => `\n  - ${message}`).join('');
  throw new LoomError('LOOM_INVALID_INPUT', `The input does not match the pipeline's schema:${lines}`, {
    issues,
  });
}

async function compile(schema: object): Promise<FindProblems> {
  const { compileJsonSchema } = await import('./compile-json-schema.js');
  const { findProblems, issues } = compileJsonSchema(schema as JsonValue, ['input']);
  if (issues.length > 0) throw invalidDefinition(issues);
  compiled.set(schema, findProblems);
  return findProblems;
}

/** Whether `value` is a schema object (zod 4, or another that follows Standard Schema). */
export function isSchemaLike(value: unknown): value is SchemaLike {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  try {
    return '~standard' in value;
  } catch {
    // A proxy that throws; the copy says so.
    return false;
  }
}

/**
 * The JSON Schema of what a schema object accepts, by Standard JSON Schema (https://standardschema.dev/json-schema),
 * which zod has from 4.2; older zod 4 by its own export.
 */
export async function jsonSchemaOf(schema: SchemaLike): Promise<unknown> {
  const standard = schema['~standard'] as { jsonSchema?: { input(options: { target: string }): unknown } };
  if (typeof standard.jsonSchema?.input === 'function')
    return standard.jsonSchema.input({ target: 'draft-2020-12' });
  if (!('_zod' in schema)) throw new Error('it follows Standard Schema and not Standard JSON Schema');
  const { z } = await import('zod');
  return z.toJSONSchema(schema as never, { io: 'input' });
}
