import { isLoomError } from '@certoai/loom-core';
import { describe, expect, test } from 'vitest';
import { parseDefinition } from '../../src/definition/parse-definition.js';
import type { DefinitionIssue } from '../../src/definition/definition-issue.js';

const modes = new Set(['poll']);

async function issuesOf(definition: unknown): Promise<readonly DefinitionIssue[]> {
  try {
    await parseDefinition(definition, { modes });
  } catch (error) {
    if (isLoomError(error, 'LOOM_INVALID_DEFINITION'))
      return error.details['issues'] as readonly DefinitionIssue[];
    throw error;
  }
  return [];
}

/** The sentences of all problems, one a line. */
async function problems(definition: unknown): Promise<string> {
  const issues = await issuesOf(definition);
  return issues.map(({ message }) => message).join('\n');
}

/** The same for one stage, which is complete but for what is given. */
const stage = (fields: object): Promise<string> => problems({ stages: [{ id: 'a', actor: 'x', ...fields }] });
const scatter = (fields: object): Promise<string> =>
  stage({ mode: 'scatter', scatter: { over: '${input.files}', ...fields } });
const gather = (fields: object, more: object = {}): Promise<string> =>
  problems({
    stages: [
      { id: 'a', actor: 'x' },
      { id: 'b', mode: 'gather', gather: { from: 'a', ...fields }, ...more },
    ],
  });
const mapReduce = (fields: object): Promise<string> =>
  problems({
    stages: [
      {
        id: 'a',
        mode: 'map-reduce',
        mapReduce: { over: '${input.files}', map: 'x', reduce: 'y', ...fields },
      },
    ],
  });
const pipeline = (fields: object): Promise<string> =>
  problems({ stages: [{ id: 'a', actor: 'x' }], ...fields });

describe('the whole message', () => {
  test('names the pipeline, counts the problems and lists every one', async () => {
    const definition = {
      name: 'document-processing',
      stages: [
        { id: 'split', actr: 'splitter', retry: { maxAttempts: 0 } },
        { id: 'split', actor: 'x', mode: 'scater' },
      ],
    };
    await expect(parseDefinition(definition, { modes })).rejects.toThrowErrorMatchingInlineSnapshot(`
      [LoomError: Pipeline definition "document-processing" has 4 problems:
        - stages[0].retry.maxAttempts is 0; expected a whole number, 1 to 1_000.
        - stages[0].actr is not a field of a stage with mode "execute"; did you mean "actor"?
        - stages[1].id is "split", already the id of stages[0]; ids are unique.
        - stages[1].mode is "scater"; expected one of execute, scatter, gather, map-reduce, broadcast, fork-join, poll; did you mean "scatter"?]
    `);
  });

  test('stays readable with hundreds of problems, and the details have all', async () => {
    const stages = Array.from({ length: 300 }, (_, index) => ({ id: `s${index}` }));
    const error: unknown = await parseDefinition({ stages }, { modes }).catch((reason: unknown) => reason);
    if (!isLoomError(error, 'LOOM_INVALID_DEFINITION')) throw error;
    expect(error.message.split('\n')).toHaveLength(52);
    expect(error.message.split('\n').at(-1)).toBe('  - and 250 more.');
    expect(error.details['issues']).toHaveLength(300);
  });

  test('as data: path, value, expectation, suggestion', async () => {
    const issues = await issuesOf({ stages: [{ id: 'a', actor: 'x', onFailure: 'contineu' }] });
    expect(issues).toMatchInlineSnapshot(`
      [
        {
          "expected": ""fail" or "continue"",
          "message": "stages[0].onFailure is "contineu"; expected "fail" or "continue"; did you mean "continue"?",
          "path": "stages[0].onFailure",
          "suggestion": "continue",
          "value": ""contineu"",
        },
      ]
    `);
  });
});

describe('what a definition is', () => {
  test.each<[string, unknown, string]>([
    [
      'nothing',
      undefined,
      'The definition is missing; expected an object such as { stages: [{ id: split, actor: splitter }] }.',
    ],
    [
      'null',
      null,
      'The definition is null; expected an object such as { stages: [{ id: split, actor: splitter }] }.',
    ],
    [
      'a text',
      'stages',
      'The definition is "stages"; expected an object such as { stages: [{ id: split, actor: splitter }] }.',
    ],
    [
      'a list',
      [{ id: 'a' }],
      'The definition is a list of 1; expected an object such as { stages: [{ id: split, actor: splitter }] }.',
    ],
    ['a function', () => ({}), 'The definition is a function; expected plain JSON.'],
    ['a promise', Promise.resolve({}), 'The definition is an object of class Promise; expected plain JSON.'],
    ['no stages', {}, 'stages is missing; expected a list of 1 to 10_000 stages.'],
    ['empty stages', { stages: [] }, 'stages is an empty list; expected a list of 1 to 10_000 stages.'],
    [
      'stages as an object',
      { stages: { a: {} } },
      'stages is an object; expected a list of 1 to 10_000 stages.',
    ],
    [
      'a stage that is none',
      { stages: ['split'] },
      'stages[0] is "split"; expected a stage such as { id: split, actor: splitter }.',
    ],
  ])('%s', async (_, definition, expected) => {
    expect(await problems(definition)).toBe(expected);
  });

  test('10 000 stages are accepted, one more is not', async () => {
    const stages = Array.from({ length: 10_000 }, (_, index) => ({ id: `s${index}`, actor: 'x' }));
    expect(await problems({ stages })).toBe('');
    expect(await problems({ stages: [...stages, { id: 'last', actor: 'x' }] })).toBe(
      'stages is a list of 10001; expected a list of 1 to 10_000 stages.',
    );
  });

  test('only plain JSON', async () => {
    class Config {
      readonly a = 1;
    }
    const input = {
      date: new Date(0),
      map: new Map(),
      config: new Config(),
      call: () => 1,
      big: 10n,
      symbol: Symbol('x'),
      nan: NaN,
      infinite: [1, -Infinity],
      hole: [undefined],
      regexp: /x/,
    };
    expect(await stage({ input })).toMatchInlineSnapshot(`
      "stages[0].input.date is an object of class Date; expected plain JSON.
      stages[0].input.map is an object of class Map; expected plain JSON.
      stages[0].input.config is an object of class Config; expected plain JSON.
      stages[0].input.call is a function; expected plain JSON.
      stages[0].input.big is the bigint 10; expected plain JSON.
      stages[0].input.symbol is a symbol; expected plain JSON.
      stages[0].input.nan is NaN; expected a finite number.
      stages[0].input.infinite[1] is -Infinity; expected a finite number.
      stages[0].input.hole[0] is undefined; expected a value.
      stages[0].input.regexp is an object of class RegExp; expected plain JSON."
    `);
  });

  test('a field that is undefined counts as absent', async () => {
    expect(await stage({ retry: undefined, input: { a: undefined }, timeoutMs: undefined })).toBe('');
  });

  test('objects of another realm and without a prototype are plain', async () => {
    const { runInNewContext } = await import('node:vm');
    expect(
      await problems(runInNewContext('({ stages: [{ id: "a", actor: "x", input: { b: [1] } }] })')),
    ).toBe('');
    expect(
      await problems(Object.assign(Object.create(null) as object, { stages: [{ id: 'a', actor: 'x' }] })),
    ).toBe('');
  });

  test('a cycle, and nesting without end', async () => {
    const input: Record<string, unknown> = {};
    input['self'] = { input };
    expect(await stage({ input })).toBe(
      'stages[0].input.self.input contains itself; a definition has no cycles.',
    );
    let deep: unknown = 1;
    for (let level = 0; level < 5_000; level += 1) deep = [deep];
    expect(await stage({ input: deep })).toContain('is nested more than 100 levels deep.');
  });

  test('one value in several places is no cycle, and a bomb of them is stopped', async () => {
    const shared = { x: [1] };
    expect(await stage({ input: [shared, shared, { shared }] })).toBe('');
    let bomb: unknown = 'boom';
    for (let level = 0; level < 40; level += 1) bomb = [bomb, bomb];
    expect(await stage({ input: bomb })).toContain('makes more than 1000000 values.');
  });

  test('a getter or a proxy that throws is a problem of the definition', async () => {
    const input = {
      get secret(): string {
        throw new Error('not today');
      },
    };
    expect(await stage({ input })).toBe('stages[0].input.secret cannot be read: not today.');
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(await problems(proxy)).toContain('cannot be read');
    expect(await stage({ input: proxy })).toContain('cannot be read');
    expect(await pipeline({ input: proxy })).toContain('cannot be read');
  });

  test('__proto__ is refused everywhere and pollutes nothing', async () => {
    for (const text of [
      '{"__proto__": {"polluted": 1}, "stages": [{"id": "a", "actor": "x"}]}',
      '{"stages": [{"id": "a", "actor": "x", "__proto__": {"polluted": 1}}]}',
      '{"stages": [{"id": "a", "actor": "x", "input": {"deep": {"__proto__": {"polluted": 1}}}}]}',
      '{"stages": [{"id": "a", "mode": "fork-join", "branches": {"__proto__": {"actor": "x"}}}]}',
    ]) {
      expect(await problems(JSON.parse(text))).toMatch(
        /__proto__ is a field of that name, which is not allowed\.$/,
      );
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('the pipeline', () => {
  test('each field', async () => {
    expect(await pipeline({ name: '', version: 1, description: 5 })).toMatchInlineSnapshot(`
      "name is ""; expected a text of 1 to 200 characters.
      version is 1; expected a text of 1 to 100 characters, in quotes if it looks like a number.
      description is 5; expected a text of 1 to 10_000 characters."
    `);
    expect(await pipeline({ name: 'x'.repeat(201), timeoutMs: '60s', strictInputs: 'yes' }))
      .toMatchInlineSnapshot(`
      "name is "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."; expected a text of 1 to 200 characters.
      timeoutMs is "60s"; expected a whole number of milliseconds, 1 to 31_536_000_000.
      strictInputs is "yes"; expected true or false."
    `);
    expect(await pipeline({ stags: [], retries: 3 })).toMatchInlineSnapshot(`
      "stags is not a field here; did you mean "stages"?
      retries is not a field here; expected one of $schema, name, version, description, input, stages, output, timeoutMs, strictInputs, pinVersions."
    `);
    expect(await pipeline({ input: 'object' })).toMatchInlineSnapshot(
      `"input is "object"; expected a JSON Schema, such as { type: object, required: [files] }."`,
    );
  });

  test('notes of other tools are let through, and are not part of it', async () => {
    const definition = await parseDefinition(
      { $schema: './pipeline.schema.json', 'x-defaults': { retry: {} }, stages: [{ id: 'a', actor: 'x' }] },
      { modes },
    );
    expect(definition).toEqual({ stages: [{ id: 'a', mode: 'execute', actor: 'x' }] });
  });

  test('its input schema', async () => {
    const input = {
      type: 'objekt',
      required: 'files',
      properties: {
        files: { type: 'array', itmes: {} },
        size: { minimum: '3', pattern: '(' },
      },
    };
    expect(await pipeline({ input })).toMatchInlineSnapshot(`
      "input.type is "objekt"; expected one of null, boolean, object, array, number, integer, string; did you mean "object"?
      input.required is "files"; expected a list.
      input.properties.files.itmes is not a keyword of JSON Schema that is known here; did you mean "items"?
      input.properties.size.minimum is "3"; expected a number.
      input.properties.size.pattern is "("; expected a regular expression."
    `);
  });
});

describe('ids', () => {
  test.each<[object, string]>([
    [{ id: '' }, 'stages[0].id is ""; expected letters, digits, _ and -, 1 to 100 characters.'],
    [{ id: 'a b' }, 'stages[0].id is "a b"; expected letters, digits, _ and -, 1 to 100 characters.'],
    [{ id: 'a.b' }, 'stages[0].id is "a.b"; expected letters, digits, _ and -, 1 to 100 characters.'],
    [{ id: 'größe' }, 'stages[0].id is "größe"; expected letters, digits, _ and -, 1 to 100 characters.'],
    [{ id: 'a#map' }, 'stages[0].id is "a#map"; expected letters, digits, _ and -, 1 to 100 characters.'],
    [{ id: 7 }, 'stages[0].id is 7; expected letters, digits, _ and -, 1 to 100 characters.'],
    [{ id: undefined }, 'stages[0].id is missing; expected a name of its own for each stage.'],
    [
      { id: 'constructor' },
      'stages[0].id is "constructor", a name that JavaScript objects have already; choose another.',
    ],
    [
      { id: '__proto__' },
      'stages[0].id is "__proto__", a name that JavaScript objects have already; choose another.',
    ],
    [{ name: 'b' }, 'stages[0].name is "b" and id is "a"; name is the same as id, so give one.'],
  ])('%j', async (fields, expected) => {
    expect(await stage(fields)).toBe(expected);
  });

  test('are unique, also by their alias', async () => {
    const stages = [
      { id: 'a', actor: 'x' },
      { id: 'b', actor: 'x' },
      { name: 'a', actor: 'x' },
    ];
    expect(await problems({ stages })).toBe(
      'stages[2].name is "a", already the id of stages[0]; ids are unique.',
    );
  });

  test('name is an alias', async () => {
    const { stages } = await parseDefinition({ stages: [{ name: 'a', actor: 'x' }] }, { modes });
    expect(stages).toEqual([{ id: 'a', mode: 'execute', actor: 'x' }]);
  });
});

describe('modes', () => {
  test('single is execute, and so is none', async () => {
    const { stages } = await parseDefinition(
      {
        stages: [
          { id: 'a', actor: 'x' },
          { id: 'b', mode: 'single', actor: 'x' },
          { id: 'c', mode: 'execute', actor: 'x' },
        ],
      },
      { modes },
    );
    expect(stages.map(({ mode }) => mode)).toEqual(['execute', 'execute', 'execute']);
  });

  test('an unknown one lists those there are', async () => {
    expect(await stage({ mode: 'scater' })).toMatchInlineSnapshot(
      `"stages[0].mode is "scater"; expected one of execute, scatter, gather, map-reduce, broadcast, fork-join, poll; did you mean "scatter"?"`,
    );
    expect(await stage({ mode: 'teleport' })).toMatchInlineSnapshot(
      `"stages[0].mode is "teleport"; expected one of execute, scatter, gather, map-reduce, broadcast, fork-join, poll."`,
    );
    expect(await stage({ mode: 3 })).toMatchInlineSnapshot(
      `"stages[0].mode is 3; expected one of execute, scatter, gather, map-reduce, broadcast, fork-join, poll."`,
    );
    expect(await stage({ mode: 'constructor' })).toContain('expected one of execute');
  });

  test.each(['human-approval', 'wait', 'signal', 'pipeline', 'loop'])(
    '%s is named and not run in this version',
    async (mode) => {
      const expected = `stages[0].mode is "${mode}", which is part of the language, but this version of Loom does not run it.`;
      expect(await stage({ mode })).toBe(expected);
      expect(await problems({ stages: [{ id: 'a', mode, approval: {} }] })).toBe(expected);
    },
  );

  test.each(['compensation', 'circuitBreaker'])('%s is named and not run in this version', async (field) => {
    expect(await stage({ [field]: { actor: 'undo' } })).toBe(
      `stages[0].${field} is part of the language, but this version of Loom does not run it; take it out.`,
    );
  });

  test('a registered one takes "with", and nothing of the built-in ones', async () => {
    expect(
      await problems({ stages: [{ id: 'a', mode: 'poll', with: { url: 'x' }, input: 1, actor: 'y' }] }),
    ).toBe('');
    expect(await problems({ stages: [{ id: 'a', mode: 'poll', scatter: {}, wiht: {} }] }))
      .toMatchInlineSnapshot(`
      "stages[0].scatter belongs to mode "scatter", and this stage has mode "poll"; set mode: scatter.
      stages[0].wiht is not a field of a stage with mode "poll"; did you mean "with"?"
    `);
  });

  test('a block of another mode', async () => {
    expect(await stage({ scatter: { over: 'input' } })).toMatchInlineSnapshot(
      `"stages[0].scatter belongs to mode "scatter", and this stage has mode "execute"; set mode: scatter."`,
    );
    expect(await stage({ gather: {}, mapReduce: {}, branches: {}, actors: [], with: {} }))
      .toMatchInlineSnapshot(`
        "stages[0].gather belongs to mode "gather", and this stage has mode "execute"; set mode: gather.
        stages[0].mapReduce belongs to mode "map-reduce", and this stage has mode "execute"; set mode: map-reduce.
        stages[0].branches belongs to mode "fork-join", and this stage has mode "execute"; set mode: fork-join.
        stages[0].actors belongs to mode "broadcast", and this stage has mode "execute"; set mode: broadcast.
        stages[0].with is not a field of a stage with mode "execute"; expected one of id, name, description, when, dependsOn, retry, timeoutMs, stageTimeoutMs, concurrency, limit, workers, priority, output, onFailure, mode, actor, input."
      `);
    expect(await stage({ mode: 'scatter' })).toMatchInlineSnapshot(
      `"stages[0].scatter is missing; expected an object such as { over: "\${input.files}", as: file }."`,
    );
    expect(await stage({ mode: 'broadcast' })).toMatchInlineSnapshot(
      `"stages[0].actor is not a field of a stage with mode "broadcast"; did you mean "actors"?"`,
    );
  });
});

describe('what every stage may say', () => {
  test('misspelt fields', async () => {
    expect(await stage({ actr: 'x', depensOn: [], retries: 3, timeout: 5 })).toMatchInlineSnapshot(`
      "stages[0].actr is not a field of a stage with mode "execute"; did you mean "actor"?
      stages[0].depensOn is not a field of a stage with mode "execute"; did you mean "dependsOn"?
      stages[0].retries is not a field of a stage with mode "execute"; did you mean "retry"?
      stages[0].timeout is not a field of a stage with mode "execute"; did you mean "timeoutMs"?"
    `);
    expect(await problems({ stages: [{ id: 'a', actr: 'x' }] })).toMatchInlineSnapshot(
      `"stages[0].actr is not a field of a stage with mode "execute"; did you mean "actor"?"`,
    );
  });

  test('wrong kinds of values', async () => {
    const fields = {
      description: '',
      when: true,
      dependsOn: 5,
      output: undefined,
      onFailure: 'ignore',
      priority: 'high',
    };
    expect(await stage(fields)).toMatchInlineSnapshot(`
      "stages[0].description is ""; expected a text of 1 to 10_000 characters.
      stages[0].when is true; expected an expression, such as "length(input.files) > \`0\`".
      stages[0].dependsOn is 5; expected a stage id or a list of them.
      stages[0].priority is "high"; expected a whole number, 0 to 100.
      stages[0].onFailure is "ignore"; expected "fail" or "continue"."
    `);
    expect(await stage({ dependsOn: ['b', 5, 'c d'] })).toMatchInlineSnapshot(`
      "stages[0].dependsOn[1] is 5; expected letters, digits, _ and -, 1 to 100 characters.
      stages[0].dependsOn[2] is "c d"; expected letters, digits, _ and -, 1 to 100 characters."
    `);
  });

  test.each(['timeoutMs', 'stageTimeoutMs', 'concurrency', 'priority'])(
    '%s takes no absurd number',
    async (field) => {
      for (const value of [-1, 0.5, 1e300, Number.MAX_SAFE_INTEGER, '5', true, [], {}]) {
        expect(await stage({ [field]: value })).toMatch(
          new RegExp(String.raw`^stages\[0\]\.${field} is .*; expected a whole number.*, \d+ to [\d_]+\.$`),
        );
      }
      for (const value of [NaN, Infinity, -Infinity]) {
        expect(await stage({ [field]: value })).toBe(
          `stages[0].${field} is ${value}; expected a finite number.`,
        );
      }
    },
  );

  test('the ranges, as they are said', async () => {
    const wrong = { timeoutMs: 0, stageTimeoutMs: -5, concurrency: 0, priority: 101 };
    expect(await stage(wrong)).toMatchInlineSnapshot(`
      "stages[0].timeoutMs is 0; expected a whole number of milliseconds, 1 to 31_536_000_000.
      stages[0].stageTimeoutMs is -5; expected a whole number of milliseconds, 1 to 31_536_000_000.
      stages[0].concurrency is 0; expected a whole number, 1 to 10_000.
      stages[0].priority is 101; expected a whole number, 0 to 100."
    `);
    const most = { timeoutMs: 31_536_000_000, stageTimeoutMs: 1, concurrency: 10_000, priority: 100 };
    expect(await stage(most)).toBe('');
  });
});

describe('retry', () => {
  test('each field', async () => {
    const retry = {
      maxAttempts: 0,
      backoff: 'exponentional',
      initialDelayMs: -1,
      maxDelayMs: 1e12,
      jitter: 'full',
      nonRetryable: 'TypeError',
    };
    expect(await stage({ retry })).toMatchInlineSnapshot(`
      "stages[0].retry.maxAttempts is 0; expected a whole number, 1 to 1_000.
      stages[0].retry.backoff is "exponentional"; expected "fixed", "linear" or "exponential"; did you mean "exponential"?
      stages[0].retry.initialDelayMs is -1; expected a whole number of milliseconds, 0 to 86_400_000.
      stages[0].retry.maxDelayMs is 1000000000000; expected a whole number of milliseconds, 0 to 604_800_000.
      stages[0].retry.jitter is "full"; expected true or false.
      stages[0].retry.nonRetryable is "TypeError"; expected a list of error names or codes, at most 100."
    `);
    expect(await stage({ retry: { maxAttempt: 3, delay: 5 } })).toMatchInlineSnapshot(`
      "stages[0].retry.maxAttempt is not a field here; did you mean "maxAttempts"?
      stages[0].retry.delay is not a field here; expected one of maxAttempts, backoff, initialDelayMs, maxDelayMs, jitter, nonRetryable."
    `);
    expect(await stage({ retry: 3 })).toMatchInlineSnapshot(
      `"stages[0].retry is 3; expected an object such as { maxAttempts: 3 }."`,
    );
    expect(await stage({ retry: { nonRetryable: ['', 5] } })).toMatchInlineSnapshot(`
      "stages[0].retry.nonRetryable[0] is ""; expected a text of 1 to 200 characters.
      stages[0].retry.nonRetryable[1] is 5; expected a text of 1 to 200 characters."
    `);
  });

  test('a first delay above the greatest', async () => {
    expect(await stage({ retry: { initialDelayMs: 500, maxDelayMs: 100 } })).toMatchInlineSnapshot(
      `"stages[0].retry.initialDelayMs is 500, more than maxDelayMs (100); lower it or raise maxDelayMs."`,
    );
    expect(await stage({ retry: { initialDelayMs: 60_000 } })).toBe('');
  });
});

describe('actor', () => {
  test('each form', async () => {
    expect(await stage({ actor: '' })).toMatchInlineSnapshot(
      `"stages[0].actor is ""; expected the name of an actor type, an expression "\${…}", { rules, default }, or { capability }."`,
    );
    expect(await stage({ actor: '  ' })).toMatchInlineSnapshot(
      `"stages[0].actor is "  "; expected the name of an actor type, an expression "\${…}", { rules, default }, or { capability }."`,
    );
    expect(await stage({ actor: 5 })).toMatchInlineSnapshot(
      `"stages[0].actor is 5; expected the name of an actor type, an expression "\${…}", { rules, default }, or { capability }."`,
    );
    expect(await stage({ actor: ['x'] })).toMatchInlineSnapshot(
      `"stages[0].actor is a list of 1; expected the name of an actor type, an expression "\${…}", { rules, default }, or { capability }."`,
    );
    expect(await stage({ actor: undefined })).toMatchInlineSnapshot(
      `"stages[0].actor is missing; expected the name of an actor type, an expression "\${…}", { rules, default }, or { capability }."`,
    );
    expect(await stage({ actor: { rules: [] } })).toMatchInlineSnapshot(
      `"stages[0].actor.rules is an empty list; expected 1 to 100 rules { when, actor }."`,
    );
    expect(await stage({ actor: { rules: [{ when: 'input.a', actr: 'x' }, { actor: 'y' }], defualt: 'z' } }))
      .toMatchInlineSnapshot(`
        "stages[0].actor.rules[0].actr is not a field here; did you mean "actor"?
        stages[0].actor.rules[1].when is missing; expected an expression, such as "length(input.files) > \`0\`".
        stages[0].actor.defualt is not a field here; did you mean "default"?"
      `);
  });
});

test('a capability', async () => {
  expect(await stage({ actor: { capability: 'ocr' } })).toBe('');
  expect(await stage({ actor: { capability: [] } })).toMatchInlineSnapshot(
    `"stages[0].actor.capability is an empty list; expected 1 to 20 words."`,
  );
  expect(await stage({ actor: { capability: '${input.what}' } })).toMatchInlineSnapshot(
    `"stages[0].actor.capability is "\${input.what}"; expected a word without expressions."`,
  );
  expect(await stage({ actor: { capability: 'ocr', version: '1' } })).toMatchInlineSnapshot(
    `"stages[0].actor.version is not a field here; expected one of capability."`,
  );
});

test('workers', async () => {
  expect(await stage({ workers: { version: '^1.2 || 3.x', labels: { zone: '${input.zone}' } } })).toBe('');
  expect(await stage({ workers: {} })).toMatchInlineSnapshot(
    `"stages[0].workers says nothing; give it version or labels, or take it out."`,
  );
  expect(await stage({ workers: { version: 'newest', labels: {} } })).toMatchInlineSnapshot(`
    "stages[0].workers.version is "newest"; expected a semantic version range, such as "^2.1".
    stages[0].workers.labels has 0 labels; expected 1 to 20."
  `);
  expect(await stage({ workers: { labels: { zone: 1 } } })).toMatchInlineSnapshot(
    `"stages[0].workers.labels.zone is 1; expected a text of 1 to 1_000 characters."`,
  );
  expect(await stage({ workers: { label: { zone: 'west' } } })).toMatchInlineSnapshot(
    `"stages[0].workers.label is not a field here; did you mean "labels"?"`,
  );
  expect(await stage({ workers: { version: '1' }, limit: { concurrency: 1 } })).toMatchInlineSnapshot(
    `"stages[0].workers and limit cannot stand together, as a limit counts the tasks of all workers; give one."`,
  );
});

describe('scatter', () => {
  test('each field', async () => {
    const fields = { over: '', as: '1st', where: 5, concurrency: 0, onTaskFailure: 'skip', minSuccess: -1 };
    expect(await scatter(fields)).toMatchInlineSnapshot(`
      "stages[0].scatter.over is ""; expected an expression, such as "input.files".
      stages[0].scatter.as is "1st"; expected a name of letters, digits and _ that does not begin with a digit.
      stages[0].scatter.where is 5; expected an expression, such as "length(input.files) > \`0\`".
      stages[0].scatter.concurrency is 0; expected a whole number, 1 to 10_000.
      stages[0].scatter.onTaskFailure is "skip"; expected "fail" or "continue".
      stages[0].scatter.minSuccess is -1; expected a whole number, 0 to 1_000_000."
    `);
    expect(await scatter({ over: undefined, ovr: 'input.files' })).toMatchInlineSnapshot(
      `"stages[0].scatter.ovr is not a field here; did you mean "over"?"`,
    );
    expect(await scatter({ over: ['a'] })).toMatchInlineSnapshot(
      `"stages[0].scatter.over is a list of 1; expected an expression, such as "input.files"."`,
    );
    expect(await scatter({ as: 'a-b' })).toMatchInlineSnapshot(
      `"stages[0].scatter.as is "a-b"; expected a name of letters, digits and _ that does not begin with a digit."`,
    );
  });

  test('what says the same twice, or nothing', async () => {
    expect(
      await stage({ mode: 'scatter', concurrency: 5, scatter: { over: 'input', concurrency: 5 } }),
    ).toMatchInlineSnapshot(
      `"stages[0].scatter.concurrency and the stage's concurrency say the same thing; give one."`,
    );
    expect(await scatter({ minSuccess: 1 })).toMatchInlineSnapshot(
      `"stages[0].scatter.minSuccess has no effect unless onTaskFailure is "continue"; add that or take it out."`,
    );
    expect(await scatter({ minSuccess: 1, onTaskFailure: 'continue' })).toBe('');
  });

  test('nested levels', async () => {
    expect(await scatter({ scatter: { over: 'item', as: 'b', concurrency: 5 } })).toMatchInlineSnapshot(
      `"stages[0].scatter.scatter.concurrency is not a field here; expected one of over, as, where, scatter."`,
    );
    expect(await scatter({ scatter: { as: 'b', scatter: { over: 5 } } })).toMatchInlineSnapshot(`
      "stages[0].scatter.scatter.over is missing; expected an expression, such as "input.files".
      stages[0].scatter.scatter.scatter.over is 5; expected an expression, such as "input.files"."
    `);
    let level: object = { over: 'input' };
    for (let depth = 1; depth < 6; depth += 1) level = { over: 'input', as: `v${depth}`, scatter: level };
    expect(await stage({ mode: 'scatter', scatter: level })).toMatchInlineSnapshot(
      `"stages[0].scatter has 6 levels; expected at most 5."`,
    );
  });
});

describe('gather', () => {
  test('each field', async () => {
    expect(await gather({ from: 5, condition: 'most', count: 0, groupBy: '', combine: 'merge' }))
      .toMatchInlineSnapshot(`
        "stages[1].gather.from is 5; expected a stage id or a list of them.
        stages[1].gather.condition is "most"; expected "all", "any" or "count".
        stages[1].gather.count is 0; expected a whole number, 1 to 1_000_000.
        stages[1].gather.groupBy is ""; expected an expression, such as "documentType".
        stages[1].gather.combine is "merge"; expected "concat" or "object"."
      `);
    expect(await gather({ form: 'a' })).toMatchInlineSnapshot(
      `"stages[1].gather.form is not a field here; did you mean "from"?"`,
    );
  });

  test('fields that need one another', async () => {
    expect(await gather({ condition: 'count' })).toMatchInlineSnapshot(
      `"stages[1].gather.count is missing; expected how many successes to wait for."`,
    );
    expect(await gather({ count: 3 })).toMatchInlineSnapshot(
      `"stages[1].gather.count has no effect unless condition is "count"; add that or take it out."`,
    );
    expect(await gather({ condition: 'any', count: 3 })).toMatchInlineSnapshot(
      `"stages[1].gather.count has no effect unless condition is "count"; add that or take it out."`,
    );
    expect(await gather({ groupBy: 'kind', combine: 'object' })).toBe('');
    expect(await gather({}, { input: '${group.items}' })).toMatchInlineSnapshot(
      `"stages[1].input has no effect without an actor that receives it; add actor, or use output."`,
    );
  });
});

test('map-reduce', async () => {
  expect(await mapReduce({ over: undefined, map: undefined, reduce: 5 })).toMatchInlineSnapshot(`
    "stages[0].mapReduce.over is missing; expected an expression, such as "input.files".
    stages[0].mapReduce.map is missing; expected the name of an actor type, an expression "\${…}", { rules, default }, or { capability }.
    stages[0].mapReduce.reduce is 5; expected the name of an actor type, an expression "\${…}", { rules, default }, or { capability }."
  `);
  expect(await mapReduce({ minSuccess: 2, redcue: 'y' })).toMatchInlineSnapshot(
    `"stages[0].mapReduce.redcue is not a field here; did you mean "reduce"?"`,
  );
  expect(await problems({ stages: [{ id: 'a', mode: 'map-reduce', actor: 'x' }] })).toMatchInlineSnapshot(`
    "stages[0].mapReduce is missing; expected an object such as { over: "\${input.orders}", map: price, reduce: add }.
    stages[0].actor is not a field of a stage with mode "map-reduce"; expected one of id, name, description, when, dependsOn, retry, timeoutMs, stageTimeoutMs, concurrency, limit, workers, priority, output, onFailure, mode, mapReduce, input."
  `);
});

test('broadcast', async () => {
  const broadcast = (actors: unknown): Promise<string> =>
    problems({ stages: [{ id: 'a', mode: 'broadcast', actors }] });
  expect(await broadcast([])).toMatchInlineSnapshot(
    `"stages[0].actors is an empty list; expected a list of 1 to 1_000 actors."`,
  );
  expect(await broadcast('mail')).toMatchInlineSnapshot(
    `"stages[0].actors is "mail"; expected a list of 1 to 1_000 actors."`,
  );
  expect(await broadcast(['mail', 5, ''])).toMatchInlineSnapshot(`
    "stages[0].actors[1] is 5; expected the name of an actor type, an expression "\${…}", { rules, default }, or { capability }.
    stages[0].actors[2] is ""; expected the name of an actor type, an expression "\${…}", { rules, default }, or { capability }."
  `);
  expect(await broadcast(Array.from({ length: 1_001 }, () => 'x'))).toMatchInlineSnapshot(
    `"stages[0].actors is a list of 1001; expected a list of 1 to 1_000 actors."`,
  );
});

test('fork-join', async () => {
  const forkJoin = (branches: unknown): Promise<string> =>
    problems({ stages: [{ id: 'a', mode: 'fork-join', branches }] });
  expect(await forkJoin({})).toMatchInlineSnapshot(
    `"stages[0].branches has 0 branches; expected 1 to 1000."`,
  );
  expect(await forkJoin(['legal'])).toMatchInlineSnapshot(
    `"stages[0].branches is a list of 1; expected branches by name, such as { legal: { actor: legal-check } }."`,
  );
  expect(await forkJoin({ 'legal check': { actor: 'x' }, finance: 'y', audit: { actor: 'x', inptu: 1 } }))
    .toMatchInlineSnapshot(`
    "stages[0].branches has the name "legal check"; expected letters, digits, _ and -, 1 to 100 characters.
    stages[0].branches.finance is "y"; expected an object such as { actor: legal-check }.
    stages[0].branches.audit.inptu is not a field here; did you mean "input"?"
  `);
  expect(await forkJoin({ toString: { actor: 'x' } })).toMatchInlineSnapshot(
    `"stages[0].branches.toString has a name that JavaScript objects have already; choose another."`,
  );
});

test('what is accepted shares nothing with what was given', async () => {
  const definition = { stages: [{ id: 'a', actor: 'x', input: { list: [1] } }] };
  const parsed = await parseDefinition(definition, { modes });
  definition.stages[0]?.input.list.push(2);
  expect(parsed.stages[0]).toEqual({ id: 'a', mode: 'execute', actor: 'x', input: { list: [1] } });
});
