import { isLoomError, type JsonValue } from '@certoai/loom-core';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { definePipeline } from '../../src/definition/define-pipeline.js';
import { validateInput } from '../../src/definition/input-schema.js';
import { parseDefinition } from '../../src/definition/parse-definition.js';
import { compilePlan } from '../../src/plan/compile.js';

const modes = new Set<string>();

test('the result is a frozen copy, all the way down', () => {
  const nodes = [1, { deep: true }];
  const given = { stages: [{ id: 'a', actor: 'x', input: { nodes } }] };
  const pipeline = definePipeline(given);
  nodes.push(2);
  given.stages[0]!.actor = 'y';
  expect(pipeline).toEqual({ stages: [{ id: 'a', actor: 'x', input: { nodes: [1, { deep: true }] } }] });
  const stage = pipeline.stages[0] as unknown as { actor: string; input: { nodes: { deep: boolean }[] } };
  expect(() => (stage.actor = 'z')).toThrow(TypeError);
  expect(() => (stage.input.nodes[1]!.deep = false)).toThrow(TypeError);
  expect(Object.isFrozen(given)).toBe(false);
  expect(Object.isFrozen(nodes)).toBe(false);
});

test('what does not belong into a definition is kept, to be refused where it is checked', async () => {
  const odd = { stages: [{ id: 'a', actor: 'x', input: { when: new Date(0), call: () => 1 } as never }] };
  await expect(parseDefinition(definePipeline(odd), { modes })).rejects.toThrow('an object of class Date');
  const hostile = JSON.parse('{"__proto__": {"x": 1}, "stages": [{"id": "a", "actor": "x"}]}') as never;
  await expect(parseDefinition(definePipeline(hostile), { modes })).rejects.toThrow('__proto__');
  const cyclic: { stages: { id: string; actor: string; input?: unknown }[] } = {
    stages: [{ id: 'a', actor: 'x' }],
  };
  cyclic.stages[0]!.input = cyclic;
  await expect(parseDefinition(definePipeline(cyclic as never), { modes })).rejects.toThrow(
    'contains itself',
  );
  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level += 1) deep = [deep];
  expect(() => definePipeline(deep as never)).toThrow('nested too deeply');
});

describe('a zod schema as input', () => {
  const Order = z.object({
    id: z.string().min(1),
    lines: z.array(z.object({ sku: z.string().regex(/^[A-Z]+$/), count: z.int().min(1) })).min(1),
    note: z.string().optional(),
    kind: z.enum(['new', 'repeat']).default('new'),
  });
  const pipeline = definePipeline({ input: Order, stages: [{ id: 'a', actor: 'x' }] });

  test('is checked at start as JSON Schema', async () => {
    const plan = compilePlan(await parseDefinition(pipeline, { modes }));
    expect(plan.inputSchema).toMatchObject({ type: 'object', required: ['id', 'lines'] });
    const check = (input: JsonValue): Promise<void> => validateInput(plan.inputSchema, input);
    await expect(check({ id: 'o1', lines: [{ sku: 'ABC', count: 2 }] })).resolves.toBeUndefined();
    await expect(check({ id: '', lines: [{ sku: 'abc', count: 0 }], kind: 'old' })).rejects
      .toThrowErrorMatchingInlineSnapshot(`
        [LoomError: The input does not match the pipeline's schema:
          - input.id is a string of 0 characters; expected at least 1.
          - input.lines[0].sku is a string of another form; expected a string that matches ^[A-Z]+$.
          - input.lines[0].count is out of range; expected at least 1.
          - input.kind is another value; expected one of "new", "repeat".]
      `);
  });

  test('gives the same hash as its JSON Schema', async () => {
    const plan = compilePlan(await parseDefinition(pipeline, { modes }));
    const plain = { ...pipeline, input: JSON.parse(JSON.stringify(plan.inputSchema)) as never };
    expect(compilePlan(await parseDefinition(plain, { modes })).hash).toBe(plan.hash);
  });

  test('that JSON Schema cannot say is refused', async () => {
    const error: unknown = await parseDefinition(
      definePipeline({ input: z.object({ at: z.date() }), stages: [{ id: 'a', actor: 'x' }] }),
      { modes },
    ).catch((reason: unknown) => reason);
    if (!isLoomError(error, 'LOOM_INVALID_DEFINITION')) throw error;
    expect(error.message).toMatchInlineSnapshot(`
      "Pipeline definition has 1 problem:
        - input is a schema that has no JSON Schema: Date cannot be represented in JSON Schema. Give one that describes plain JSON."
    `);
    const standard = {
      '~standard': { version: 1, vendor: 'other', validate: () => ({ value: 1 }) },
    } as const;
    await expect(
      parseDefinition(definePipeline({ input: standard, stages: [{ id: 'a', actor: 'x' }] }), { modes }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(`
      [LoomError: Pipeline definition has 1 problem:
        - input is a schema that has no JSON Schema: it follows Standard Schema and not Standard JSON Schema. Give one that describes plain JSON.]
    `);
  });
});
