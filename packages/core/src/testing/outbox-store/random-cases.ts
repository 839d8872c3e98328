import assert from 'node:assert/strict';
import type { OutboxClaim, OutboxFailure, OutboxOutcome, OutboxStore } from '../../ports/outbox-store.js';
import type { ConformanceCase } from '../conformance-case.js';
import { claim, commit, drain, leaseMs } from './building.js';
import type { OutboxStoreHarness } from './harness.js';

type Claim = OutboxClaim & { readonly token: string };

const steps = 150;
const seeds = [1, 2, 3, 4, 5, 6];

/** The same numbers for the same seed, 0 to `below` - 1. Numerical Recipes' generator. */
function numbersOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Of every lane some are sent, and the next one perhaps fails. Only keys with an odd number are let past. */
function outcomesOf({ lanes }: Claim, random: (below: number) => number): readonly OutboxOutcome[] {
  return lanes.map(({ lane, messages }) => {
    const count = random(messages.length + 1);
    const next = messages[count];
    const outcome = { lane, sent: messages.slice(0, count).map(({ id }) => id) };
    if (!next || random(2) === 0) return outcome;
    const blocks = Number(next.content.split(' ')[0]) % 2 === 0;
    const failed: OutboxFailure =
      random(2) === 0
        ? { kind: 'retry', id: next.id, attempts: next.attempts + 1, delayMs: 1 + random(2 * leaseMs) }
        : { kind: 'park', id: next.id, attempts: 1, reason: 'random', blocks };
    return { ...outcome, failed };
  });
}

function sentOf(claimed: Claim, outcomes: readonly OutboxOutcome[]): readonly string[] {
  return claimed.lanes.flatMap(({ messages }, place) =>
    messages.slice(0, outcomes[place]?.sent.length).map(({ content }) => content),
  );
}

async function runRandom(
  seed: number,
  { elapse }: OutboxStoreHarness,
  stores: readonly OutboxStore[],
): Promise<void> {
  const random = numbersOf(seed);
  const first = stores[0] as OutboxStore;
  const sent: string[] = [];
  let open: Claim[] = [];
  let count = 0;
  for (let step = 0; step < steps; step += 1) {
    const store = stores[step % stores.length] as OutboxStore;
    const kind = random(10);
    if (kind < 3) {
      const messages = Array.from({ length: 1 + random(5) }, () => {
        const key = random(6);
        return { key: key === 5 ? undefined : `k${key}`, content: `${key} ${(count += 1)}` };
      });
      await commit(store, messages);
    } else if (kind < 6) open.push(await claim(store, 1 + random(8)));
    else if (kind < 8) {
      const claimed = open.splice(random(open.length), 1)[0];
      if (!claimed) continue;
      const outcomes = outcomesOf(claimed, random);
      await store.settle(claimed.token, outcomes);
      sent.push(...sentOf(claimed, outcomes));
    } else if (kind === 8) await store.unpark('retry');
    else {
      // All leases end, so what is claimed now is settled by nobody else.
      await elapse(leaseMs + 1);
      open = [];
    }
  }
  await first.unpark('retry');
  await elapse(2 * leaseMs + 1);
  sent.push(...(await drain(first, 7)));
  const numbers = sent.map((content) => content.split(' ').map(Number) as [number, number]);
  assert.deepEqual(
    numbers.map(([, n]) => n).toSorted((a, b) => a - b),
    Array.from({ length: count }, (_, n) => n + 1),
    `seed ${seed}: each once`,
  );
  for (const key of [0, 2, 4]) {
    const own = numbers.filter(([one]) => one === key).map(([, n]) => n);
    assert.deepEqual(
      own,
      own.toSorted((a, b) => a - b),
      `seed ${seed}: order of key ${key}`,
    );
  }
  assert.deepEqual(await first.stats(), { waiting: 0, parked: 0, oldestAgeMs: null });
}

export const randomCases: readonly ConformanceCase<OutboxStoreHarness>[] = [
  {
    name: 'gives every message once and in order, whatever is claimed, failed, parked, retried and lost meanwhile',
    async run(harness) {
      for (const seed of seeds) {
        await using store = await harness.create();
        await using other = (await harness.another?.(store)) ?? store;
        await runRandom(seed, harness, [store, other]);
      }
    },
  },
];
