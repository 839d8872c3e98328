import { expect, test } from 'vitest';
import { createIdSource } from '@certoai/loom-core';
import { ManualClock } from '@certoai/loom-core/testing';

test('ids are ULIDs that say when they were made', () => {
  const clock = new ManualClock({ startAt: 1_469_918_176_385 });
  const id = createIdSource({ clock, random: () => 0 }).next();
  // The example of the specification.
  expect(id).toBe('01ARYZ6S410000000000000000');
});

test('ids rise, within a millisecond and when the clock is set back', async () => {
  let nowMs = 1_000;
  const clock = { now: () => nowMs, setTimer: () => () => undefined };
  const ids = createIdSource({ clock });
  const made: string[] = [];
  for (let i = 0; i < 5_000; i++) {
    if (i === 2_000) nowMs = 1_001;
    if (i === 3_000) nowMs = 500;
    made.push(ids.next());
  }
  expect(made).toEqual([...made].sort());
  expect(new Set(made).size).toBe(made.length);
});

test('ids rise when the random part is used up', () => {
  const clock = { now: () => 1_000, setTimer: () => () => undefined };
  const ids = createIdSource({ clock, random: () => 0.999_999_999 });
  const made = [ids.next(), ids.next(), ids.next()];
  expect(made).toEqual([...made].sort());
  expect(new Set(made).size).toBe(3);
});

test('two sources never make the same id', () => {
  const sources = [createIdSource(), createIdSource()];
  const made = sources.flatMap((source) => Array.from({ length: 2_000 }, () => source.next()));
  expect(new Set(made).size).toBe(made.length);
  for (const id of made) expect(id).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
});

test('a clock that counts fractions of a millisecond makes ids like any other', () => {
  let nowMs = 1_700_000_000_000.25;
  const ids = createIdSource({ clock: { now: () => (nowMs += 0.4), setTimer: () => () => {} } });
  const made = Array.from({ length: 50 }, () => ids.next());
  for (const id of made) expect(id).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  expect(made).toEqual(made.toSorted());
  expect(new Set(made).size).toBe(50);
});
