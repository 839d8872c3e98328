import { isLoomError, type JsonValue } from '@certoai/loom-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileTemplate } from '../../src/definition/compile-template.js';
import { closingBrace, splitTemplate } from '../../src/definition/expression-scanner.js';

const scope = {
  input: {
    a: 1,
    text: 'hi',
    none: null,
    list: [1, 2],
    nested: { b: { c: 'deep' } },
    quoted: '"x"',
    brace: '}',
  },
  stages: { split: { output: [{ p: 1 }, { p: 2 }] } },
};

function evaluate(value: JsonValue): JsonValue {
  return compileTemplate(value).evaluate(scope);
}

function refusal(value: JsonValue): string {
  try {
    compileTemplate(value);
  } catch (error) {
    if (isLoomError(error, 'LOOM_INVALID_DEFINITION')) return error.message;
    throw error;
  }
  throw new Error('accepted');
}

describe('strings', () => {
  test.each<[string, JsonValue]>([
    ['${input.a}', 1],
    ['${ input.a }', 1],
    ['${input.list}', [1, 2]],
    ['${input.none}', null],
    ['${input.missing}', null],
    ['${input.nested.b}', { c: 'deep' }],
    [' ${input.a}', ' 1'],
    ['${input.a}${input.a}', '11'],
    ['a=${input.a}, t=${input.text}', 'a=1, t=hi'],
    ['none: [${input.none}] [${input.missing}]', 'none: [] []'],
    ['list: ${input.list}; ${input.nested}', 'list: [1,2]; {"b":{"c":"deep"}}'],
    ['${{x: input.a, y: {z: input.text}}}', { x: 1, y: { z: 'hi' } }],
    ['${input.text == \'}\' || `"{"`}', '{'],
    ['${input.quoted == \'"x"\'} and ${"input".brace}', 'true and }'],
    ["${'it\\'s }'}", "it's }"],
    ['$${input.a}', '${input.a}'],
    ['$${input.a} is ${input.a}', '${input.a} is 1'],
    ['$$${input.a}', '$${input.a}'],
    ['costs $5 and $', 'costs $5 and $'],
    ['{not} $ {an} expression', '{not} $ {an} expression'],
    ['', ''],
    ['input.a', 'input.a'],
  ])('%s', (text, expected) => {
    expect(evaluate(text)).toEqual(expected);
  });

  test('a backtick is escaped inside a literal', () => {
    expect(evaluate('${`"a\\`}"`}')).toBe('a`}');
  });
});

describe('values', () => {
  test('expressions anywhere in objects and lists, everything else literal', () => {
    const value = { n: 1, b: [true, null, '${input.a}'], o: { t: 'x${input.text}', c: { k: [1] } } };
    expect(evaluate(value)).toEqual({ n: 1, b: [true, null, 1], o: { t: 'xhi', c: { k: [1] } } });
  });

  test('what it reads is known', () => {
    const template = compileTemplate({ a: '${input.x}', b: ['${stages.s.output}', 'n ${file.size}'] });
    expect([...template.roots].sort()).toEqual(['file', 'input', 'stages']);
    expect([...template.stages]).toEqual(['s']);
  });

  test('without expressions it is one frozen value, and not the one it was made from', () => {
    const value = { a: [1, { b: 'x' }] };
    const template = compileTemplate(value);
    expect(template.evaluate({})).toBe(template.evaluate(scope));
    expect(Object.isFrozen((template.evaluate({}) as { a: object[] }).a[1])).toBe(true);
    value.a.push(2);
    expect(template.evaluate({})).toEqual({ a: [1, { b: 'x' }] });
    expect(Object.isFrozen(value)).toBe(false);
  });

  test('strict names the missing path', () => {
    const template = compileTemplate({ a: 'x ${input.missing.b}' }, { strict: true });
    expect(() => template.evaluate(scope)).toThrow(
      'Expression "input.missing.b" failed: input.missing resolves to nothing, and strictInputs is on.',
    );
  });
});

test('every problem is named with its place', () => {
  const value = {
    a: ['${input.}', 'x ${open'],
    'key ${input.a}': 1,
    ok: '${input.a}',
    b: { c: '${lenght(input)}' },
  };
  expect(refusal(value)).toMatchInlineSnapshot(`
    "Pipeline definition has 4 problems:
      - a[0]: "\${input.}" is not valid JMESPath: it ends too early.
      - a[1] opens \${ at character 3 and does not close it; write $\${ for a literal \${.
      - ["key \${input.a}"] has an expression in a key; keys are literal, so build the object with from_items().
      - b.c: "\${lenght(input)}" calls lenght(), which does not exist; did you mean "length"?"
  `);
});

test('a key of a template cannot reach a prototype', () => {
  expect(refusal(JSON.parse('{"__proto__": {"polluted": "${input.a}"}}') as JsonValue)).toContain(
    'not allowed',
  );
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

describe('for any text', () => {
  const hostile = fc.string({
    unit: fc.constantFrom('$', '{', '}', "'", '"', '`', '\\', 'a', '.', ' ', '\u{1F600}', '\n'),
  });

  test('escaping what it says gives it back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), hostile), (text) => {
        expect(evaluate(text.replaceAll('${', '$$${'))).toBe(text);
      }),
    );
  });

  test('a value without ${ is its own result', () => {
    const json = fc
      .jsonValue({ stringUnit: 'grapheme' })
      .filter((value) => !JSON.stringify(value).includes('${'));
    fc.assert(
      fc.property(json, (value) => {
        const plain = JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'proto')) as JsonValue;
        expect(evaluate(plain)).toEqual(plain);
      }),
    );
  });

  test('the parts put together again are the text', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const parts = splitTemplate(text);
        const unclosed = parts.find((part) => part.kind === 'unclosed');
        const whole = parts
          .map((part) =>
            part.kind === 'text'
              ? part.text.replaceAll('${', '$$${')
              : part.kind === 'expression'
                ? `\${${part.source}}`
                : '',
          )
          .join('');
        const end = unclosed === undefined ? text.length : unclosed.start;
        // `$${` may have been written where the part begins with a dollar of its own.
        expect(whole.replaceAll('$', '')).toBe(text.slice(0, end).replaceAll('$', ''));
      }),
    );
  });

  test('nothing but LOOM_INVALID_DEFINITION is thrown', () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string()), (text) => {
        try {
          compileTemplate(`\${${text}}`);
          compileTemplate(text);
        } catch (error) {
          if (!isLoomError(error, 'LOOM_INVALID_DEFINITION')) throw error;
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the closing brace', () => {
  /** Expressions that the library accepts, with every kind of quote and brace in them. */
  const expression: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(
        'input',
        'input.a',
        'input.list[0]',
        '`1`',
        '"}"',
        '"{"."\\""',
        "'}'",
        "'{\\'}'",
        '`"}"`',
        '`{"a": {}}`',
        '`"\\`{"`',
      ),
      fc.tuple(tie('node'), tie('node')).map(([a, b]) => `{x: ${a}, "}": ${b}}`),
      fc.tuple(tie('node'), tie('node')).map(([a, b]) => `[${a}, ${b}]`),
      fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(${a} || ${b})`),
      tie('node').map((a) => `not_null(${a}, '{')`),
    ),
  })).node;

  test('is found behind any expression', () => {
    fc.assert(
      fc.property(
        expression,
        fc.string({ unit: fc.constantFrom('}', '{', "'", '"', '`', 'x') }),
        (source, rest) => {
          expect(closingBrace(`${source}}${rest}`, 0)).toBe(source.length);
          const [part] = splitTemplate(`\${${source}}${rest}`);
          expect(part).toEqual({ kind: 'expression', source, start: 0 });
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('is looked for in linear time', () => {
    // A million characters each; twice over every opening brace would take hours.
    const opened = ['${'.repeat(500_000), `\${${"'".repeat(999_999)}`, `\${${'{'.repeat(999_998)}`];
    for (const text of opened) expect(splitTemplate(text)).toEqual([{ kind: 'unclosed', start: 0 }]);
    expect(splitTemplate('$${'.repeat(333_333))).toEqual([{ kind: 'text', text: '${'.repeat(333_333) }]);
    expect(splitTemplate('${a}'.repeat(250_000))).toHaveLength(250_000);
  });
});
