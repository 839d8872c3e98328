import { isLoomError, type JsonValue } from '@certoai/loom-core';
import { describe, expect, test } from 'vitest';
import { validateInput } from '../../src/definition/input-schema.js';

/** The sentences of all problems, one a line; empty when the input is accepted. */
async function problems(schema: JsonValue, input: JsonValue): Promise<string> {
  try {
    await validateInput(schema, input);
    return '';
  } catch (error) {
    if (!isLoomError(error, 'LOOM_INVALID_INPUT')) throw error;
    return error.message
      .replace("The input does not match the pipeline's schema:\n  - ", '')
      .replaceAll('\n  - ', '\n');
  }
}

async function refusal(schema: JsonValue): Promise<string> {
  try {
    await validateInput(schema, null);
  } catch (error) {
    if (isLoomError(error, 'LOOM_INVALID_DEFINITION'))
      return error.message.replace(/^.*\n {2}- /, '').replaceAll('\n  - ', '\n');
    throw error;
  }
  throw new Error('the schema was accepted');
}

const any = { type: 'object' };

test('no schema accepts anything', async () => {
  await expect(validateInput(undefined, { a: 1 })).resolves.toBeUndefined();
});

test('the whole message', async () => {
  const schema = {
    type: 'object',
    required: ['files', 'total'],
    additionalProperties: false,
    properties: {
      files: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          required: ['path'],
          properties: { path: { type: 'string' }, size: { type: 'integer', minimum: 0 } },
        },
      },
      total: { type: 'number' },
      kind: { enum: ['invoice', 'receipt'] },
      'odd key': { type: 'boolean' },
    },
  };
  const input = { files: [{ size: -1 }, { path: 5 }, 'x'], kind: 'letter', totl: 5, 'odd key': 1 };
  await expect(validateInput(schema, input)).rejects.toThrowErrorMatchingInlineSnapshot(`
    [LoomError: The input does not match the pipeline's schema:
      - input.total is missing; expected a number.
      - input.files[0].path is missing; expected a string.
      - input.files[0].size is out of range; expected at least 0.
      - input.files[1].path is a number; expected a string.
      - input.files[2] is a string; expected an object.
      - input.kind is another value; expected one of "invoice", "receipt".
      - input["odd key"] is a number; expected a boolean.
      - input.totl is not a known field; expected "total".]
  `);
});

test('never shows the input', async () => {
  const schema = {
    type: 'object',
    properties: {
      card: { type: 'string', pattern: '^x', minLength: 50 },
      pin: { const: 1 },
      tags: { uniqueItems: true },
    },
  };
  const input = { card: '4111-secret', pin: 'secret', tags: ['secret', 'secret'] };
  expect(await problems(schema, input)).not.toContain('secret');
  expect(await problems(schema, input)).toMatchInlineSnapshot(`
    "input.card is a string of 11 characters; expected at least 50.
    input.card is a string of another form; expected a string that matches ^x.
    input.pin is another value; expected 1.
    input.tags[1] is the same as item 0; expected items that differ."
  `);
});

test('stops after twenty problems', async () => {
  expect(
    await problems(
      { items: { type: 'string' } },
      Array.from({ length: 1_000 }, () => 1),
    ).then((text) => text.split('\n')),
  ).toHaveLength(20);
});

describe('keywords', () => {
  test.each<[string, JsonValue, JsonValue[], JsonValue[]]>([
    [
      'required without properties',
      { type: 'object', required: ['files'] },
      [{ files: 1 }, { files: null }],
      [{}, []],
    ],
    ['required without type', { required: ['files'] }, [{ files: 1 }, [], 5], [{}]],
    ['properties without type', { properties: { a: { type: 'string' } } }, [{ a: 'x' }, {}, 5], [{ a: 1 }]],
    ['type list', { type: ['string', 'null'] }, ['x', null], [1, {}]],
    ['integer', { type: 'integer' }, [1, 1.0, 1e20, -0], [1.5, '1']],
    ['enum of any', { enum: [1, 'a', null, { x: [1] }] }, [1, 'a', null, { x: [1] }], [2, 'b', { x: [2] }]],
    ['const object, whatever the order', { const: { a: 1, b: 2 } }, [{ b: 2, a: 1 }], [{ a: 1 }]],
    ['bounds', { minimum: 1, exclusiveMaximum: 3 }, [1, 2.9, 'x'], [0, 3]],
    ['multipleOf', { multipleOf: 0.1 }, [0.3, 1, -0.7], [0.25]],
    ['length in code points', { minLength: 2, maxLength: 2 }, ['ab', '\u{1F600}\u{1F600}', 5], ['a', 'abc']],
    ['pattern anywhere', { pattern: 'b+' }, ['abbc', 5], ['ac']],
    [
      'additionalProperties schema',
      { properties: { a: true }, additionalProperties: { type: 'number' } },
      [{ a: 'x', b: 1 }],
      [{ b: 'x' }],
    ],
    [
      'patternProperties',
      { patternProperties: { '^n': { type: 'number' } }, additionalProperties: false },
      [{ n1: 1 }],
      [{ n1: 'x' }, { m: 1 }],
    ],
    ['propertyNames', { propertyNames: { pattern: '^[a-z]+$' } }, [{ abc: 1 }], [{ ABC: 1 }]],
    ['counts of fields', { minProperties: 1, maxProperties: 2 }, [{ a: 1 }, 5], [{}, { a: 1, b: 2, c: 3 }]],
    [
      'dependentRequired',
      { dependentRequired: { card: ['name'] } },
      [{}, { card: 1, name: 2 }],
      [{ card: 1 }],
    ],
    ['dependentSchemas', { dependentSchemas: { card: { required: ['name'] } } }, [{}], [{ card: 1 }]],
    [
      'prefixItems and items',
      { prefixItems: [{ type: 'string' }], items: { type: 'number' } },
      [['a', 1, 2], [], ['a']],
      [[1], ['a', 'b']],
    ],
    ['no more items', { prefixItems: [true], items: false }, [[1]], [[1, 2]]],
    ['contains', { contains: { type: 'number' }, maxContains: 1 }, [['a', 1]], [['a'], [1, 2]]],
    ['minContains 0', { contains: { type: 'number' }, minContains: 0 }, [[], ['a']], []],
    [
      'uniqueItems',
      { uniqueItems: true },
      [[1, '1', { a: 1 }]],
      [
        [1, 1],
        [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
      ],
    ],
    ['allOf', { allOf: [{ required: ['a'] }, { required: ['b'] }] }, [{ a: 1, b: 1 }], [{ a: 1 }]],
    ['anyOf', { anyOf: [{ type: 'string' }, { type: 'number' }] }, ['x', 1], [null]],
    ['oneOf', { oneOf: [{ multipleOf: 2 }, { multipleOf: 3 }] }, [2, 3], [6, 1]],
    ['not', { not: { type: 'string' } }, [1], ['x']],
    [
      'if, then, else',
      JSON.parse('{"if": {"type": "string"}, "then": {"minLength": 3}, "else": {"minimum": 3}}'),
      ['abc', 3],
      ['ab', 2],
    ],
    ['false and true', { properties: { a: false, b: true } }, [{ b: 1 }], [{ a: 1 }]],
    [
      '$ref',
      { $defs: { n: { type: 'number' } }, properties: { a: { $ref: '#/$defs/n' } } },
      [{ a: 1 }],
      [{ a: 'x' }],
    ],
    [
      '$ref to any place, with escapes',
      { properties: { 'a/b~c': { type: 'number' }, d: { $ref: '#/properties/a~1b~0c' } } },
      [{ d: 1 }],
      [{ d: 'x' }],
    ],
    [
      '$ref to itself',
      { properties: { next: { $ref: '#' } }, required: ['v'] },
      [{ v: 1, next: { v: 2 } }],
      [{ v: 1, next: {} }],
    ],
    [
      'definitions of draft 7',
      { definitions: { n: { type: 'number' } }, $ref: '#/definitions/n' },
      [1],
      ['x'],
    ],
    [
      'formats',
      { format: 'date-time' },
      ['2024-02-29T10:00:00Z', '2024-02-29T10:00:00.5+02:00', 5],
      ['2023-02-29T10:00:00Z', '2024-02-29', 'x'],
    ],
    ['an unknown format is a note', { format: 'whatever' }, ['x'], []],
    [
      'annotations',
      { title: 't', description: 'd', default: 1, examples: [1], 'x-note': 1, readOnly: true },
      [1, 'x', null],
      [],
    ],
  ])('%s', async (_, schema, accepted, refused) => {
    for (const input of accepted) expect(await problems(schema, input)).toBe('');
    for (const input of refused) expect(await problems(schema, input)).not.toBe('');
  });

  test.each([
    ['date', ['2024-02-29', '0001-01-01'], ['2023-02-29', '2024-13-01', '2024-1-1']],
    ['time', ['10:00:00Z', '23:59:60Z', '10:00:00.123-03:30'], ['10:00', '24:00:00Z', '10:00:00']],
    ['email', ['a@b.co', 'first.last+tag@sub.example.org'], ['a', '@b', 'a@', 'a b@c.de', 'a..b@c.de']],
    ['uri', ['https://a.b/c?d#e', 'urn:x:y', 'mailto:a@b.c'], ['/a', 'a b', 'http://a b']],
    ['uri-reference', ['/a/b', '../c', 'https://a'], ['a b', '%zz']],
    ['uuid', ['123e4567-e89b-12d3-a456-426614174000'], ['123e4567', 'x23e4567-e89b-12d3-a456-426614174000']],
    ['ipv4', ['1.2.3.4'], ['1.2.3', '256.1.1.1']],
    ['ipv6', ['::1', '2001:db8::ff'], ['1.2.3.4', 'g::1']],
  ])('format %s', async (format, accepted, refused) => {
    for (const text of accepted) expect(await problems({ format }, text)).toBe('');
    for (const text of refused) expect(await problems({ format }, text)).not.toBe('');
  });

  test('of alternatives the one that was meant is explained', async () => {
    const schema = {
      anyOf: [
        { type: 'string' },
        { type: 'object', required: ['url'], properties: { url: { type: 'string' } } },
      ],
    };
    expect(await problems({ properties: { from: schema } }, { from: { url: 5 } })).toBe(
      'input.from.url is a number; expected a string.',
    );
    expect(await problems({ properties: { from: schema } }, { from: 5 })).toBe(
      'input.from is a number; expected a string, or an object.',
    );
  });
});

describe('a schema that is wrong', () => {
  test('is refused with the place and the nearest keyword', async () => {
    expect(
      await refusal({
        type: 'strng',
        ...{
          minLenght: 3,
          properties: [],
          required: [1],
          minItems: -1,
          pattern: '[',
          anyOf: [],
          multipleOf: 0,
          uniqueItems: 1,
        },
        ...{
          format: 5,
          minimum: 'x',
          items: [any],
          propertyNames: 7,
          nullable: true,
          unevaluatedProperties: false,
        },
        ...{ $defs: { unused: { maxmum: 1 } }, $ref: 'other.json' },
      }),
    ).toMatchInlineSnapshot(`
      "input.type is "strng"; expected one of null, boolean, object, array, number, integer, string; did you mean "string"?
      input.minimum is "x"; expected a number.
      input.multipleOf is 0; expected a number above 0.
      input.pattern is "["; expected a regular expression.
      input.format is 5; expected a string.
      input.minItems is -1; expected a whole number, 0 or more.
      input.uniqueItems is 1; expected a boolean.
      input.items is a list of 1; expected a JSON Schema.
      input.required[0] is 1; expected the name of a field.
      input.properties is an empty list; expected an object.
      input.propertyNames is 7; expected a JSON Schema.
      input.anyOf is an empty list; expected a list of one schema or more.
      input.$defs.unused.maxmum is not a keyword of JSON Schema that is known here; did you mean "maximum"?
      input.$ref is "other.json"; expected a place in this schema, such as "#/$defs/file".
      input.minLenght is not a keyword of JSON Schema that is known here; did you mean "minLength"?
      input.nullable is not a keyword of JSON Schema that is known here.
      input.unevaluatedProperties is not a keyword of JSON Schema that is known here."
    `);
  });

  test('when a reference points nowhere', async () => {
    expect(await refusal({ properties: { 'a b': { $ref: '#/$defs/x' } } })).toBe(
      'input.properties["a b"].$ref is "#/$defs/x", and there is nothing at that place in this schema.',
    );
    expect(await refusal({ $ref: 'https://example.org/schema.json#' })).toContain(
      'expected a place in this schema',
    );
  });

  test('when it is nested beyond the stack', async () => {
    let deep: JsonValue = {};
    for (let level = 0; level < 100_000; level += 1) deep = { not: deep };
    expect(await refusal(deep)).toMatchInlineSnapshot(
      `"input is nested too deeply to be checked; expected fewer levels."`,
    );
  });

  test('when it refers to itself without end', async () => {
    expect(await refusal({ $ref: '#' })).toBe('input refers to itself without end, or is too deep.');
    expect(
      await refusal({
        $defs: { a: { $ref: '#/$defs/b' }, b: { anyOf: [{ $ref: '#/$defs/a' }] } },
        $ref: '#/$defs/a',
      }),
    ).toBe('input refers to itself without end, or is too deep.');
  });
});

test('an input nested beyond the stack is refused, not a crash', async () => {
  let deep: JsonValue = {};
  for (let level = 0; level < 100_000; level += 1) deep = { next: deep };
  expect(await problems({ properties: { next: { $ref: '#' } } }, deep)).toBe(
    'input is nested too deeply to be checked; expected fewer levels.',
  );
});

test('an input with more problems than fit on the stack', async () => {
  const schema = { properties: { files: { items: { type: 'string' } } } };
  const files = Array.from({ length: 300_000 }, () => 1);
  expect(await problems(schema, { files })).toBe('input.files[0] is a number; expected a string.');
});

test('a field name that is not Unicode', async () => {
  const schema = { additionalProperties: { type: 'number' } };
  expect(await problems(schema, { '\ud800': 'x' })).toMatchInlineSnapshot(
    `"input is a value with a field name that is not Unicode; expected names that are."`,
  );
});

test('names that every object has are names like others', async () => {
  const names = ['__proto__', 'constructor', 'toString'];
  for (const name of names) {
    const schema = JSON.parse(
      `{"properties":{"${name}":{"type":"number"}},"required":["${name}"]}`,
    ) as JsonValue;
    expect(await problems(schema, JSON.parse(`{"${name}":1}`) as JsonValue)).toBe('');
    expect(await problems(schema, JSON.parse(`{"${name}":"x"}`) as JsonValue)).toContain('is a string');
    expect(await problems(schema, {})).toContain('is missing; expected a number');
    expect(await problems({ format: name }, 'x')).toBe('');
  }
});

test('the schema stays as it is', async () => {
  const schema = Object.freeze({
    $defs: Object.freeze({ n: Object.freeze({ type: 'number' }) }),
    $ref: '#/$defs/n',
  });
  expect(await problems(schema, 1)).toBe('');
});
