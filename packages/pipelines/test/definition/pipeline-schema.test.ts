import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { JsonValue } from '@certoai/loom-core';
import { expect, test } from 'vitest';
import { compileJsonSchema } from '../../src/definition/compile-json-schema.js';
import { loadPipeline } from '../../src/definition/load-pipeline.js';
import { pipelineJsonSchema, pipelineJsonSchemaText } from '../../src/definition/pipeline-json-schema.js';

const schema = JSON.parse(JSON.stringify(pipelineJsonSchema())) as JsonValue;
const { findProblems, issues } = compileJsonSchema(schema, []);

test('pipeline.schema.json is what the zod schema says', () => {
  const file = readFileSync(new URL('../../pipeline.schema.json', import.meta.url), 'utf8');
  expect(file, 'run: npx tsx scripts/write-pipeline-schema.ts').toBe(pipelineJsonSchemaText());
});

test('it is a JSON Schema that accepts the example and describes every field', async () => {
  expect(issues).toEqual([]);
  const example = await loadPipeline(new URL('./fixtures/document-processing.yaml', import.meta.url));
  expect(findProblems(example as never, 5)).toEqual([]);
  const undescribed: string[] = [];
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, child] of Object.entries(node)) {
      if (key === 'properties') {
        for (const [name, field] of Object.entries(child as Record<string, object>)) {
          if (!('description' in field)) undescribed.push(`${path}.${name}`);
        }
      }
      visit(child, `${path}.${key}`);
    }
  };
  visit(schema, '');
  expect(undescribed).toEqual([]);
});

test.each<[string, JsonValue]>([
  ['a misspelt field', { stages: [{ id: 'a', actr: 'x' }] }],
  ['a stage without an id', { stages: [{ actor: 'x' }] }],
  ['a mode without its block', { stages: [{ id: 'a', mode: 'scatter', actor: 'x' }] }],
  ['a number out of range', { stages: [{ id: 'a', actor: 'x', retry: { maxAttempts: 0 } }] }],
  ['no stages', { stages: [] }],
])('it refuses %s', (_, definition) => {
  expect(findProblems(definition, 1)).not.toEqual([]);
});

test('zod, js-yaml and the JSON Schema validator are loaded only when they are needed', () => {
  const source = fileURLToPath(new URL('../../src/', import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /^(definition|plan)\/.*\.ts$/.test(name),
  );
  expect(files.length).toBeGreaterThan(20);
  const heavy =
    /^(import (?!type)|\} ).*from '(zod|js-yaml|@cfworker\/json-schema|\.\/(schema|pipeline-json-schema|compile-json-schema)\.js)'/m;
  const allowed = new Set([
    'definition/schema.ts',
    'definition/pipeline-json-schema.ts',
    'definition/compile-json-schema.ts',
    'definition/json-schema-problems.ts',
  ]);
  expect(
    files.filter((name) => !allowed.has(name) && heavy.test(readFileSync(source + name, 'utf8'))),
  ).toEqual([]);
});
