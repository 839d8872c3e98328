// Runs what docs/pipelines.md shows. A block stands for itself: YAML is a whole definition, followed by the
// input and what comes of it; TypeScript is a whole program, followed by what it prints.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ActorSource, JsonValue } from '@certoai/loom-core';
import { describe, expect, test } from 'vitest';
import { parseDefinition } from '../src/definition/parse-definition.js';
import { pipelineJsonSchema } from '../src/definition/pipeline-json-schema.js';
import { Loom, parsePipeline } from '../src/index.js';
import { compilePlan } from '../src/plan/compile.js';
import { defaults } from '../src/plan/defaults.js';
import { inNewFolder, printed } from './kit/printed.js';

const page = readFileSync(new URL('../../../docs/pipelines.md', import.meta.url), 'utf8');
const modules = fileURLToPath(new URL('../node_modules', import.meta.url));

interface Block {
  readonly language: string;
  readonly text: string;
  readonly line: number;
}

const blocks: readonly Block[] = [...page.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map((found) => ({
  language: found[1] ?? '',
  text: found[2] ?? '',
  line: page.slice(0, found.index).split('\n').length,
}));

/** Blocks of a language, each with the block after it. */
function pairs(
  language: string,
): readonly { readonly line: number; readonly text: string; readonly next: Block | undefined }[] {
  return blocks.flatMap(({ line, text, language: own }, index) =>
    own === language ? [{ line, text, next: blocks[index + 1] }] : [],
  );
}

/** Loads a program from a file in `folder`. */
function load(folder: string, text: string): Promise<Readonly<Record<string, unknown>>> {
  const file = join(folder, 'program.ts');
  writeFileSync(file, text);
  symlinkSync(modules, join(folder, 'node_modules'));
  return import(/* @vite-ignore */ pathToFileURL(file).href) as Promise<Readonly<Record<string, unknown>>>;
}

const isLibrary = (text: string): boolean => text.startsWith('export const actors');

describe('definitions', () => {
  interface Outcome {
    readonly input: JsonValue;
    readonly output?: JsonValue;
    readonly error?: { readonly code: string; readonly message: string };
  }

  test.each(pairs('yaml'))('of line $line does what it says', async ({ text, next }) => {
    expect(text).toMatch(/^(#.*\n)?(name|stages):/);
    const definition = await parsePipeline(text, { format: 'yaml' });
    expect(compilePlan(await parseDefinition(definition, { modes: new Set() })).nodes.length).toBeGreaterThan(
      0,
    );

    const library = blocks.find((block) => isLibrary(block.text))?.text ?? '';
    const { actors } = await inNewFolder((folder) => load(folder, library));
    await using loom = new Loom();
    for (const [type, actor] of Object.entries(actors as Record<string, ActorSource>))
      loom.registerActor(type, actor);
    expect(next?.language).toBe('json');
    const { input, output, error } = JSON.parse(next?.text ?? '') as Outcome;
    const run = loom.executePipeline(definition, input);
    if (error === undefined) return expect((await run).output).toEqual(output);
    const cause = await run.then(
      () => undefined,
      (failure: { readonly cause: unknown }) => failure.cause,
    );
    expect(cause).toMatchObject({ code: error.code, message: expect.stringContaining(error.message) });
  });
});

describe('programs', () => {
  test.each(pairs('ts').filter(({ text }) => !isLibrary(text)))(
    'of line $line print what it says',
    async ({ line, text, next }) => {
      expect(text).toMatch(/^import /);
      expect(next?.language).toBe('text');
      const output = await inNewFolder((folder) => {
        const file = /'([\w.-]+\.pipeline\.yaml)'/.exec(text)?.[1];
        const definition = blocks.findLast((block) => block.language === 'yaml' && block.line < line);
        if (file !== undefined) writeFileSync(join(folder, file), definition?.text ?? '');
        mkdirSync(join(folder, 'program'));
        return printed(() => load(join(folder, 'program'), text));
      });
      expect(`${output}\n`).toBe(next?.text);
    },
  );
});

describe('tables', () => {
  /** First cells and whole rows of the table below a marker. */
  function table(marker: string): ReadonlyMap<string, string> {
    const start = page.indexOf(`<!-- ${marker} -->`);
    if (start < 0) throw new Error(`no table ${marker}`);
    const [, , , ...lines] = page.slice(start).split('\n');
    const rows = lines.slice(
      0,
      lines.findIndex((line) => !line.startsWith('|')),
    );
    return new Map(
      rows.map((row) => [/^\| `([^`]+)`/.exec(row)?.[1] ?? row, row.replaceAll(/(?<=\d) (?=\d{3})/g, '')]),
    );
  }

  interface Field {
    readonly minimum?: number;
    readonly maximum?: number;
    readonly enum?: readonly string[];
  }
  const schema = pipelineJsonSchema() as {
    readonly properties: Readonly<Record<string, Field>>;
    readonly definitions: Readonly<Record<string, { readonly properties?: Readonly<Record<string, Field>> }>>;
  };
  const fieldsOf = (type: string): Readonly<Record<string, Field>> =>
    (type === 'PipelineDefinition' ? schema : schema.definitions[type])?.properties ?? {};
  const everyStage = Object.fromEntries(
    Object.entries(fieldsOf('CustomStage')).filter(([name]) => !['with', 'actor', 'input'].includes(name)),
  );
  const types = ['PipelineDefinition', ...Object.keys(schema.definitions)].filter((type) => {
    return Object.keys(fieldsOf(type)).length > 0 && type !== 'ScatterLevelDefinition';
  });

  test.each(['every stage', ...types])('the fields of %s are all there, with their ranges', (type) => {
    const rows = table(`fields: ${type}`);
    const all = type === 'every stage' ? everyStage : fieldsOf(type);
    const own = Object.entries(all).filter(([name]) => {
      return type === 'every stage' || !type.endsWith('Stage') || !Object.hasOwn(everyStage, name);
    });
    expect([...rows.keys()].sort()).toEqual(own.map(([name]) => name).sort());
    for (const [name, { minimum, maximum, enum: words }] of own) {
      if (name === 'mode') continue;
      if (maximum !== undefined) expect(rows.get(name)).toContain(`${minimum} to ${maximum}`);
      for (const word of words ?? []) expect(rows.get(name)).toContain(`\`${word}\``);
    }
  });

  test('the defaults are those of the plan', () => {
    const { retry, ...others } = defaults;
    const where = {
      concurrency: 'every stage',
      priority: 'every stage',
      onFailure: 'every stage',
      onTaskFailure: 'ScatterDefinition',
      minSuccess: 'ScatterDefinition',
      as: 'ScatterDefinition',
      condition: 'GatherDefinition',
      combine: 'GatherDefinition',
    } as const;
    const said = (type: string, name: string, value: unknown): void => {
      const text = Array.isArray(value) ? '[]' : String(value);
      expect(table(`fields: ${type}`).get(name)?.split('|').at(-2)).toContain(`\`${text}\``);
    };
    for (const [name, value] of Object.entries(others)) said(where[name as keyof typeof where], name, value);
    for (const [name, value] of Object.entries(retry)) said('RetryDefinition', name, value);
  });

  const source = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
  test('every start option and every field of a message that tells of an end has its row', () => {
    const fields = (text: string, type: string): readonly string[] => {
      const body = text.slice(text.indexOf(`interface ${type} {`)).split('\n}\n', 1)[0] ?? '';
      return [...body.matchAll(/^  readonly (\w+)\??:/gm)].map(([, name = '']) => name);
    };
    const starting = fields(source('../src/runtime/start-options.ts'), 'StartOptions');
    expect([...table('start').keys()].sort()).toEqual([...starting].sort());
    const finished = fields(source('../src/engine/finish-notice.ts'), 'ExecutionFinished');
    expect([...table('finished').keys()]).toEqual(finished);
  });

  test('every reason and every event has its row', () => {
    const kinds = /WaitKind =([^]*?)';/.exec(source('../src/runtime/wait-reason.ts'))?.[0] ?? '';
    const reasons = [...kinds.matchAll(/\| '([^']+)'/g)].map(([, kind]) => kind);
    expect(new Set(table('reasons').keys())).toEqual(new Set(reasons));
    const events = source('../../core/src/ports/execution-events.ts').matchAll(/readonly type: '([^']+)'/g);
    // Tracers take these already; no stage of this release has any.
    const later = /^(approval|breaker|compensation):/;
    const told = [...events].map(([, type = '']) => type).filter((type) => !later.test(type));
    expect(new Set(table('events').keys())).toEqual(new Set(told));
  });
});

test('the links within the page lead somewhere', () => {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  for (const [, anchor] of page.matchAll(/\]\(#([^)]+)\)/g)) expect(headings).toContain(anchor);
});
