import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LowestItems } from '../../src/recording/lowest-items.js';
import { NumberRanges } from '../../src/recording/number-ranges.js';
import { UsageCounts, type Used } from '../../src/recording/usage-counts.js';

const used: fc.Arbitrary<Used> = fc.record({
  model: fc.constantFrom('small', 'large'),
  inputTokens: fc.option(fc.nat(10_000), { nil: undefined }),
  outputTokens: fc.option(fc.nat(10_000), { nil: undefined }),
  cost: fc.option(
    fc.nat(1_000_000_000).map((parts) => parts / 1e9),
    { nil: undefined },
  ),
  currency: fc.constantFrom('USD', 'EUR'),
});

function usageOf(all: readonly Used[]): unknown {
  const counts = new UsageCounts();
  for (const one of all) counts.add(one);
  return counts.toUsage();
}

test('money and tokens come to the same in any order, and in parts that were stored', () => {
  fc.assert(
    fc.property(fc.array(used, { maxLength: 50 }), fc.nat(50), (all, middle) => {
      const expected = usageOf(all);
      expect(usageOf(all.toReversed())).toEqual(expected);
      const whole = new UsageCounts();
      for (const part of [all.slice(middle), all.slice(0, middle)]) {
        const counts = new UsageCounts();
        for (const one of part) counts.add(one);
        whole.addUsage(JSON.parse(JSON.stringify(counts.toUsage())) as ReturnType<UsageCounts['toUsage']>);
      }
      expect(whole.toUsage()).toEqual(expected);
    }),
  );
});

test('three times a tenth is three tenths', () => {
  expect(usageOf(Array.from({ length: 3 }, () => ({ model: 'm', cost: 0.1 })))).toMatchObject({
    decisions: 3,
    cost: { USD: 0.3 },
  });
});

test('tells 64 models apart, and counts what comes later as other', () => {
  const counts = new UsageCounts();
  for (let model = 0; model < 70; model++) counts.add({ model: `m-${model}`, inputTokens: 1 });
  const { inputTokens, models } = counts.toUsage();
  expect(inputTokens).toBe(70);
  expect(models).toHaveLength(65);
  expect(models.find(({ model }) => model === 'other')).toMatchObject({ decisions: 6, inputTokens: 6 });
});

test('ranges know every number once, and take little room for those in a row', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30), { maxLength: 60 }), (numbers) => {
      let ranges = new NumberRanges();
      const known = new Set<number>();
      for (const number of numbers) {
        expect(ranges.add(number)).toBe(!known.has(number));
        known.add(number);
        ranges = new NumberRanges(ranges.bounds);
      }
      const gaps = [...known].filter((number) => !known.has(number + 1)).length;
      expect(ranges.bounds).toHaveLength(2 * gaps);
      expect(ranges.bounds).toEqual([...ranges.bounds].sort((left, right) => left - right));
    }),
  );
});

test('the lowest items are the same in any order', () => {
  const byValue = (left: number, right: number): number => left - right;
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 40 }), (numbers) => {
      const items = new LowestItems<number>(5, byValue);
      for (const number of numbers) items.add(number);
      expect(items.list).toEqual([...new Set(numbers)].sort(byValue).slice(0, 5));
    }),
  );
});
