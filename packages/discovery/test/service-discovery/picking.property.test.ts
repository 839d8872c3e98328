import fc from 'fast-check';
import { expect, test } from 'vitest';
import { candidatesAmong, resolveQuery } from '../../src/service-discovery/actor-query.js';
import { Picker } from '../../src/service-discovery/picker.js';
import { rendezvous } from '../../src/service-discovery/rendezvous.js';
import { instance } from '../support/instance.js';

const ids = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 12 });
const owner = (key: string, all: readonly string[]): string | undefined => rendezvous(key, all, (id) => id);

test('the owner of a key does not depend on the order of the candidates', () => {
  fc.assert(
    fc.property(fc.string(), ids, fc.nat(), (key, all, turn) => {
      const turned = [...all.slice(turn % all.length), ...all.slice(0, turn % all.length)].reverse();
      expect(owner(key, turned)).toBe(owner(key, all));
    }),
  );
});

test('when a candidate leaves, only its own keys move; when one comes, keys move only to it', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), ids, (keys, all) => {
      const [leaving, ...rest] = all;
      for (const key of keys) {
        const before = owner(key, all);
        const after = owner(key, rest);
        if (before !== leaving) expect(after).toBe(before);
      }
    }),
  );
});

test('keys are spread evenly, also when names and keys are close to each other', () => {
  const all = Array.from({ length: 10 }, (_, i) => `worker-${i}`);
  const counts = new Map<string, number>();
  for (let i = 0; i < 10_000; i++) {
    const id = owner(`tenant-${i}`, all) ?? '';
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  expect(counts.size).toBe(10);
  // 1000 each on average; four standard deviations are 120.
  for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(120);
  const moved = Array.from({ length: 10_000 }, (_, i) => `tenant-${i}`).filter(
    (key) => owner(key, all) !== owner(key, all.slice(1)),
  );
  expect(moved.length).toBe(counts.get('worker-0'));
});

test('turns are fair: nobody is picked twice before everybody was picked once', () => {
  fc.assert(
    fc.property(ids, fc.integer({ min: 1, max: 5 }), (all, rounds) => {
      const query = resolveQuery({});
      const candidates = candidatesAmong(
        all.map((id) => instance(id)),
        query,
      );
      const picker = new Picker(Math.random);
      for (let round = 0; round < rounds; round++) {
        const picked = candidates.map(() => picker.pick(candidates, query.id, {})?.instance.id);
        expect(new Set(picked).size).toBe(all.length);
      }
    }),
  );
});

test('whoever is picked is a candidate, by every strategy and for every random number', () => {
  fc.assert(
    fc.property(
      ids,
      fc.constantFrom('round-robin', 'least-loaded', 'random', 'consistent-hash' as const),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.option(fc.string(), { nil: undefined }),
      (all, by, random, sticky) => {
        const candidates = candidatesAmong(
          all.map((id) => instance(id)),
          resolveQuery({}),
        );
        const key = by === 'consistent-hash' ? 'key' : undefined;
        expect(candidates).toContain(new Picker(() => random).pick(candidates, '', { by, key, sticky }));
      },
    ),
  );
});

test('what is remembered is bounded, and the least recently used goes first', () => {
  const candidates = candidatesAmong([instance('a'), instance('b')], resolveQuery({}));
  const picker = new Picker(Math.random);
  const first = picker.pick(candidates, '', { sticky: 'first' })?.instance.id;
  const forgotten = picker.pick(candidates, '', { sticky: 'forgotten' })?.instance.id;
  for (let i = 0; i < 10_000; i++) {
    picker.pick(candidates, '', { sticky: `${i}` });
    picker.pick(candidates, '', { sticky: 'first' });
  }
  expect([first, forgotten]).toEqual(['a', 'b']);
  expect(picker.pick(candidates, '', { sticky: 'first' })?.instance.id).toBe('a');
  // As many others took turns since: it is picked anew, and the turn is a's.
  expect(picker.pick(candidates, '', { sticky: 'forgotten' })?.instance.id).toBe('a');
});
