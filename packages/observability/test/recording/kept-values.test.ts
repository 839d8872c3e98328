import { isLoomError, type ErrorRecord } from '@certoai/loom-core';
import type { MaskedField } from '@certoai/loom-observability';
import { expect, test } from 'vitest';
import { KeptValues, masked } from '../../src/recording/kept-values.js';

const secret = 'IBAN DE00 1234';
const error: ErrorRecord = {
  name: 'BankError',
  message: secret,
  code: 'E_BANK',
  stack: `BankError: ${secret}\n    at pay (bank.ts:1:1)`,
  retryable: false,
  cause: { name: 'Error', message: `cause of ${secret}`, stack: 'a stack' },
};

test('an error keeps what names it, and the stack of its causes is left out', () => {
  expect(new KeptValues().error(error)).toEqual({
    ...error,
    cause: { name: 'Error', message: `cause of ${secret}` },
  });
});

test('a masked message takes stack and causes with it', () => {
  const kept = new KeptValues(['error.message']).error(error);
  expect(JSON.stringify(kept)).not.toContain('DE00');
  expect(kept).toMatchObject({ name: 'BankError', code: 'E_BANK', message: masked, stack: masked });
});

test('a stack can be masked alone', () => {
  expect(new KeptValues(['error.stack']).error(error)).toMatchObject({ message: secret, stack: masked });
});

test('an error is cut to size: texts and the chain of causes', () => {
  let deep: ErrorRecord = {
    name: 'n'.repeat(10_000),
    message: 'm'.repeat(10_000),
    stack: 's'.repeat(10_000),
    code: 'c'.repeat(500),
  };
  for (let depth = 0; depth < 50; depth++) deep = { ...deep, cause: deep };
  expect(JSON.stringify(new KeptValues().error(deep)).length).toBeLessThan(5_000);
  expect(new KeptValues().error(deep).message).toMatch(/^m{499}…$/);
});

test('tags are a bounded list of texts, and can be masked', () => {
  expect(new KeptValues().tags(['a', 1, null, 'b'])).toEqual(['a', 'b']);
  expect(new KeptValues().tags('a')).toEqual([]);
  expect(new KeptValues().tags(undefined)).toEqual([]);
  expect(new KeptValues().tags(Array.from({ length: 100 }, () => 't'.repeat(999)))).toHaveLength(64);
  expect(new KeptValues(['tags']).tags([secret, 'b'])).toEqual([masked, masked]);
});

test('attributes are a bounded number of plain values, and are masked by key or all', () => {
  const attributes = {
    customer: secret,
    tokens: 5,
    cached: true,
    payload: { secret },
    nan: Number.NaN,
    none: undefined,
  };
  expect(new KeptValues().attributes(attributes)).toEqual({ customer: secret, tokens: 5, cached: true });
  expect(new KeptValues(['attributes.customer']).attributes(attributes)).toEqual({
    customer: masked,
    tokens: 5,
    cached: true,
  });
  expect(new KeptValues(['attributes.*']).attributes(attributes)).toEqual({
    customer: masked,
    tokens: masked,
    cached: masked,
  });
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, key) => [`key-${key}`, 'v'.repeat(1_000)]));
  expect(Object.keys(new KeptValues().attributes(many) ?? {})).toHaveLength(32);
  expect(new KeptValues().attributes({ payload: {} })).toBeUndefined();
  expect(new KeptValues().attributes('text')).toBeUndefined();
  expect(new KeptValues().attributes(null)).toBeUndefined();
});

test('an attribute is not masked because another field is', () => {
  const kept = new KeptValues(['error.message', 'error.stack', 'tags']);
  const attributes = { ge: 1, k: 2, message: 3, 'error.message': 4, tags: 5 };
  expect(kept.attributes(attributes)).toEqual(attributes);
});

test('a key that is part of a prototype is masked and kept like any other', () => {
  const attributes = JSON.parse('{"__proto__":"x","constructor":"y"}') as object;
  const kept = new KeptValues(['attributes.constructor']).attributes(attributes);
  expect(Object.entries(kept ?? {})).toEqual([
    ['__proto__', 'x'],
    ['constructor', masked],
  ]);
});

test.each(['name', 'error', 'attributes', 'attributes.', '', 5, null])(
  '%j cannot be masked, and that is said',
  (field) => {
    const make = (): KeptValues => new KeptValues([field as MaskedField]);
    expect(make).toThrow(/mask/);
    try {
      make();
    } catch (thrown) {
      expect(isLoomError(thrown, 'LOOM_INVALID_OPTION')).toBe(true);
    }
  },
);
