import fc from 'fast-check';
import { expect, test } from 'vitest';
import { effectivePartitionKey } from '../../src/partition/effective-partition-key.js';
import { equalRanges } from '../../src/partition/key-range.js';
import { murmurHash128 } from '../../src/partition/murmur-hash.js';
import { clientOf, openContainer, openServer } from '../open-server.js';

test.each([
  ['', '00000000000000000000000000000000'],
  ['hello', 'cbd8a7b341bd9b025b1e906a48ae1d19'],
  ['The quick brown fox jumps over the lazy dog', 'e34bbc7bbc071b6c7a433ca9c49a9347'],
])('the hash of "%s" is the published one', (text, expected) => {
  const halves = murmurHash128(Buffer.from(text)).map((half) => half.toString(16).padStart(16, '0'));
  expect(halves.join('')).toBe(expected);
});

test('the client computes the same place for every key', async () => {
  // With so many partitions a key that is hashed otherwise is sent to a wrong one, and refused there.
  const server = await openServer({ partitions: 50 });
  const container = await openContainer(clientOf(server));
  const key = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n)),
    fc.boolean(),
    fc.constant(null),
  );
  const keys = fc.sample(key, { numRuns: 300, seed: 20_260_101 });
  const responses = await container.items.executeBulkOperations(
    keys.map((pk, i) => ({
      operationType: 'Create' as const,
      partitionKey: pk,
      resourceBody: { id: `i${i}`, pk },
    })),
  );
  const wrong = responses.flatMap(({ response }, i) => (response?.statusCode === 201 ? [] : [keys[i]]));
  expect(wrong).toEqual([]);
  expect(server.requests.entries.filter(({ status }) => status === 410)).toEqual([]);
});

test('levels of a hierarchical key are hashed one by one', () => {
  const whole = effectivePartitionKey(['a', 1, undefined], 'MultiHash');
  expect(whole).toBe([['a'], [1], [undefined]].map((level) => effectivePartitionKey(level, 'Hash')).join(''));
});

test('ranges cover the key space without gap or overlap, also when they are split', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.array(fc.nat(), { maxLength: 10 }), (count, splits) => {
      let ranges = [...equalRanges(count)];
      for (const [i, at] of splits.entries()) {
        const range = ranges[at % ranges.length]!;
        ranges = ranges.flatMap((one) => (one === range ? range.split([`${i}a`, `${i}b`]) : [one]));
      }
      expect(ranges[0]?.min).toBe('');
      expect(ranges.at(-1)?.max).toBe('FF');
      ranges.slice(1).forEach((range, i) => expect(range.min).toBe(ranges[i]?.max));
      const place = effectivePartitionKey([count], 'Hash');
      expect(ranges.filter((range) => range.contains(place))).toHaveLength(1);
    }),
    { numRuns: 50 },
  );
});
