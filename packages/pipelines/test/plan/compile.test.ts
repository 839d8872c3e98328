import { isLoomError } from '@certoai/loom-core';
import { describe, expect, test } from 'vitest';
import { parseDefinition } from '../../src/definition/parse-definition.js';
import { compilePlan, compilePlanFromText } from '../../src/plan/compile.js';
import type { Plan, PlanNode } from '../../src/plan/plan.js';

const modes = new Set(['poll']);

async function compile(definition: unknown): Promise<Plan> {
  return compilePlan(await parseDefinition(definition, { modes }));
}

/** The sentences of all problems, one a line. */
async function problems(definition: unknown): Promise<string> {
  const error: unknown = await compile(definition).catch((reason: unknown) => reason);
  if (!isLoomError(error, 'LOOM_INVALID_DEFINITION'))
    return error instanceof Error ? `unexpected: ${error.stack}` : '';
  return (error.details['issues'] as readonly { message: string }[]).map(({ message }) => message).join('\n');
}

const execute = (id: string, more: object = {}): object => ({ id, actor: id, ...more });

function node(plan: Plan, id: string): PlanNode {
  const found = plan.byId.get(id);
  if (found === undefined) throw new Error(`no node ${id}`);
  return found;
}

const needsOf = (plan: Plan, id: string): string =>
  node(plan, id)
    .needs.map((need) => `${need.node}:${need.until}`)
    .join(' ');

describe('the graph', () => {
  test('each stage follows the one before it unless it says otherwise', async () => {
    const plan = await compile({
      stages: [
        execute('a'),
        execute('b'),
        execute('c', { dependsOn: 'a' }),
        execute('d', { dependsOn: [] }),
        execute('e', { dependsOn: ['b', 'c'] }),
      ],
    });
    expect(plan.nodes.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(['a', 'b', 'c', 'd', 'e'].map((id) => needsOf(plan, id))).toEqual([
      '',
      'a:all',
      'a:all',
      '',
      'b:all c:all',
    ]);
    expect(plan.terminals).toEqual(['d', 'e']);
  });

  test('a stage may wait for one further down; ties keep the order of the definition', async () => {
    const plan = await compile({
      stages: [
        execute('late', { dependsOn: ['last'] }),
        execute('x', { dependsOn: [] }),
        execute('last', { dependsOn: [] }),
        execute('y', { dependsOn: 'late' }),
      ],
    });
    expect(plan.nodes.map(({ id }) => id)).toEqual(['x', 'last', 'late', 'y']);
    expect(plan.terminals).toEqual(['x', 'y']);
  });

  test('a gather waits for what it gathers', async () => {
    const plan = await compile({
      stages: [
        execute('a'),
        execute('b', { dependsOn: [] }),
        { id: 'all', mode: 'gather', gather: { from: ['b', 'a'] } },
        { id: 'any', mode: 'gather', gather: { from: 'a', condition: 'any' }, dependsOn: ['b'] },
        { id: 'two', mode: 'gather', gather: { from: ['a', 'b'], condition: 'count', count: 2 } },
        { id: 'before', mode: 'gather' },
        { id: 'named', mode: 'gather', dependsOn: ['a', 'b'] },
      ],
    });
    expect(needsOf(plan, 'all')).toBe('b:all a:all');
    expect(node(plan, 'all').spec).toMatchObject({ from: ['a', 'b'], condition: 'all', combine: 'concat' });
    expect(needsOf(plan, 'any')).toBe('a:1 b:all');
    expect(node(plan, 'any').spec).toMatchObject({ from: ['a'], condition: 1 });
    expect(needsOf(plan, 'two')).toBe('a:2 b:2');
    expect(needsOf(plan, 'before')).toBe('two:all');
    expect(node(plan, 'before').spec).toMatchObject({ from: ['two'] });
    expect(node(plan, 'named').spec).toMatchObject({ from: ['a', 'b'] });
  });

  test('unknown ids', async () => {
    const stages = [
      execute('classify'),
      execute('b', { dependsOn: ['clasify', 'classify', 'publish'] }),
      { id: 'c', mode: 'gather', gather: { from: 'classifi' } },
      execute('d', { dependsOn: ['b', 'b'] }),
    ];
    expect(await problems({ stages })).toMatchInlineSnapshot(`
      "stages[1].dependsOn[0] is "clasify", which is no stage of this pipeline; did you mean "classify"?
      stages[1].dependsOn[2] is "publish", which is no stage of this pipeline.
      stages[2].gather.from is "classifi", which is no stage of this pipeline; did you mean "classify"?
      stages[3].dependsOn[1] names "b" a second time; once is enough."
    `);
  });

  test('nothing to gather', async () => {
    expect(await problems({ stages: [{ id: 'a', mode: 'gather' }] })).toMatchInlineSnapshot(
      `"stages[0].gather.from is missing, and no stage comes before; name the stages to gather."`,
    );
    expect(
      await problems({ stages: [execute('a'), { id: 'b', mode: 'gather', gather: { from: [] } }] }),
    ).toMatchInlineSnapshot(`"stages[1].gather.from is empty; name the stages to gather."`);
    expect(
      await problems({ stages: [execute('a'), { id: 'b', mode: 'gather', dependsOn: [] }] }),
    ).toMatchInlineSnapshot(
      `"stages[1].gather.from is missing, and no stage comes before; name the stages to gather."`,
    );
  });

  test('waiting for a stage and not waiting for it', async () => {
    const stages = [
      execute('a'),
      { id: 'b', mode: 'gather', gather: { from: 'a', condition: 'any' }, dependsOn: 'a' },
    ];
    expect(await problems({ stages })).toMatchInlineSnapshot(
      `"stages[1].dependsOn names a stage that gather.from names, and condition "any" does not wait for it to finish; take it out of one of them."`,
    );
  });

  test('cycles are shown with their path', async () => {
    expect(await problems({ stages: [execute('a', { dependsOn: 'a' })] })).toMatchInlineSnapshot(
      `"stages[0] waits for itself; take a out of its dependencies."`,
    );
    const triangle = [
      execute('a', { dependsOn: 'c' }),
      execute('b', { dependsOn: 'a' }),
      execute('c', { dependsOn: ['b'] }),
    ];
    expect(await problems({ stages: triangle })).toMatchInlineSnapshot(
      `"stages[0] waits for itself by way of others: a -> c -> b -> a (each waits for the next)."`,
    );
    expect(
      await problems({ stages: [execute('a', { dependsOn: 'b' }), execute('b')] }),
    ).toMatchInlineSnapshot(
      `"stages[0] waits for itself by way of others: a -> b -> a (each waits for the next). b waits for a only because it comes after it; give it dependsOn."`,
    );
    const two = [
      ...[execute('a', { dependsOn: 'b' }), execute('b', { dependsOn: 'a' })],
      ...[execute('c', { dependsOn: 'd' }), execute('d', { dependsOn: 'c' }), execute('e')],
    ];
    expect(await problems({ stages: two })).toMatchInlineSnapshot(`
      "stages[0] waits for itself by way of others: a -> b -> a (each waits for the next).
      stages[2] waits for itself by way of others: c -> d -> c (each waits for the next)."
    `);
  });
});

describe('expressions', () => {
  test('a stage that is read lies upstream, by whatever way', async () => {
    const plan = await compile({
      stages: [
        execute('a'),
        execute('b'),
        execute('c', {
          input: '${stages.a.output}',
          when: 'stages.b.status',
          output: { x: '${stages.a.output}', y: '${output}' },
        }),
      ],
      output: { all: '${stages}', one: '${stages.b.output}' },
    });
    expect([...node(plan, 'c').reads].sort()).toEqual(['a', 'b']);
    expect([...(plan.output?.stages ?? [])].sort()).toEqual(['a', 'b', 'c']);
  });

  test('stages as a whole are those upstream', async () => {
    const plan = await compile({
      stages: [
        execute('a'),
        execute('b', { dependsOn: [] }),
        execute('c', { dependsOn: 'a', input: '${keys(stages)}' }),
      ],
    });
    expect(node(plan, 'c').reads).toEqual(['a']);
  });

  test('one that need not have finished, is unknown, or is the stage itself', async () => {
    const stages = [
      execute('split'),
      execute('side', { dependsOn: [] }),
      execute('publish', {
        dependsOn: ['split'],
        input: [
          '${stages.side.output}',
          '${stages.later.output}',
          '${stages.publish.output}',
          '${stages.spilt.output}',
        ],
      }),
      execute('later'),
    ];
    expect(await problems({ stages, output: '${stages.pubish.output}' })).toMatchInlineSnapshot(`
      "stages[2].input[0]: "\${stages.side.output}" reads stages.side, which need not have finished by then; wait for it: dependsOn: [split, side].
      stages[2].input[1]: "\${stages.later.output}" reads stages.later, which runs after this stage; give this one dependsOn to change the order.
      stages[2].input[2]: "\${stages.publish.output}" reads stages.publish, the stage it belongs to; in "output" its own output is called output.
      stages[2].input[3]: "\${stages.spilt.output}" reads stages.spilt, which is no stage of this pipeline; did you mean stages.split?
      output: "\${stages.pubish.output}" reads stages.pubish, which is no stage of this pipeline; did you mean stages.publish?"
    `);
  });

  test('an id with a dash is quoted, and the error says so', async () => {
    expect(
      await problems({
        stages: [execute('legal-check'), execute('b', { input: '${stages."legal-check".output}' })],
      }),
    ).toBe('');
    expect(
      await problems({
        stages: [execute('legal-check'), execute('b', { input: '${stages.legal-check.output}' })],
      }),
    ).toMatchInlineSnapshot(`
      "stages[1].input: "\${stages.legal-check.output}" reads check, which is not known; here it can read input, stages, execution, config.
      stages[1].input: "\${stages.legal-check.output}" reads stages.legal, which is no stage of this pipeline; did you mean stages."legal-check"?"
    `);
  });

  test('a gather that starts early has not finished what it gathers', async () => {
    const gather = { id: 'first', mode: 'gather', gather: { from: 'work', condition: 'any' }, actor: 'x' };
    const work = { id: 'work', mode: 'scatter', scatter: { over: 'input.list' }, actor: 'w' };
    expect(
      await problems({ stages: [work, { ...gather, input: '${stages.work.output}' }] }),
    ).toMatchInlineSnapshot(
      `"stages[1].input: "\${stages.work.output}" reads stages.work, which this gather does not wait for to finish; read group.items, or let condition be "all"."`,
    );
    expect(
      await problems({ stages: [work, gather, execute('next', { input: '${stages.work.output}' })] }),
    ).toMatchInlineSnapshot(
      `"stages[2].input: "\${stages.work.output}" reads stages.work, which need not have finished by then; wait for it: dependsOn: [first, work]."`,
    );
    const waits = execute('next', { dependsOn: ['first', 'work'], input: '${stages.work.output}' });
    expect(await problems({ stages: [work, gather, waits] })).toBe('');
  });

  test('each place sees its own roots', async () => {
    const scatter = (more: object): object => ({ id: 's', mode: 'scatter', actor: 'x', ...more });
    const over = { over: 'input.files', as: 'file' };
    const cases: [string, object, string][] = [
      ['execute input', execute('s', { input: '${item}' }), 'input'],
      ['when of a scatter', scatter({ scatter: over, when: 'file.size > `0`' }), 'when'],
      ['over', scatter({ scatter: { over: 'file.pages', as: 'file' } }), 'over'],
      ['where', scatter({ scatter: { ...over, where: 'fiel.size > `0`' } }), 'where'],
      [
        'actor rules',
        scatter({ scatter: over, actor: { rules: [{ when: "page.kind == 'scan'", actor: 'x' }] } }),
        'rules',
      ],
      ['actor expression', scatter({ scatter: over, actor: '${page.actor}' }), 'actor'],
      ['output mapping', scatter({ scatter: over, output: { x: '${file}', y: '${ouput}' } }), 'output'],
      [
        'gather input',
        { id: 's', mode: 'gather', gather: { from: 'first' }, actor: 'x', input: '${item} ${group.key}' },
        'gather',
      ],
      [
        'groupBy',
        { id: 's', mode: 'gather', gather: { from: 'first', groupBy: 'length(stages.gone.output)' } },
        'groupBy',
      ],
      [
        'branch',
        { id: 's', mode: 'fork-join', branches: { a: { actor: 'x', input: '${branch}', when: 'group' } } },
        'branch',
      ],
      ['custom', { id: 's', mode: 'poll', with: { url: '${url}' } }, 'with'],
    ];
    const lines: string[] = [];
    for (const [name, stage] of cases)
      lines.push(`${name}:`, await problems({ stages: [execute('first'), stage] }));
    lines.push('pipeline output:', await problems({ stages: [execute('a')], output: '${output}' }));
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "execute input:
      stages[1].input: "\${item}" reads item, which is not known; here it can read input, stages, execution, config.
      when of a scatter:
      stages[1].when: "file.size > \`0\`" reads file, which is not known; here it can read input, stages, execution, config. It decides about the whole stage; "where" decides about each item.
      over:
      stages[1].scatter.over: "file.pages" reads file, which is not known; here it can read input, stages, execution, config.
      where:
      stages[1].scatter.where: "fiel.size > \`0\`" reads fiel, which is not known; here it can read file, item, index, input, stages, execution, config; did you mean "file"?
      actor rules:
      stages[1].actor.rules[0].when: "page.kind == 'scan'" reads page, which is not known; here it can read file, item, index, input, stages, execution, config.
      actor expression:
      stages[1].actor: "page.actor" reads page, which is not known; here it can read file, item, index, input, stages, execution, config.
      output mapping:
      stages[1].output.x: "\${file}" reads file, which is not known; here it can read output, input, stages, execution, config.
      stages[1].output.y: "\${ouput}" reads ouput, which is not known; here it can read output, input, stages, execution, config; did you mean "output"?
      gather input:
      stages[1].input: "\${item}" reads item, which is not known; here it can read group, input, stages, execution, config.
      groupBy:
      stages[1].gather.groupBy: "length(stages.gone.output)" reads stages.gone, which is no stage of this pipeline; the stages are first, s.
      branch:
      stages[1].branches.a.input: "\${branch}" reads branch, which is not known; here it can read input, stages, execution, config.
      stages[1].branches.a.when: "group" reads group, which is not known; here it can read input, stages, execution, config.
      custom:
      stages[1].with.url: "\${url}" reads url, which is not known; here it can read input, stages, execution, config.
      pipeline output:
      output: "\${output}" reads output, which is not known; here it can read input, stages, execution, config."
    `);
  });

  test('texts, numbers and truth values that were meant as such', async () => {
    const rules = [
      { when: 'input.kind == "scan"', actor: 'a' },
      { when: 'input.ok == true', actor: 'b' },
      { when: 'input.size > 5', actor: 'c' },
      { when: "kind == 'scan'", actor: '${input.actor}' },
    ];
    expect(await problems({ stages: [execute('s', { actor: { rules } })] })).toMatchInlineSnapshot(`
      "stages[0].actor.rules[0].when: "input.kind == "scan"" reads a field called "scan"; a text stands in single quotes: 'scan'.
      stages[0].actor.rules[1].when: "input.ok == true" reads a field called true; the value true stands in backticks: \`true\`.
      stages[0].actor.rules[2].when: "input.size > 5" is not valid JMESPath: unexpected 5. Numbers stand in backticks: \`5\`.
      stages[0].actor.rules[3].actor is "\${input.actor}"; rules name an actor literally, so put the choice into when.
      stages[0].actor.rules[3].when: "kind == 'scan'" reads kind, which is not known; here it can read input, stages, execution, config."
    `);
  });

  test('problems of the graph and of all stages come together', async () => {
    const stages = [
      execute('a', { dependsOn: 'b', input: '${inptu}' }),
      execute('b', { when: 'stages.c.output >' }),
      execute('c', { dependsOn: 'd' }),
    ];
    expect(await problems({ stages, output: '${nothing}' })).toMatchInlineSnapshot(`
      "stages[2].dependsOn is "d", which is no stage of this pipeline.
      stages[0] waits for itself by way of others: a -> b -> a (each waits for the next). b waits for a only because it comes after it; give it dependsOn.
      stages[0].input: "\${inptu}" reads inptu, which is not known; here it can read input, stages, execution, config; did you mean "input"?
      stages[1].when: "stages.c.output >" is not valid JMESPath: it ends too early.
      output: "\${nothing}" reads nothing, which is not known; here it can read input, stages, execution, config."
    `);
  });
});

describe('scatter', () => {
  test('levels, outermost first; inner ones see the outer variables', async () => {
    const plan = await compile({
      stages: [
        {
          id: 's',
          mode: 'scatter',
          scatter: {
            over: 'input.files',
            as: 'file',
            where: 'file.ok && index < `5`',
            scatter: { over: 'file.pages', as: 'page', where: 'page.n != file.skip' },
          },
          actor: '${page.actor || file.actor}',
          input: { file: '${file.name}', page: '${page}', same: '${item}', at: '${index}' },
        },
      ],
    });
    const { spec, input, actor } = node(plan, 's');
    if (spec.mode !== 'scatter' || actor?.kind !== 'expression') throw new Error('unexpected');
    expect(spec.levels.map(({ as, over }) => [as, over.source])).toEqual([
      ['file', 'input.files'],
      ['page', 'file.pages'],
    ]);
    const file = { name: 'f', pages: [], actor: 'by-file', skip: 1 };
    const scope = { file, page: { n: 2 }, item: { n: 2 }, index: 3 };
    expect(spec.levels[1]?.where?.evaluate(scope)).toBe(true);
    expect(input?.evaluate(scope)).toEqual({ file: 'f', page: { n: 2 }, same: { n: 2 }, at: 3 });
    expect(actor.expression.evaluate(scope)).toBe('by-file');
  });

  test('names that are taken', async () => {
    const scatter = (scatter: object): Promise<string> =>
      problems({ stages: [{ id: 's', mode: 'scatter', scatter, actor: 'x' }] });
    for (const name of [
      'input',
      'stages',
      'execution',
      'config',
      'index',
      'group',
      'output',
      'constructor',
      '__proto__',
    ]) {
      expect(await scatter({ over: 'input.a', as: name })).toBe(
        `stages[0].scatter.as is "${name}", which has a meaning already; choose another name.`,
      );
    }
    expect(await scatter({ over: 'input.a', scatter: { over: 'item.b' } })).toMatchInlineSnapshot(
      `"stages[0].scatter.scatter.as is "item", as is that of a level around it; name them apart."`,
    );
    expect(
      await scatter({
        over: 'input.a',
        as: 'a',
        scatter: { over: 'a.b', as: 'b', scatter: { over: 'b.c', as: 'a' } },
      }),
    ).toMatchInlineSnapshot(
      `"stages[0].scatter.scatter.scatter.as is "a", as is that of a level around it; name them apart."`,
    );
  });

  test('a variable with the name of an actor does not choose it', async () => {
    const plan = await compile({
      stages: [{ id: 's', mode: 'scatter', scatter: { over: 'input', as: 'ocr' }, actor: 'ocr' }],
    });
    expect(node(plan, 's').actor).toEqual({ kind: 'literal', actor: 'ocr' });
  });
});

describe('map-reduce', () => {
  test('is a scatter and a gather', async () => {
    const plan = await compile({
      stages: [
        execute('first'),
        {
          id: 'totals',
          mode: 'map-reduce',
          mapReduce: {
            over: 'stages.first.output',
            as: 'doc',
            where: 'doc.ok',
            map: 'price',
            reduce: 'add',
            groupBy: 'currency',
            concurrency: 7,
            onTaskFailure: 'continue',
            minSuccess: 2,
          },
          input: { path: '${doc.path}' },
          output: { sum: '${output}' },
          when: 'input.totals',
          retry: { maxAttempts: 3 },
          priority: 5,
        },
        execute('last', { input: '${stages.totals.output}' }),
      ],
    });
    expect(plan.nodes.map(({ id }) => id)).toEqual(['first', 'totals#map', 'totals', 'last']);
    const [map, reduce] = [node(plan, 'totals#map'), node(plan, 'totals')];
    expect(needsOf(plan, 'totals#map')).toBe('first:all');
    expect(needsOf(plan, 'totals')).toBe('totals#map:all');
    expect(needsOf(plan, 'last')).toBe('totals:all');
    expect(map).toMatchObject({
      stage: 'totals',
      actor: { actor: 'price' },
      concurrency: 7,
      priority: 5,
      retry: { maxAttempts: 3 },
    });
    expect(map.spec).toMatchObject({ mode: 'scatter', onTaskFailure: 'continue', minSuccess: 2 });
    expect(map.output).toBeUndefined();
    expect(map.input?.evaluate({ doc: { path: 'p' } })).toEqual({ path: 'p' });
    expect(reduce).toMatchObject({
      stage: 'totals',
      actor: { actor: 'add' },
      concurrency: 100,
      retry: { maxAttempts: 3 },
    });
    expect(reduce.spec).toMatchObject({
      mode: 'gather',
      from: ['totals#map'],
      condition: 'all',
      combine: 'concat',
    });
    expect(reduce.input?.evaluate({ group: { key: 'EUR', items: [1, 2] } })).toEqual({
      key: 'EUR',
      items: [1, 2],
    });
    expect(reduce.output?.evaluate({ output: 5 })).toEqual({ sum: 5 });
    expect(map.when?.source).toBe('input.totals');
    expect(reduce.when?.source).toBe('input.totals');
    const { spec } = reduce;
    expect(spec.mode === 'gather' && spec.groupBy?.evaluate({ item: { currency: 'EUR' }, input: {} })).toBe(
      'EUR',
    );
    expect(plan.actors).toEqual(['first', 'price', 'add', 'last']);
  });

  test('the reduce input sees the group and not the item', async () => {
    const mapReduce = {
      over: 'input',
      map: 'm',
      reduce: 'r',
      reduceInput: { of: '${group.items}', i: '${item}' },
    };
    expect(await problems({ stages: [{ id: 'a', mode: 'map-reduce', mapReduce }] })).toMatchInlineSnapshot(
      `"stages[0].mapReduce.reduceInput.i: "\${item}" reads item, which is not known; here it can read group, input, stages, execution, config."`,
    );
  });
});

describe('the other modes', () => {
  test('broadcast, fork-join and custom', async () => {
    const plan = await compile({
      stages: [
        {
          id: 'b',
          mode: 'broadcast',
          actors: [
            'mail',
            '${input.extra}',
            { rules: [{ when: 'input.x', actor: 'audit' }], default: 'log' },
            'to-${input.lang}',
          ],
        },
        {
          id: 'f',
          mode: 'fork-join',
          branches: {
            legal: { actor: 'legal', when: 'input.legal' },
            finance: { actor: 'finance', input: '${input.total}' },
          },
          input: { all: '${input}' },
        },
        { id: 'c', mode: 'poll', with: { url: 'http://${input.host}', every: 5 }, actor: 'poller' },
        { id: 'd', mode: 'poll' },
      ],
    });
    const broadcast = node(plan, 'b').spec;
    if (broadcast.mode !== 'broadcast') throw new Error('unexpected');
    expect(broadcast.actors.map(({ kind }) => kind)).toEqual([
      'literal',
      'expression',
      'rules',
      'expression',
    ]);
    const last = broadcast.actors[3];
    expect(last?.kind === 'expression' && last.expression.evaluate({ input: { lang: 'de' } })).toBe('to-de');
    const fork = node(plan, 'f').spec;
    if (fork.mode !== 'fork-join') throw new Error('unexpected');
    expect(fork.branches.map(({ name }) => name)).toEqual(['legal', 'finance']);
    expect(fork.branches[1]?.input?.evaluate({ input: { total: 3 } })).toBe(3);
    const custom = node(plan, 'c').spec;
    expect(custom.mode === 'custom' && custom.options?.evaluate({ input: { host: 'h' } })).toEqual({
      url: 'http://h',
      every: 5,
    });
    expect(node(plan, 'd')).toMatchObject({
      spec: { mode: 'custom', name: 'poll', options: undefined },
      actor: undefined,
      input: undefined,
    });
    expect([...plan.actors].sort()).toEqual(['audit', 'finance', 'legal', 'log', 'mail', 'poller']);
  });

  test('a literal dollar in an actor stays one', async () => {
    const plan = await compile({ stages: [execute('a', { actor: 'price-in-$${currency}' })] });
    expect(plan.actors).toEqual(['price-in-${currency}']);
  });
});

describe('defaults', () => {
  test('of a stage that says nothing', async () => {
    const { when, input, output, ...rest } = node(await compile({ stages: [execute('a')] }), 'a');
    expect([when, input, output]).toEqual([undefined, undefined, undefined]);
    expect(rest).toMatchInlineSnapshot(`
      {
        "actor": {
          "actor": "a",
          "kind": "literal",
        },
        "concurrency": 100,
        "id": "a",
        "limit": undefined,
        "needs": [],
        "onFailure": "fail",
        "priority": 0,
        "reads": [],
        "retry": {
          "backoff": "exponential",
          "initialDelayMs": 200,
          "jitter": true,
          "maxAttempts": 1,
          "maxDelayMs": 30000,
          "nonRetryable": [],
        },
        "spec": {
          "mode": "execute",
        },
        "stage": "a",
        "stageTimeoutMs": undefined,
        "timeoutMs": undefined,
        "workers": undefined,
      }
    `);
  });

  test('of the delays, kept below their ceiling', async () => {
    const retry = async (fields: object): Promise<unknown> =>
      node(await compile({ stages: [execute('a', { retry: fields })] }), 'a').retry;
    expect(await retry({ initialDelayMs: 60_000 })).toMatchObject({
      initialDelayMs: 60_000,
      maxDelayMs: 60_000,
    });
    expect(await retry({ maxDelayMs: 50 })).toMatchObject({ initialDelayMs: 50, maxDelayMs: 50 });
    expect(
      await retry({ maxAttempts: 5, backoff: 'fixed', jitter: false, nonRetryable: ['X'] }),
    ).toMatchObject({
      ...{ maxAttempts: 5, backoff: 'fixed', jitter: false, nonRetryable: ['X'], initialDelayMs: 200 },
    });
  });

  test('explicit values', async () => {
    const stage = execute('a', {
      timeoutMs: 5,
      stageTimeoutMs: 50,
      concurrency: 3,
      priority: 9,
      onFailure: 'continue',
    });
    const plan = await compile({
      name: 'p',
      timeoutMs: 500,
      strictInputs: true,
      input: { type: 'object' },
      stages: [stage],
    });
    expect(node(plan, 'a')).toMatchObject({
      timeoutMs: 5,
      stageTimeoutMs: 50,
      concurrency: 3,
      priority: 9,
      onFailure: 'continue',
    });
    expect(plan).toMatchObject({
      name: 'p',
      timeoutMs: 500,
      strictInputs: true,
      inputSchema: { type: 'object' },
      output: undefined,
    });
  });
});

describe('strictInputs', () => {
  const definition = (strictInputs: boolean): object => ({
    strictInputs,
    stages: [
      execute('a', { input: '${input.gone}', output: { kept: '${output.gone}' }, when: 'input.gone' }),
      { id: 'b', mode: 'poll', with: { x: '${input.gone}' } },
    ],
    output: '${stages.a.output.gone}',
  });

  test('makes a missing path in an input an error, and nowhere else', async () => {
    const plan = await compile(definition(true));
    const missing = /input\.gone resolves to nothing, and strictInputs is on/;
    expect(() => node(plan, 'a').input?.evaluate({ input: {} })).toThrow(missing);
    const { spec } = node(plan, 'b');
    expect(() => spec.mode === 'custom' && spec.options?.evaluate({ input: {} })).toThrow(missing);
    expect(node(plan, 'a').output?.evaluate({ output: {} })).toEqual({ kept: null });
    expect(node(plan, 'a').when?.evaluate({ input: {} })).toBeNull();
    expect(plan.output?.evaluate({ stages: { a: { output: {} } } })).toBeNull();
  });

  test('is off unless asked for', async () => {
    expect(node(await compile(definition(false)), 'a').input?.evaluate({ input: {} })).toBeNull();
  });
});

describe('the pinned text', () => {
  const definition = {
    stages: [execute('a', { retry: { maxAttempts: 2, jitter: false }, input: { x: 1, y: '${input}' } })],
    name: 'p',
  };

  test('says the same whatever the order of known fields, and another thing for another value', async () => {
    const plan = await compile(definition);
    const reordered = {
      name: 'p',
      stages: [
        {
          input: { x: 1, y: '${input}' },
          retry: { jitter: false, maxAttempts: 2 },
          actor: 'a',
          name: 'a',
          mode: 'single',
        },
      ],
    };
    expect((await compile(reordered)).text).toBe(plan.text);
    expect((await compile(reordered)).hash).toBe(plan.hash);
    expect(plan.hash).toMatch(/^[0-9a-f]{64}$/);
    expect((await compile({ ...definition, name: 'q' })).hash).not.toBe(plan.hash);
  });

  test('keeps its hash from release to release', async () => {
    expect(await compile(definition)).toMatchObject({
      text: '{"name":"p","stages":[{"id":"a","mode":"execute","retry":{"maxAttempts":2,"jitter":false},"actor":"a","input":{"x":1,"y":"${input}"}}]}',
    });
  });

  test('compiles again to the same plan', async () => {
    const plan = await compile(definition);
    const again = compilePlanFromText(plan.text, modes);
    expect(again).toMatchObject({
      hash: plan.hash,
      text: plan.text,
      terminals: plan.terminals,
      actors: plan.actors,
    });
    expect(JSON.stringify(again.nodes)).toBe(JSON.stringify(plan.nodes));
  });

  test('is refused when it is none, or its mode is not registered here', async () => {
    expect(() => compilePlanFromText('{"stages": [', modes)).toThrowErrorMatchingInlineSnapshot(`
      [LoomError: Pipeline definition has 1 problem:
        - The stored text is not a definition; it was changed or cut off.]
    `);
    expect(() => compilePlanFromText('null', modes)).toThrow('is not a definition');
    const { text } = await compile({ name: 'p', stages: [{ id: 'a', mode: 'poll' }] });
    expect(() => compilePlanFromText(text, new Set(['pool']))).toThrowErrorMatchingInlineSnapshot(`
      [LoomError: Pipeline definition "p" has 1 problem:
        - stages[0].mode is "poll", which is not registered in this process; did you mean "pool"?]
    `);
  });

  test('has a limit', async () => {
    const input = Array.from({ length: 10 }, () => 'x'.repeat(900_000));
    expect(await problems({ stages: [execute('a', { input })] })).toMatchInlineSnapshot(
      `"The definition has 9000092 characters as JSON; expected at most 8388608. Pass large values as input."`,
    );
  });
});

test('10 000 stages compile, in a chain and side by side', async () => {
  const chain = Array.from({ length: 10_000 }, (_, index) =>
    execute(`s${index}`, index > 0 ? { input: `\${stages.s${index - 1}.output}` } : {}),
  );
  const plan = await compile({ stages: chain, output: '${stages.s0.output}' });
  expect(plan.nodes).toHaveLength(10_000);
  expect(plan.terminals).toEqual(['s9999']);
  const wide = Array.from({ length: 9_999 }, (_, index) => execute(`s${index}`, { dependsOn: [] }));
  const joined = await compile({
    stages: [...wide, execute('join', { dependsOn: wide.map((_, index) => `s${index}`) })],
  });
  expect(joined.terminals).toEqual(['join']);
  const round = chain.map((stage, index) => (index === 0 ? { ...stage, dependsOn: 's9999' } : stage));
  expect(await problems({ stages: round })).toContain('waits for itself');
});
