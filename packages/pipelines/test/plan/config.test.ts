import { isLoomError, type JsonValue } from '@certoai/loom-core';
import { describe, expect, test } from 'vitest';
import { configuration, type Scope } from '../../src/definition/expression.js';
import { parseDefinition } from '../../src/definition/parse-definition.js';
import { compilePlan, compilePlanFromText } from '../../src/plan/compile.js';
import type { Plan, PlanNode } from '../../src/plan/plan.js';

async function compile(definition: unknown): Promise<Plan> {
  return compilePlan(await parseDefinition(definition, { modes: new Set(['poll']) }));
}

/** A scope in which `config.of` is the actor type whose values are read. */
const scope: Scope = {
  input: ['x'],
  item: { config: 'field' },
  stages: {},
  [configuration]: (actorType) => ({ of: actorType }),
};
const of = '${config.of}';
const seen = (compiled: { evaluate(scope: Scope): JsonValue } | undefined): JsonValue | undefined =>
  compiled?.evaluate(scope);

function node(plan: Plan, id: string): PlanNode {
  const found = plan.byId.get(id);
  if (found === undefined) throw new Error(`no node ${id}`);
  return found;
}

describe('config in the expressions of a stage', () => {
  test('is that of its actor type, wherever the expression stands', async () => {
    const plan = await compile({
      stages: [
        {
          id: 's',
          mode: 'scatter',
          scatter: { over: 'config.of', where: 'config.of' },
          actor: 'ocr',
          when: 'config.of',
          input: of,
          output: { of, text: 'for ${config.of}' },
          limit: { key: of, concurrency: 1 },
        },
        { id: 'g', mode: 'gather', gather: { groupBy: 'config.of' }, actor: 'sorter', input: of },
        { id: 'p', mode: 'poll', actor: 'poller', with: { of }, input: of },
      ],
    });
    const { spec, when, input, output, limit } = node(plan, 's');
    const [level] = spec.mode === 'scatter' ? spec.levels : [];
    const all = [level?.over, level?.where, when, input, limit?.key];
    expect(all.map(seen)).toEqual(['ocr', 'ocr', 'ocr', 'ocr', 'ocr']);
    expect(seen(output)).toEqual({ of: 'ocr', text: 'for ocr' });
    const gather = node(plan, 'g');
    expect(gather.spec.mode === 'gather' && seen(gather.spec.groupBy)).toBe('sorter');
    expect(seen(gather.input)).toBe('sorter');
    const custom = node(plan, 'p');
    expect(custom.spec.mode === 'custom' && seen(custom.spec.options)).toEqual({ of: 'poller' });
    expect(plan.configOf).toEqual(['ocr', 'sorter', 'poller']);
  });

  test('is that of the tenant alone where no actor, several, or a computed one does the work', async () => {
    const plan = await compile({
      stages: [
        { id: 'computed', actor: '${config.of}', input: of },
        { id: 'rules', actor: { rules: [{ when: 'config.of', actor: 'ocr' }] }, input: of },
        { id: 'several', mode: 'broadcast', actors: ['mail', 'audit'], input: of },
        { id: 'none', mode: 'gather', gather: { groupBy: 'config.of' } },
      ],
      output: of,
    });
    expect(['computed', 'rules', 'several'].map((id) => seen(node(plan, id).input))).toEqual([
      null,
      null,
      null,
    ]);
    const { actor } = node(plan, 'computed');
    expect(actor?.kind === 'expression' && seen(actor.expression)).toBeNull();
    const { spec } = node(plan, 'none');
    expect(spec.mode === 'gather' && seen(spec.groupBy)).toBeNull();
    expect(seen(plan.output)).toBeNull();
    expect(plan.configOf).toEqual([null]);
  });

  test('is that of the actor of a branch, and of each half of a map-reduce', async () => {
    const plan = await compile({
      stages: [
        {
          id: 'fork',
          mode: 'fork-join',
          input: of,
          branches: {
            legal: { actor: 'lawyer', when: 'config.of', input: of },
            other: { actor: '${input}' },
          },
        },
        {
          id: 'mr',
          mode: 'map-reduce',
          when: 'config.of',
          input: of,
          mapReduce: {
            over: 'config.of',
            map: 'mapper',
            reduce: 'reducer',
            groupBy: 'config.of',
            reduceInput: of,
          },
          limit: { key: of, concurrency: 1 },
          output: of,
        },
      ],
    });
    const fork = node(plan, 'fork');
    const [legal] = fork.spec.mode === 'fork-join' ? fork.spec.branches : [];
    expect([legal?.when, legal?.input, fork.input].map(seen)).toEqual(['lawyer', 'lawyer', null]);
    const map = node(plan, 'mr#map');
    const [level] = map.spec.mode === 'scatter' ? map.spec.levels : [];
    expect([level?.over, map.input, map.limit?.key].map(seen)).toEqual(['mapper', 'mapper', 'mapper']);
    const reduce = node(plan, 'mr');
    const groupBy = reduce.spec.mode === 'gather' ? reduce.spec.groupBy : undefined;
    expect([groupBy, reduce.input].map(seen)).toEqual(['reducer', 'reducer']);
    // Both halves are under one condition, so it cannot be that of either.
    expect([map.when, reduce.when, reduce.output].map(seen)).toEqual([null, null, null]);
  });

  test('a text that escapes ${ is a name like any other', async () => {
    const plan = await compile({ stages: [{ id: 's', actor: '$${odd}', input: of }] });
    expect(seen(node(plan, 's').input)).toBe('${odd}');
  });

  test('beside groupBy it is a root, and a field of the item by its whole name', async () => {
    const plan = await compile({
      stages: [
        { id: 'a', actor: 'x' },
        { id: 'g', mode: 'gather', gather: { groupBy: '[config.of, item.config, config]' }, actor: 'y' },
      ],
    });
    const { spec } = node(plan, 'g');
    expect(spec.mode === 'gather' && seen(spec.groupBy)).toEqual(['y', 'field', { of: 'y' }]);
  });
});

test('a plan that does not read config needs none, and one from stored text needs the same', async () => {
  const without = await compile({ stages: [{ id: 's', actor: 'ocr', input: 'config.of ${input.config}' }] });
  expect(without.configOf).toEqual([]);
  const read = await compile({ stages: [{ id: 's', actor: 'ocr', input: of }], output: of });
  expect(read.configOf).toEqual(['ocr', null]);
  expect(compilePlanFromText(read.text, new Set()).configOf).toEqual(read.configOf);
});

test('what is missing in it is named as it was written', async () => {
  const plan = await compile({
    strictInputs: true,
    stages: [{ id: 's', actor: 'ocr', input: '${config.modle}' }],
  });
  expect(() => node(plan, 's').input?.evaluate(scope)).toThrow(
    'Expression "config.modle" failed: config.modle resolves to nothing, and strictInputs is on.',
  );
});

test('a slip of the pen is found before the start', async () => {
  const error: unknown = await compile({
    stages: [{ id: 's', actor: 'ocr', input: '${confg.model}' }],
  }).catch((reason: unknown) => reason);
  expect(isLoomError(error, 'LOOM_INVALID_DEFINITION')).toBe(true);
  expect(String(error)).toContain(
    'stages[0].input: "${confg.model}" reads confg, which is not known; here it can read input, stages, execution, config; did you mean "config"?',
  );
});
