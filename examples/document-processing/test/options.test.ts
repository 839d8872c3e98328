import { expect, test } from 'vitest';
import { parseOptions } from '../src/options.ts';

test('has a default for everything', () => {
  expect(parseOptions([])).toEqual({
    folder: undefined,
    output: 'loom-report',
    store: '.loom/licence-audit',
    slowMs: 0,
    fresh: false,
    help: false,
  });
});

test('takes a folder and options in any order', () => {
  expect(parseOptions(['--slow', '20', 'x', '--output=y', '--fresh'])).toMatchObject({
    folder: 'x',
    output: 'y',
    slowMs: 20,
    fresh: true,
  });
});

test.each([
  [['--slow', 'fast'], '--slow is "fast"; give milliseconds, 0 to 60000.'],
  [['--slow', '-1'], /--slow/],
  [['--slow', ''], /--slow/],
  [['--slow', 'NaN'], /--slow/],
  [['--slow', 'Infinity'], /--slow/],
  [['a', 'b'], 'Give one folder; these are 2: a, b.'],
  [['--output', ''], /need a folder/],
  [['--nonsense'], /nonsense/],
])('%j is refused', (args, message) => {
  expect(() => parseOptions(args)).toThrow(message);
});
