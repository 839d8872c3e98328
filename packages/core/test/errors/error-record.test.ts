import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorFromRecord, errorRecord, isLoomError, LoomError } from '@certoai/loom-core';

test('an error keeps its name, message, code, stack and causes', () => {
  const cause = new TypeError('inner');
  const error = Object.assign(new RangeError('outer', { cause }), { code: 'E_RANGE' });
  expect(errorRecord(error)).toMatchObject({
    name: 'RangeError',
    message: 'outer',
    code: 'E_RANGE',
    stack: error.stack,
    cause: { name: 'TypeError', message: 'inner' },
  });
});

test('`retryable: false` is kept, anything else is not there', () => {
  expect(errorRecord(Object.assign(new Error('x'), { retryable: false })).retryable).toBe(false);
  expect(errorRecord(Object.assign(new Error('x'), { retryable: true })).retryable).toBeUndefined();
  expect(errorRecord(Object.assign(new Error('x'), { retryable: 0 })).retryable).toBeUndefined();
});

test('a numeric code becomes text', () => {
  expect(errorRecord(Object.assign(new Error('x'), { code: 42 })).code).toBe('42');
});

test('a chain of causes without an end is cut', () => {
  const error = new Error('me');
  error.cause = error;
  let depth = 0;
  for (let record = errorRecord(error).cause; record; record = record.cause) depth++;
  expect(depth).toBeGreaterThan(1);
  expect(depth).toBeLessThan(20);
});

test('long texts are cut', () => {
  expect(errorRecord(new Error('x'.repeat(1e6))).message.length).toBeLessThan(20_000);
});

describe('what is no error is named clearly', () => {
  test.each([
    ['a text', 'boom', 'boom'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 42, '42'],
    ['a BigInt', 42n, '42'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['an object', { a: 1 }, '{"a":1}'],
  ])('%s', (_name, thrown, shown) => {
    const record = errorRecord(thrown);
    expect(record.name).toBe('NonError');
    expect(record.message).toContain(shown);
  });

  test('but an error of another realm, or of a library, is an error', () => {
    expect(errorRecord({ name: 'AxiosError', message: 'no', code: 'E' })).toMatchObject({
      name: 'AxiosError',
      code: 'E',
    });
  });
});

describe('never throws', () => {
  test('whatever was thrown', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true, withMap: true }), (thrown) => {
        const record = errorRecord(thrown);
        expect(typeof record.message).toBe('string');
        expect(JSON.parse(JSON.stringify(record))).toMatchObject({ name: record.name });
      }),
    );
  });

  test('also for getters, proxies and toString that throw', () => {
    const fail = (): never => {
      throw new Error('hostile');
    };
    const hostile = new Proxy({}, { get: fail, has: fail, getPrototypeOf: fail, ownKeys: fail });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const getters = Object.create(Error.prototype, {
      message: { get: fail },
      code: { get: fail },
    }) as unknown;
    for (const thrown of [hostile, proxy, getters, { toString: fail }]) {
      expect(typeof errorRecord(thrown).message).toBe('string');
    }
  });
});

test('a record becomes an error again, with its class when it is ours', () => {
  const ours = errorFromRecord(
    errorRecord(new LoomError('LOOM_TIMEOUT', 'late', {}, { cause: new Error('why') })),
  );
  expect(isLoomError(ours, 'LOOM_TIMEOUT')).toBe(true);
  expect(ours).toMatchObject({ message: 'late', cause: { message: 'why' } });
  const theirs = errorFromRecord(errorRecord(Object.assign(new TypeError('no'), { code: 'E' })));
  expect(theirs).toBeInstanceOf(Error);
  expect(theirs).toMatchObject({ name: 'TypeError', message: 'no', code: 'E' });
});

test('a LoomError of another copy of core is recognised', () => {
  const foreign = Object.assign(new Error('x'), { [Symbol.for('loom.error')]: true, code: 'LOOM_CLOSED' });
  expect(isLoomError(foreign)).toBe(true);
  expect(isLoomError(foreign, 'LOOM_CLOSED')).toBe(true);
  expect(isLoomError(foreign, 'LOOM_TIMEOUT')).toBe(false);
  for (const other of [new Error('x'), null, undefined, 'LOOM_CLOSED'])
    expect(isLoomError(other)).toBe(false);
});
