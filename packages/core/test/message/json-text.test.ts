import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isLoomError, toJsonText } from '@certoai/loom-core';

const options = { what: 'output of actor "a"', maxBytes: 1_000 };

function failureOf(
  value: unknown,
  maxBytes = options.maxBytes,
): { code: string; message: string; details: any } {
  try {
    toJsonText(value, { ...options, maxBytes });
  } catch (error) {
    if (isLoomError(error)) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}

class Point {
  x = 1;
}
class Money {
  toJSON(): unknown {
    return { amount: 7 };
  }
}

describe('accepts what JSON can hold', () => {
  test('every JSON value comes back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = toJsonText(value, { what: 'value', maxBytes: 1e9 });
        expect(text).toBe(JSON.stringify(value));
      }),
    );
  });

  test.each([
    ['undefined', undefined, 'null'],
    ['an undefined member', { a: undefined, b: 1 }, '{"b":1}'],
    ['an undefined item', [1, undefined], '[1,null]'],
    ['a date', { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    ['an instance with toJSON', [new Money()], '[{"amount":7}]'],
    ['an own toJSON', { toJSON: (): string => 'x' }, '"x"'],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 }), '{"a":1}'],
    ['a buffer', Buffer.from('a'), '{"type":"Buffer","data":[97]}'],
    ['the same object twice', ((shared) => [shared, shared])({ a: 1 }), '[{"a":1},{"a":1}]'],
    ['an array with a property', Object.assign([1], { extra: 2 }), '[1]'],
  ])('%s', (_name, value, text) => {
    expect(toJsonText(value, options)).toBe(text);
  });

  test('a value a hundred levels deep', () => {
    let value: unknown = 1;
    for (let i = 0; i < 500; i++) value = { value };
    expect(JSON.parse(toJsonText(value, { what: 'v', maxBytes: 1e6 }))).toEqual(value);
  });
});

describe('refuses what JSON would lose, and says where it is', () => {
  const cycle: Record<string, unknown> = {};
  cycle['me'] = [cycle];
  test.each([
    ['a function', { items: [0, 1, 2, { when() {} }] }, '$.items[3].when'],
    ['a symbol', { a: Symbol('s') }, '$.a'],
    ['a BigInt', [1n], '$[0]'],
    ['NaN', { 'a-b': Number.NaN }, '$["a-b"]'],
    ['Infinity', Infinity, '$'],
    ['a Map', { map: new Map() }, '$.map'],
    ['a Set', [new Set()], '$[0]'],
    ['an instance of a class', { point: new Point() }, '$.point'],
    ['an error', { error: new Error('x') }, '$.error'],
    // oxlint-disable-next-line no-sparse-arrays
    ['a hole in an array', { list: [1, , 2] }, '$.list[1]'],
    ['a BigInt from toJSON', { x: { toJSON: (): bigint => 1n } }, '$.x'],
  ])('%s', (_name, value, path) => {
    const { code, message, details } = failureOf(value);
    expect(code).toBe('LOOM_NOT_SERIALISABLE');
    expect(details.path).toBe(path);
    expect(message).toContain(`output of actor "a" is not JSON: ${path}`);
  });

  test('a cycle, without hanging', () => {
    expect(failureOf(cycle).code).toBe('LOOM_NOT_SERIALISABLE');
    expect(failureOf(cycle).message).toContain('$.me[0]');
  });

  test('a value that is too deep for any reader', () => {
    let value: unknown = 1;
    for (let i = 0; i < 20_000; i++) value = [value];
    expect(failureOf(value).code).toBe('LOOM_NOT_SERIALISABLE');
  });

  test('the message names the class, never the content', () => {
    expect(failureOf({ secret: 'hunter2', point: new Point() }).message).toMatch(/Point/);
    expect(failureOf({ secret: 'hunter2', point: new Point() }).message).not.toContain('hunter2');
  });

  test('a getter that throws, a revoked proxy, a throwing toJSON', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const throwing = {
      get bad(): never {
        throw new Error('no');
      },
    };
    const toJSON = (): never => {
      throw new Error('no');
    };
    for (const value of [throwing, proxy, { toJSON }])
      expect(failureOf(value).code).toBe('LOOM_NOT_SERIALISABLE');
  });
});

describe('counts bytes, not characters', () => {
  test('a text at the limit passes, one byte more does not', () => {
    const value = 'é'.repeat(10);
    expect(toJsonText(value, { what: 'v', maxBytes: 22 })).toBe(JSON.stringify(value));
    expect(failureOf(value, 21)).toMatchObject({
      code: 'LOOM_PAYLOAD_TOO_LARGE',
      details: { bytes: 22, maxBytes: 21 },
    });
  });

  test('the message has both sizes', () => {
    expect(failureOf('x'.repeat(2_000)).message).toMatch(/2002 bytes.*limit is 1000/);
  });
});

test('the members of an object that has a toJSON do not matter', () => {
  const value = { price: 1n, format: () => 'x', toJSON: (): string => 'seven' };
  expect(toJsonText({ value }, options)).toBe('{"value":"seven"}');
});
