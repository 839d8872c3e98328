import { cosmosId } from '@certoai/loom-core/cosmos';
import { assert, property, string } from 'fast-check';
import { expect, test } from 'vitest';

test('keeps what every layer takes', () => {
  expect(cosmosId('01J9F3ZK8Q5V0W2X4Y6Z8A0B2C')).toBe('01J9F3ZK8Q5V0W2X4Y6Z8A0B2C');
  expect(cosmosId('mailer-1.4.0')).toBe('mailer-1.4.0');
});

test.each(['a/b', 'a?b', 'a#b', 'a\\b', 'a%b', 'a b', 'a_b', '..', '.', '注文', '👍'])(
  'escapes %j',
  (text) => {
    expect(cosmosId(text)).toMatch(/^[A-Za-z0-9.-]*(_[0-9a-f]{2}[A-Za-z0-9.-]*)+$/);
  },
);

test('gives every text an id of its own, of allowed letters and length', () => {
  const text = string({ unit: 'grapheme', maxLength: 2_000 });
  const seen = new Map<string, string>();
  assert(
    property(text, (one) => {
      const id = cosmosId(one);
      expect(id).toMatch(/^[A-Za-z0-9_.-]{0,900}$/);
      expect(seen.get(id) ?? one).toBe(one);
      seen.set(id, one);
    }),
    { numRuns: 500 },
  );
});

test('keeps long texts apart that begin alike', () => {
  const long = '/'.repeat(1_000);
  expect(cosmosId(`${long}a`)).not.toBe(cosmosId(`${long}b`));
  expect(cosmosId(`${long}a`)).toHaveLength(900);
});
