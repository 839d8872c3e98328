import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeInterpolation, interpolate } from '../../src/config-loader/interpolate.js';

const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/);
const plain = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[${}]/g, ''));
const environment = fc.dictionary(name, fc.option(fc.string(), { nil: undefined }));
/** Text in which what starts a variable is frequent. */
const tricky = fc
  .array(fc.constantFrom('$', '{', '}', '${', '$${', '${A}', '${A:-b}', 'A', ':-', ' '))
  .map((parts) => parts.join(''));

test('escaped text is itself in every environment', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), tricky), environment, (text, env) => {
      expect(interpolate(escapeInterpolation(text), env)).toEqual({ text, names: [] });
    }),
  );
});

test('whatever the text, it is replaced or refused, and never throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), tricky), environment, (text, env) => {
      const result = interpolate(text, env);
      if ('problem' in result) expect(result.problem).toMatch(/^(has|needs) /);
      else if (!text.includes('${')) expect(result.text).toBe(text);
    }),
  );
});

test('a value is taken as it is: nothing in it is replaced again', () => {
  fc.assert(
    fc.property(
      plain,
      name,
      fc.oneof(
        fc.string({ minLength: 1 }),
        tricky.filter((text) => text !== ''),
      ),
      plain,
      (before, key, value, after) => {
        for (const form of [
          `\${${key}}`,
          `\${${key}:-other}`,
          `\${${key}:-\${MISSING}}`,
          `\${${key}:?needed}`,
        ]) {
          expect(interpolate(before + form + after, { [key]: value })).toEqual({
            text: before + value + after,
            names: [key],
          });
        }
      },
    ),
  );
});

test('a default is used when the variable is not set or empty', () => {
  fc.assert(
    fc.property(name, plain, fc.constantFrom(undefined, ''), (key, fallback, value) => {
      expect(interpolate(`\${${key}:-${fallback}}`, { [key]: value })).toEqual({
        text: fallback,
        names: [key],
      });
      expect(interpolate(`\${${key}:-\${OTHER:-${fallback}}}`, { [key]: value })).toMatchObject({
        text: fallback,
      });
      expect(interpolate(`\${${key}}`, { [key]: value })).toHaveProperty(value === '' ? 'text' : 'problem');
    }),
  );
});
