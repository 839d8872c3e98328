import { isLoomError, type JsonValue } from '@certoai/loom-core';
import { describe, expect, test } from 'vitest';
import { compileExpression, type CompileExpressionOptions } from '../../src/definition/compile-expression.js';

function run(source: string, scope: Record<string, unknown>, options?: CompileExpressionOptions): JsonValue {
  return compileExpression(source, options).evaluate(scope);
}

function refusal(source: string, options?: CompileExpressionOptions): string {
  try {
    compileExpression(source, options);
  } catch (error) {
    if (isLoomError(error, 'LOOM_INVALID_DEFINITION')) return error.message.replace(/^.*?\n {2}- /s, '');
    throw error;
  }
  throw new Error(`${source} was accepted`);
}

function failure(source: string, scope: Record<string, unknown>, options?: CompileExpressionOptions): string {
  try {
    run(source, scope, options);
  } catch (error) {
    if (isLoomError(error, 'LOOM_EXPRESSION_FAILED')) return error.message;
    throw error;
  }
  throw new Error(`${source} did not fail`);
}

const input = {
  name: 'Ada',
  flag: true,
  none: null,
  files: [
    { name: 'b.pdf', size: 20, tags: ['x'] },
    { name: 'a.pdf', size: 3, tags: ['x', 'y'] },
    { name: 'c.pdf', size: 100 },
  ],
};

describe('evaluation', () => {
  test.each<[string, JsonValue]>([
    ['input.name', 'Ada'],
    ['${input.name}', 'Ada'],
    ['  ${ input.name }  ', 'Ada'],
    ['input.files[0].size', 20],
    ['input.files[-1].name', 'c.pdf'],
    ['input.files[7].name', null],
    ['input.missing.deeper', null],
    ['input.name.length', null],
    ['input.files[].name', ['b.pdf', 'a.pdf', 'c.pdf']],
    ['input.files[?size > `10`].name', ['b.pdf', 'c.pdf']],
    ['input.files[?size > $.limit].name', ['c.pdf']],
    ['input.files[*].tags[] | sort(@)', ['x', 'x', 'y']],
    ['length(input.files)', 3],
    ['sum(input.files[].size)', 123],
    ['sort_by(input.files, &size)[].name', ['a.pdf', 'b.pdf', 'c.pdf']],
    ['let $n = input.name in input.files[0].{file: name, by: $n}', { file: 'b.pdf', by: 'Ada' }],
    ['input.flag ? input.name : `0`', 'Ada'],
    ['input.missing || `"default"`', 'default'],
    ["join(', ', input.files[].name)", 'b.pdf, a.pdf, c.pdf'],
    ['input.files[0].size * `2` + `1`', 41],
    ['`{"a": [1, 2]}`', { a: [1, 2] }],
    ["'it\\'s'", "it's"],
    ['"input"."name"', 'Ada'],
  ])('%s', (source, expected) => {
    expect(run(source, { input, limit: 50 })).toEqual(expected);
  });

  test('a literal is computed once and cannot be changed', () => {
    const expression = compileExpression('`{"a": [1]}`');
    const value = expression.evaluate({}) as { a: number[] };
    expect(expression.evaluate({})).toBe(value);
    expect(() => value.a.push(2)).toThrow(TypeError);
  });

  test('a value that is undefined counts as null', () => {
    expect(run('input.a', { input: { a: undefined } })).toBeNull();
    expect(run('input.a || input.b', { input: { a: undefined, b: 1 } })).toBe(1);
  });
});

describe('what an expression reads is known without running it', () => {
  test.each<[string, string[], string[]]>([
    ['input.a', ['input'], []],
    ['stages.split.output[].x', ['stages'], ['split']],
    ['stages.a.output || stages."b-c".error', ['stages'], ['a', 'b-c']],
    ['stages', ['stages'], ['one', 'two']],
    ['stages.*.output', ['stages'], ['one', 'two']],
    ['keys(stages)', ['stages'], ['one', 'two']],
    ['stages | a.output', ['stages'], ['a']],
    ['(input.x && stages).a.output', ['input', 'stages'], ['a']],
    ['stages == input', ['input', 'stages'], ['one', 'two']],
    ['input.flag ? stages.a : stages.b', ['input', 'stages'], ['a', 'b']],
    ['let $s = stages in $s.a.output', ['stages'], ['a']],
    ['let $s = stages in input.list[?x == $s.a.output]', ['stages', 'input'], ['a']],
    ['{all: stages, a: stages.a.status}', ['stages'], ['a', 'one', 'two']],
    ['[stages.a.output, input.b]', ['stages', 'input'], ['a']],
    ['input.list[?stages.a == `1`]', ['input'], []],
    ['input.list[?id == $.stages.a.output.id]', ['input', 'stages'], ['a']],
    ['map(&stages, input.list)', ['input'], []],
    ['map(&merge(@, $.input.extra), stages.a.output)', ['stages', 'input'], ['a']],
    ['execution.id', ['execution'], []],
    ["'input' == `1`", [], []],
  ])('%s', (source, roots, stages) => {
    const expression = compileExpression(source, { allStages: ['one', 'two'] });
    expect([...expression.roots].sort()).toEqual([...roots].sort());
    expect([...expression.stages].sort()).toEqual([...stages].sort());
  });
});

describe('data never becomes code, nor prototypes data', () => {
  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty', 'constructor.name', '"__proto__".x'])(
    'input.%s is null unless the data has it',
    (path) => {
      expect(run(`input.${path}`, { input: {} })).toBeNull();
      expect(run(`input.list[].${path}`, { input: { list: [{}] } })).toEqual([]);
    },
  );

  test('a field named like one of every object is read when the data has it', () => {
    const racing = { constructor: 'Lotus', toString: 1 };
    expect(run('input.constructor', { input: racing })).toBe('Lotus');
    expect(run('input.cars[].constructor', { input: { cars: [racing] } })).toEqual(['Lotus']);
    expect(run('input', { input: JSON.parse('{"__proto__": 7}') })).toEqual(JSON.parse('{"__proto__": 7}'));
    expect(run('input."__proto__"', { input: JSON.parse('{"__proto__": 7}') })).toBe(7);
  });

  test('data shaped like a parsed expression stays data', () => {
    const trap = { expref: true, type: 'Field', name: 'secret' };
    expect(run('type(input)', { input: trap })).toBe('object');
    expect(run('keys(input)', { input: trap })).toEqual(['expref', 'type', 'name']);
    expect(refusal('map(input.trap, input.list)')).toBe(
      '"map(input.trap, input.list)" gives map() a value where it takes an expression: map(…, &name).',
    );
    const swapped = 'let $f = input.trap in sort_by(input.list, $f)';
    expect(refusal(swapped)).toContain('takes an expression');
  });

  test('grouping and merging by hostile keys neither fails nor reaches a prototype', () => {
    const list = [{ k: 'constructor' }, { k: '__proto__' }, { k: 'a' }];
    const groups = run('group_by(input, &k)', { input: list }) as Record<string, unknown>;
    expect(Object.keys(groups).sort()).toEqual(['__proto__', 'a', 'constructor']);
    const merged = run('merge(input[0], input[1])', {
      input: [JSON.parse('{"__proto__": {"x": 1}}'), { y: 2 }],
    });
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
    expect(({} as { x?: number }).x).toBeUndefined();
  });
});

describe('where the library differs from JMESPath or from JSON', () => {
  test('sort orders numbers as numbers and texts by code point', () => {
    expect(run('sort(input)', { input: [10, 9, 1] })).toEqual([1, 9, 10]);
    expect(run('sort(input)', { input: ['b', 'B', 'a', '\u{1F600}', '\uFF5E'] })).toEqual([
      'B',
      'a',
      'b',
      '\uFF5E',
      '\u{1F600}',
    ]);
  });

  test('the greatest and least of texts, of many numbers, and of nothing', () => {
    const list = [{ n: 'b' }, { n: 'c' }, { n: 'a' }];
    expect(run('max_by(input, &n)', { input: list })).toEqual({ n: 'c' });
    expect(run('min_by(input, &n)', { input: list })).toEqual({ n: 'a' });
    expect(run('max(input)', { input: Array.from({ length: 300_000 }, (_, i) => i) })).toBe(299_999);
    expect(run('min(input)', { input: [] })).toBeNull();
    expect(failure('max_by(input, &n)', { input: [{ n: 1 }, { n: 'a' }] })).toMatchInlineSnapshot(
      `"Expression "max_by(input, &n)" failed: keys are strings and numbers mixed; expected one of the two."`,
    );
    expect(failure('max_by(input, &n)', { input: [{ n: null }] })).toMatchInlineSnapshot(
      `"Expression "max_by(input, &n)" failed: a key is null; expected a string or a number."`,
    );
  });

  test('a let is visible inside the expression given to a function', () => {
    expect(
      run('let $add = input.add in map(&(@ + $add), input.list)', { input: { add: 10, list: [1, 2] } }),
    ).toEqual([11, 12]);
    expect(run('let $a = `1` in [let $a = `2` in $a, $a]', {})).toEqual([2, 1]);
    expect(
      run('let $p = input.p in input.list[?id == $p].v', { input: { p: 2, list: [{ id: 2, v: 'x' }] } }),
    ).toEqual(['x']);
  });

  test('a number that JSON cannot hold is an error', () => {
    expect(failure('input.a % input.b', { input: { a: 1, b: 0 } })).toMatchInlineSnapshot(
      `"Expression "input.a % input.b" failed: the result is NaN."`,
    );
    expect(failure('sum(input)', { input: [1e308, 1e308] })).toMatchInlineSnapshot(
      `"Expression "sum(input)" failed: the result is Infinity."`,
    );
    expect(failure("to_number('Infinity')", {})).toMatchInlineSnapshot(
      `"Expression "to_number('Infinity')" failed: the result is Infinity."`,
    );
  });

  test('trim takes linear time', () => {
    // Backtracking over a million characters would take hours.
    const hostile = `${' a'.repeat(500_000)} `;
    expect(run('trim(input)', { input: hostile })).toBe(hostile.trim());
    expect(run("trim_left(input, 'xy')", { input: 'xyxaxy' })).toBe('axy');
    expect(run("trim_right(input, 'xy')", { input: 'xyxaxy' })).toBe('xyxa');
  });
});

describe('failures name the expression and no data', () => {
  test.each<[string, object, string]>([
    [
      'length(input.n)',
      { n: 5 },
      'length() expected argument 1 to be type (string | array | object) but received type number instead.',
    ],
    [
      'sort(input.list)',
      { list: [1, 'a'] },
      'sort() expected argument 1 to be type (Array<string> | Array<number>) but received type array instead.',
    ],
    ['input.a + input.b', { a: 1 }, 'it calculates with null.'],
    [
      "join(',', input.list)",
      { list: [1] },
      'join() expected argument 2 to be type (Array<string>) but received type array instead.',
    ],
    ['input.text + `1`', { text: 'secret' }, 'it calculates with something that is no number.'],
  ])('%s', (source, data, reason) => {
    expect(failure(source, { input: data })).toBe(`Expression "${source}" failed: ${reason}`);
  });
});

describe('refused before anything runs', () => {
  test.each([
    ['', 'is empty; expected a JMESPath expression.'],
    ['input.', 'is not valid JMESPath: it ends too early.'],
    ['input.files[', 'is not valid JMESPath: it ends too early.'],
    ['input.a == ', 'is not valid JMESPath: it ends too early.'],
    ['foo bar', 'is not valid JMESPath: unexpected bar.'],
    ["'open", 'is not valid JMESPath: a quote is opened and not closed.'],
    ['"open', 'is not valid JMESPath: a quote is opened and not closed.'],
    ['`open', 'is not valid JMESPath: a quote is opened and not closed.'],
    ['`{not json`', 'is not valid JMESPath: backticks hold JSON, such as `5`, `true` or `"text"`.'],
    ['size > 5', 'is not valid JMESPath: unexpected 5. Numbers stand in backticks: `5`.'],
    ['input.a-1', 'is not valid JMESPath: unexpected -1. Numbers stand in backticks: `-1`.'],
    ['length(input.a', 'is not valid JMESPath: it ends too early.'],
    ['lenght(input.a)', 'calls lenght(), which does not exist; did you mean "length"?'],
    ['length()', 'calls length() with 0 arguments; it takes 1.'],
    ['length(input.a, input.b)', 'calls length() with 2 arguments; it takes 1.'],
    ['toString(input)', 'calls toString(), which does not exist; did you mean "to_string"?'],
    ['sort_by(input.list, name)', 'gives sort_by() a value where it takes an expression: sort_by(…, &name).'],
    ['length(&input)', 'gives length() an expression (&…) where it takes a value.'],
    ['&input', 'has an & outside the arguments of a function.'],
    ["input.status = 'done'", 'assigns with =; write == to compare.'],
    [
      'let $a in $a',
      'has a let without a value; write let $name = value in ….',
      'uses $a, which no let around it defines.',
    ],
    ['let $count = input in $cuont', 'uses $cuont, which no let around it defines; did you mean "$count"?'],
    ['$undefined', 'uses $undefined, which no let around it defines.'],
    ['@', 'takes everything at once (@ or * at the start); name what it reads, such as input.'],
    ['*.x', 'takes everything at once (@ or * at the start); name what it reads, such as input.'],
    ['values(@)', 'takes everything at once (@ or * at the start); name what it reads, such as input.'],
    [
      'stages.split.ouput',
      'reads stages.split.ouput, but stages.split has only output, status, error, errors; did you mean "output"?',
    ],
    ['execution.name', 'reads execution.name, but execution has only id.'],
    ['group.item', 'reads group.item, but group has only key, items; did you mean "items"?'],
    ['{"__proto__": input}', 'makes a field "__proto__", which is not allowed.'],
    [
      '${input.a} == ${input.b}',
      'is not valid JMESPath: unexpected input. It is one expression already: write no ${ } inside it.',
    ],
    ['input.a ?? input.b', 'is not valid JMESPath: unexpected ?.'],
    ['input#a', 'is not valid JMESPath: unexpected #.'],
  ])('%s', (source, ...problems) => {
    expect(refusal(source)).toBe(problems.map((problem) => `"${source}" ${problem}`).join('\n  - '));
  });

  test('one that is nested or long beyond reason', () => {
    expect(refusal(`${'('.repeat(4_900)}a${')'.repeat(4_900)}`)).toContain('nested too deeply');
    expect(refusal(`input.${'a'.repeat(10_000)}`)).toContain('has 10006 characters; expected at most 10000.');
    const chained = Array.from({ length: 2_000 }, () => 'a').join('.');
    expect(run(chained, {})).toBeNull();
  });

  test('every problem of one expression is listed', () => {
    expect(refusal('lenght(stages.a.ouput) && execution.ID')).toMatchInlineSnapshot(`
      ""lenght(stages.a.ouput) && execution.ID" calls lenght(), which does not exist; did you mean "length"?
        - "lenght(stages.a.ouput) && execution.ID" reads execution.ID, but execution has only id; did you mean "id"?"
    `);
  });
});

describe('groupBy: names are fields of the item', () => {
  const itemRoots = new Set(['item', 'input', 'stages', 'execution']);
  const scope = {
    item: { kind: 'pdf', input: 'mine', tags: ['x', 'y'] },
    input: { kind: 'other', map: { pdf: 1 } },
  };
  test.each<[string, JsonValue]>([
    ['kind', 'pdf'],
    ['item.kind', 'pdf'],
    ['kind || input.kind', 'pdf'],
    ['tags[0]', 'x'],
    ['length(tags)', 2],
    ['length(@)', 3],
    ['@', scope.item],
    ['@.kind', 'pdf'],
    ['input.kind', 'other'],
    ['item.input', 'mine'],
    ["tags[?@ == 'y'] | [0]", 'y'],
    ['{k: kind, o: input.kind}', { k: 'pdf', o: 'other' }],
    ['let $k = kind in $k', 'pdf'],
    ['$.input.kind', 'other'],
    ['upper(kind)', 'PDF'],
  ])('%s', (source, expected) => {
    const expression = compileExpression(source, { itemRoots });
    expect(expression.evaluate(scope)).toEqual(expected);
    expect([...expression.roots].every((root) => itemRoots.has(root))).toBe(true);
  });
});

describe('strict', () => {
  const strict = { strict: true };
  test.each<[string, JsonValue]>([
    ['input.name', 'Ada'],
    ['input.none', null],
    ['input.files[0].tags[0]', 'x'],
    ["input.missing || 'none'", 'none'],
    ['input.missing ? `1` : `null`', null],
    ['input.files[?tags].name', ['b.pdf', 'a.pdf']],
    ['input.files[].tags[]', ['x', 'x', 'y']],
    ['{a: input.name, b: [input.none]}', { a: 'Ada', b: [null] }],
    ['not_null(input.missing, input.name)', 'Ada'],
  ])('%s is fine', (source, expected) => {
    expect(run(source, { input }, strict)).toEqual(expected);
  });

  test.each([
    ['input.missing', 'input.missing'],
    ['input.missing.deeper', 'input.missing'],
    ['input.files[5].name', 'input.files[5]'],
    ['input.files[-4]', 'input.files[-4]'],
    ['input.files.name', 'input.files.name'],
    ['input.missing[].x', 'input.missing'],
    ['input.missing | [0]', 'input.missing'],
    ['input.a || input.b', 'input.a'],
    ['{a: input.name, b: input.missing}', 'input.missing'],
    ['[input.name, {x: input.missing}]', 'input.missing'],
    ['input.missing > `1`', 'input.missing'],
    ['stages.gone.output', 'stages.gone'],
  ])('%s names what is missing', (source, missing) => {
    const scope = { input, stages: {} };
    expect(failure(source, scope, strict)).toContain(
      `: ${missing} resolves to nothing, and strictInputs is on.`,
    );
  });
});
