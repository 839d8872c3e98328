import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isLoomError } from '@certoai/loom-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPipeline, parsePipeline } from '../../src/definition/load-pipeline.js';
import { parseDefinition } from '../../src/definition/parse-definition.js';
import { compilePlan } from '../../src/plan/compile.js';
import type { Plan } from '../../src/plan/plan.js';
import { documentProcessing } from './fixtures/document-processing.js';

const modes = new Set<string>();
const yamlFile = new URL('./fixtures/document-processing.yaml', import.meta.url);

async function compile(definition: unknown): Promise<Plan> {
  return compilePlan(await parseDefinition(definition, { modes }));
}

/** The message of the failure, the folder taken out. */
async function failure(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  return isLoomError(error)
    ? `${error.code}: ${error.message.replaceAll(folder, '')}`
    : `unexpected: ${String(error)}`;
}

let folder = '';
beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'loom-load-')), '/');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

test('YAML, JSON and TypeScript are the same pipeline', async () => {
  const fromYaml = await loadPipeline(yamlFile);
  const fromJson = await loadPipeline(await file('same.json', JSON.stringify(fromYaml, null, 2)));
  const plans = await Promise.all([fromYaml, fromJson, documentProcessing].map(compile));
  expect(new Set(plans.map(({ hash }) => hash)).size).toBe(1);
  expect(plans[0]?.nodes).toHaveLength(8);
  expect(plans[0]?.terminals).toEqual(['publish']);
});

describe('reading a file', () => {
  test('by path, by file: URL as text or object, and .yml', async () => {
    const path = await file('tiny.yml', 'stages:\n  - { id: a, actor: x }\n');
    for (const where of [path, pathToFileURL(path), pathToFileURL(path).href]) {
      expect(await loadPipeline(where)).toEqual({ stages: [{ id: 'a', actor: 'x' }] });
    }
  });

  test('what is read is frozen', async () => {
    const pipeline = await loadPipeline(yamlFile);
    expect(() => (pipeline.stages as unknown[]).push({})).toThrow(TypeError);
    expect(Object.isFrozen(pipeline.stages[0])).toBe(true);
  });

  test('a byte order mark and Windows line ends', async () => {
    const text = '\uFEFFstages:\r\n  - id: a\r\n    actor: x\r\n';
    expect(await parsePipeline(text, { format: 'yaml' })).toEqual({ stages: [{ id: 'a', actor: 'x' }] });
    expect(await parsePipeline('\uFEFF{"stages": []}', { format: 'json' })).toEqual({ stages: [] });
  });

  test('no file, a folder, another kind of file, an address', async () => {
    expect(await failure(loadPipeline(join(folder, 'gone.yaml')))).toMatchInlineSnapshot(
      `"LOOM_NOT_FOUND: The pipeline file "gone.yaml" does not exist."`,
    );
    const { mkdir } = await import('node:fs/promises');
    await mkdir(join(folder, 'dir.yaml'));
    expect(await failure(loadPipeline(join(folder, 'dir.yaml')))).toMatchInlineSnapshot(
      `"LOOM_INVALID_OPTION: The pipeline file "dir.yaml" cannot be read (EISDIR)."`,
    );
    expect(await failure(loadPipeline(await file('pipeline.toml', '')))).toMatchInlineSnapshot(
      `"LOOM_INVALID_OPTION: "pipeline.toml" is no .json, .yaml or .yml file; read it yourself and call parsePipeline(text, { format })."`,
    );
    expect(await failure(loadPipeline('https://example.com/p.yaml'))).toMatchInlineSnapshot(
      `"LOOM_INVALID_OPTION: "https://example.com/p.yaml" is not a file; fetch it yourself and call parsePipeline(text, { format })."`,
    );
    expect(await failure(loadPipeline(''))).toMatchInlineSnapshot(
      `"LOOM_INVALID_OPTION: The pipeline's file is ""; give a path or a file: URL."`,
    );
    expect(await failure(loadPipeline(5 as never))).toMatchInlineSnapshot(
      `"LOOM_INVALID_OPTION: The pipeline's file is 5; give a path or a file: URL."`,
    );
    expect(await failure(parsePipeline('', { format: 'toml' as never }))).toMatchInlineSnapshot(
      `"LOOM_INVALID_OPTION: format is "toml"; expected "json" or "yaml"."`,
    );
    expect(await failure(parsePipeline(7 as never, { format: 'json' }))).toMatchInlineSnapshot(
      `"LOOM_INVALID_OPTION: The text of a pipeline is 7; give a string."`,
    );
    expect(await failure(parsePipeline('#'.repeat(8_388_609), { format: 'yaml' }))).toMatchInlineSnapshot(`
      "LOOM_INVALID_DEFINITION: Pipeline definition has 1 problem:
        - The text has 8388609 characters; expected at most 8388608."
    `);
  });
});

describe('text that is not YAML', () => {
  test.each([
    [
      'bad indentation',
      'stages:\n  - id: a\n   actor: x\n',
      'line 3, column 4',
      'bad indentation of a sequence entry',
    ],
    ['an open quote', 'stages:\n  - { id: a, actor: "x }\n', 'line 3, column 1', 'deficient indentation'],
    ['a key twice', 'name: a\nname: b\nstages: []\n', 'line 2, column 1', 'duplicated mapping key'],
    ['an unknown alias', 'stages: *missing\n', 'line 1, column 10', 'unidentified alias "missing"'],
    [
      'a tag',
      'stages: !!js/function "x"\n',
      'line 1, column 9',
      'unknown scalar tag !<tag:yaml.org,2002:js/function>',
    ],
    ['nesting', `${'['.repeat(200)}\n`, 'line 1, column 100', 'nesting exceeded maxDepth (100)'],
    ['a tab', 'stages:\n\t- id: a\n', 'line 2, column 1', 'tab characters must not be used in indentation'],
    ['two documents', 'a: 1\n---\nb: 2\n', '', 'it has 2 documents, and a pipeline is one'],
    ['nothing', '', '', 'it is empty'],
    ['a comment', '# soon\n', '', 'it is empty'],
  ])('%s', async (_, text, place, reason) => {
    expect(await failure(loadPipeline(await file('bad.yaml', text)))).toBe(
      `LOOM_INVALID_DEFINITION: Pipeline definition in bad.yaml has 1 problem:\n  - ${place === '' ? '' : `${place}: `}The text is not valid YAML: ${reason}.`,
    );
  });
});

describe('text that is not JSON', () => {
  test.each([
    ['{"stages": [}', /unexpected token '\}', "\{"stages": \[\}"\.$/],
    ['{\n  "name": "a",\n  "stages": nope\n}', /unexpected token/],
    [
      '{"stages": []} x',
      /line 1, column 16: .*unexpected non-whitespace character after JSON at position 15\.$/,
    ],
    ['{"stages": [', /unexpected end of JSON input\.$/],
    ['', /it is empty\.$/],
  ])('%j', async (text, reason) => {
    const message = await failure(loadPipeline(await file('bad.json', text)));
    expect(message).toMatch(
      /^LOOM_INVALID_DEFINITION: Pipeline definition in bad\.json has 1 problem:\n {2}- /,
    );
    expect(message).toContain('The text is not valid JSON: ');
    expect(message).toMatch(reason);
  });
});

describe('later problems name the file, and in YAML the line', () => {
  const text = [
    'name: invoices',
    'stages:',
    '  - id: split',
    '    actor: splitter',
    '    retry:',
    '      maxAttempts: 0',
    '  - name: join',
    '    actr: joiner',
    '    "when": "stages.splt.output"',
    '    input: { a: 1, b: "${stages.split.ouput}" }',
    '',
  ].join('\n');

  test('of the shape', async () => {
    const pipeline = await loadPipeline(await file('invoices.yaml', text));
    expect(await failure(parseDefinition(pipeline, { modes }))).toMatchInlineSnapshot(`
      "LOOM_INVALID_DEFINITION: Pipeline definition "invoices" in invoices.yaml has 2 problems:
        - line 6, column 7: stages[0].retry.maxAttempts is 0; expected a whole number, 1 to 1_000.
        - line 8, column 5: stages[1].actr is not a field of a stage with mode "execute"; did you mean "actor"?"
    `);
  });

  test('of the graph and the expressions', async () => {
    const pipeline = await loadPipeline(
      await file('invoices.yaml', text.replace('actr', 'actor').replace('s: 0', 's: 1')),
    );
    expect(await failure(compile(pipeline))).toMatchInlineSnapshot(`
      "LOOM_INVALID_DEFINITION: Pipeline definition "invoices" in invoices.yaml has 2 problems:
        - line 9, column 6: stages[1].when: "stages.splt.output" reads stages.splt, which is no stage of this pipeline; did you mean stages.split?
        - line 10, column 20: stages[1].input.b: "\${stages.split.ouput}" reads stages.split.ouput, but stages.split has only output, status, error, errors; did you mean "output"?"
    `);
  });

  test('in JSON', async () => {
    const pipeline = await loadPipeline(await file('invoices.json', '{"stages": [{"id": "a"}]}'));
    expect(await failure(compile(pipeline))).toMatchInlineSnapshot(`
      "LOOM_INVALID_DEFINITION: Pipeline definition in invoices.json has 1 problem:
        - stages[0].actor is missing; expected the name of an actor type, an expression "\${…}", { rules, default }, or { capability }."
    `);
  });

  test('anchors, merge keys and x- fields', async () => {
    const anchored = [
      'x-defaults: &defaults',
      '  retry: { maxAttempts: 3 }',
      'stages:',
      '  - { id: a, actor: x, <<: *defaults }',
      '  - { id: b, actor: x, <<: *defaults, timeoutMs: -1 }',
    ].join('\n');
    const pipeline = await loadPipeline(await file('anchored.yaml', anchored));
    expect(await failure(compile(pipeline))).toMatchInlineSnapshot(`
      "LOOM_INVALID_DEFINITION: Pipeline definition in anchored.yaml has 1 problem:
        - line 5, column 39: stages[1].timeoutMs is -1; expected a whole number of milliseconds, 1 to 31_536_000_000."
    `);
    const fixed = await parsePipeline(anchored.replace('-1', '1'), { format: 'yaml' });
    expect((await compile(fixed)).nodes.map(({ retry }) => retry.maxAttempts)).toEqual([3, 3]);
  });

  test('a version that YAML takes for a number', async () => {
    const pipeline = await loadPipeline(
      await file('v.yaml', 'version: 1.0\nstages: [{ id: a, actor: x }]\n'),
    );
    expect(await failure(compile(pipeline))).toMatchInlineSnapshot(`
      "LOOM_INVALID_DEFINITION: Pipeline definition in v.yaml has 1 problem:
        - line 1, column 1: version is 1; expected a text of 1 to 100 characters, in quotes if it looks like a number."
    `);
  });

  test('an alias that contains itself, and a bomb of them', async () => {
    const cyclic = await loadPipeline(
      await file('cyclic.yaml', 'stages:\n  - id: a\n    actor: x\n    input: &me { self: *me }\n'),
    ).catch((error: unknown) => error);
    if (!isLoomError(cyclic)) expect(await failure(compile(cyclic))).toContain('contains itself');
    const bomb = [
      'x-0: &l0 [1, 1]',
      ...Array.from({ length: 40 }, (_, i) => `x-${i + 1}: &l${i + 1} [*l${i}, *l${i}]`),
      'stages: [{ id: a, actor: x, input: *l40 }]',
    ];
    expect(await failure(compile(await loadPipeline(await file('bomb.yaml', bomb.join('\n')))))).toContain(
      'more than 1000000 values',
    );
  });

  test('__proto__ in YAML', async () => {
    const pipeline = await parsePipeline('stages:\n  - { id: a, actor: x, __proto__: { polluted: 1 } }\n', {
      format: 'yaml',
    });
    expect(await failure(compile(pipeline))).toContain(
      '__proto__ is a field of that name, which is not allowed.',
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
