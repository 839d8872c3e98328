import { isLoomError } from '@certoai/loom-core';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { definePipeline } from '../../src/definition/define-pipeline.js';
import { parsePipeline } from '../../src/definition/load-pipeline.js';
import { parseDefinition } from '../../src/definition/parse-definition.js';
import { compilePlan, compilePlanFromText } from '../../src/plan/compile.js';
import type { Plan } from '../../src/plan/plan.js';
import { arbitraryDefinition } from './arbitrary-definition.js';

const modes = new Set(['poll']);

async function compile(definition: unknown): Promise<Plan> {
  return compilePlan(await parseDefinition(definition, { modes }));
}

describe('any valid definition', () => {
  test('compiles, and means the same as JSON, YAML and TypeScript and after a restart', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryDefinition, async (definition) => {
        const plan = await compile(definition);
        expect(compilePlanFromText(plan.text, modes)).toMatchObject({
          hash: plan.hash,
          terminals: plan.terminals,
        });
        expect((await compile(JSON.parse(plan.text))).text).toBe(plan.text);
        expect((await compile(JSON.parse(JSON.stringify(definition)))).hash).toBe(plan.hash);
        expect((await compile(definePipeline(definition as never))).hash).toBe(plan.hash);
        const yaml = await parsePipeline(dump(definition), { format: 'yaml' });
        expect((await compile(yaml)).hash).toBe(plan.hash);
      }),
      { numRuns: 150 },
    );
  });

  test('gives a plan whose every need stands before it and whose reads lie upstream', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryDefinition, async (definition) => {
        const { nodes, byId, terminals } = await compile(definition);
        const before = new Map<string, ReadonlySet<string>>();
        for (const { id, stage, needs, reads } of nodes) {
          const upstream = new Set(needs.flatMap(({ node }) => [node, ...(before.get(node) ?? ['not yet'])]));
          expect(upstream.has('not yet')).toBe(false);
          const stages = [...upstream].map((node) => byId.get(node)?.stage);
          expect(reads.filter((read) => !stages.includes(read) && read !== stage)).toEqual([]);
          before.set(id, upstream);
        }
        const needed = new Set(nodes.flatMap(({ needs }) => needs.map(({ node }) => node)));
        expect(terminals).toEqual(nodes.map(({ id }) => id).filter((id) => !needed.has(id)));
      }),
      { numRuns: 150 },
    );
  });

  test('is compiled without touching it', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryDefinition, async (definition) => {
        const text = JSON.stringify(definition);
        await compile(definition);
        expect(JSON.stringify(definition)).toBe(text);
      }),
      { numRuns: 50 },
    );
  });
});

describe('anything else', () => {
  /** Passes when `definition` is accepted or refused as invalid; anything else thrown is the bug. */
  async function judge(definition: unknown): Promise<void> {
    try {
      await compile(definition);
    } catch (error) {
      if (!isLoomError(error, 'LOOM_INVALID_DEFINITION')) throw error;
      const { issues } = error.details as { issues: readonly { path: string; message: string }[] };
      expect(issues.length).toBeGreaterThan(0);
      for (const { path, message } of issues) {
        expect(message.length).toBeGreaterThan(10);
        expect(typeof path).toBe('string');
      }
    }
  }

  const junk = fc.anything({
    ...{
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
    },
    ...{ withTypedArray: true, withObjectString: true, withBoxedValues: true },
  });

  test('is refused as an invalid definition and never otherwise', async () => {
    await fc.assert(fc.asyncProperty(junk, judge), { numRuns: 500 });
    await fc.assert(
      fc.asyncProperty(fc.array(junk, { maxLength: 3 }), (stages) => judge({ stages })),
      { numRuns: 300 },
    );
  });

  test('such as a valid one with one value replaced', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryDefinition, fc.nat(), junk, async (definition, at, value) => {
        const copy = structuredClone(definition);
        const places: { owner: Record<string, unknown>; key: string }[] = [];
        const visit = (owner: unknown): void => {
          if (typeof owner !== 'object' || owner === null) return;
          for (const key of Object.keys(owner)) {
            places.push({ owner: owner as Record<string, unknown>, key });
            visit((owner as Record<string, unknown>)[key]);
          }
        };
        visit(copy);
        const place = places[at % places.length];
        if (place !== undefined) place.owner[place.key] = value;
        await judge(copy);
      }),
      { numRuns: 500 },
    );
  });

  test('and pollutes no prototype', async () => {
    const keys = fc.constantFrom(
      '__proto__',
      'constructor',
      'prototype',
      'stages',
      'id',
      'actor',
      'input',
      'mode',
    );
    const hostile = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom('x', '__proto__', '${__proto__.polluted}', '${input.constructor}', 1, null),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.array(fc.tuple(keys, tie('node')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
      ),
    })).node;
    const before = Object.getOwnPropertyNames(Object.prototype).length;
    await fc.assert(
      fc.asyncProperty(hostile, (node) => judge({ stages: [node, { id: 'a', actor: 'x', input: node }] })),
      { numRuns: 500 },
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(before);
  });
});
