import { describe, expect, test } from 'vitest';
import { WakeQueue } from '../../src/internal/wake-queue.js';

interface Named {
  readonly name: number;
  claimableAt: number | null;
}

function sleepers(count: number, claimableAt: (name: number) => number | null): readonly Named[] {
  return Array.from({ length: count }, (_, name) => ({ name, claimableAt: claimableAt(name) }));
}

describe('WakeQueue', () => {
  test('takes what is due, earliest first', () => {
    const queue = new WakeQueue<Named>();
    for (const sleeper of sleepers(100, (name) => (name * 37) % 100)) queue.moved(sleeper);
    const taken = queue.take(49, 1_000);
    expect(taken.map(({ name }) => (name * 37) % 100)).toEqual(Array.from({ length: 50 }, (_, time) => time));
    expect(taken.every(({ claimableAt }) => claimableAt === null)).toBe(true);
    expect(queue.next()).toBe(50);
  });

  test('knows only the last time of one that moved often', () => {
    const queue = new WakeQueue<Named>();
    const [one, other] = sleepers(2, () => 10) as [Named, Named];
    for (const claimableAt of [10, 5, 7, 3, 9, null, 8]) {
      one.claimableAt = claimableAt;
      queue.moved(one);
    }
    queue.moved(other);
    expect(queue.next()).toBe(8);
    expect(queue.take(9, 10)).toEqual([one]);
    other.claimableAt = null;
    queue.moved(other);
    expect(queue.next()).toBeNull();
  });

  test('gives the same sleeper once, though it came back to a time it had before', () => {
    const queue = new WakeQueue<Named>();
    const [one] = sleepers(1, () => 5) as [Named];
    for (const claimableAt of [5, 6, 5, 6, 5]) {
      one.claimableAt = claimableAt;
      queue.moved(one);
    }
    expect(queue.take(10, 10)).toEqual([one]);
    expect(queue.take(10, 10)).toEqual([]);
  });

  test('stays small however often its sleepers move', () => {
    const queue = new WakeQueue<Named>();
    const all = sleepers(100, () => 0);
    for (let round = 0; round < 10_000; round += 1) {
      const sleeper = all[round % 100] as Named;
      sleeper.claimableAt = 1_000 + ((round * 7_919) % 10_007);
      queue.moved(sleeper);
      if (round > 100) expect(queue.places).toBeLessThanOrEqual(1_024);
    }
    const expected = all
      .map(({ claimableAt }) => claimableAt)
      .toSorted((a, b) => (a as number) - (b as number));
    const times: number[] = [];
    for (let next = queue.next(); next !== null; next = queue.next()) {
      times.push(next);
      queue.take(next, 1);
    }
    expect(times).toEqual(expected);
  });
});
