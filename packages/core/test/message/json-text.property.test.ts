import { toJsonText } from '@certoai/loom-core';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { boom } from '../support/open-worker.ts';

const options = { what: 'value', maxBytes: 1_000_000 };
const { tree: sound } = fc.letrec<{ tree: unknown; leaf: unknown }>((tie) => ({
  leaf: fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.date({ noInvalidDate: true }),
    fc.constant({ toJSON: () => 'by toJSON' }),
    fc.webUrl().map((url) => new URL(url)),
  ),
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.string(), fc.oneof(tie('tree'), fc.constant(undefined)), { maxKeys: 4 }),
  ),
}));

test('what is accepted is the text of JSON.stringify, with every value as JSON has it', () => {
  fc.assert(
    fc.property(sound, (value) => {
      expect(toJsonText(value, options)).toBe(JSON.stringify(value));
    }),
    { numRuns: 500 },
  );
});

const flaws: readonly unknown[] = [
  1n,
  Number.NaN,
  Infinity,
  -Infinity,
  Symbol('s'),
  () => 1,
  new Map(),
  new (class Own {})(),
];

test('one flaw anywhere is refused, with its path', () => {
  const steps = fc.array(fc.oneof(fc.nat({ max: 3 }), fc.constantFrom('a', 'some key', '7', '')), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(steps, fc.constantFrom(...flaws), sound, (path, flaw, beside) => {
      let value: unknown = flaw;
      for (const step of path.toReversed()) {
        if (typeof step === 'number') value = [...Array.from({ length: step }, () => beside), value, beside];
        else value = { first: beside, [step]: value, last: beside };
      }
      const text = path
        .map((step) =>
          typeof step === 'number' || !/^[A-Za-z_$][\w$]*$/.test(step)
            ? `[${JSON.stringify(step)}]`
            : `.${step}`,
        )
        .join('');
      expect(() => toJsonText(value, options)).toThrow(
        expect.objectContaining({
          code: 'LOOM_NOT_SERIALISABLE',
          details: expect.objectContaining({ path: `$${text}` }),
        }),
      );
    }),
    { numRuns: 300 },
  );
});

test('whatever a getter or toJSON throws, the refusal is ours', () => {
  const hostile = new Proxy({}, { get: boom, getPrototypeOf: boom });
  for (const thrown of [undefined, 'text', Symbol('s'), Object.create(null), hostile]) {
    const throwing = (): never => {
      throw thrown;
    };
    for (const value of [
      { toJSON: throwing },
      Object.defineProperty({}, 'x', { enumerable: true, get: throwing }),
    ]) {
      expect(() => toJsonText(value, options)).toThrow(
        expect.objectContaining({ code: 'LOOM_NOT_SERIALISABLE' }),
      );
    }
  }
});
