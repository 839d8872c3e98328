import assert from 'node:assert/strict';
import type {
  ExecutionQuery,
  ExecutionStatus,
  ExecutionStore,
  RecordEntry,
  RetentionPolicy,
} from '../../ports/execution-store.js';
import type { ConformanceCase } from '../conformance-case.js';
import { allRecords, leaseMs, plain, start, times } from './building.js';
import type { ExecutionStoreHarness } from './harness.js';
import { ExecutionStoreModel } from './model.js';

const seeds = times(25);
const stepsPerSeed = 160;
const ids = times(8).map((n) => `e${n}`);
const holders = ['a', 'b', 'c'];
/** Of the leases: {@link leaseMs} times this. */
const longest = 10;
const nodes = ['a', 'b', '__proto__x'];
const statuses: readonly ExecutionStatus[] = [
  'running',
  'running',
  'running',
  'paused',
  'completed',
  'failed',
  'cancelled',
];

/** The same for the same seed, on every machine. Mulberry32, public domain, by Tommy Ettinger. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed * 0x9e3779b9;
  }
  /** A whole number from 0 to `sides` - 1. */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * sides);
  }
  pick<Value>(values: readonly Value[]): Value {
    return values[this.roll(values.length)] as Value;
  }
}

/** One run: the same random steps on the store and on the model, and every reply compared. */
class Comparison {
  readonly #dice: Dice;
  readonly #model = new ExecutionStoreModel();
  readonly #harness: ExecutionStoreHarness;
  store: ExecutionStore;
  #now = start;

  constructor(store: ExecutionStore, harness: ExecutionStoreHarness, seed: number) {
    this.store = store;
    this.#harness = harness;
    this.#dice = new Dice(seed);
  }

  async step(): Promise<void> {
    this.#now += 1 + this.#dice.roll(5);
    const kind = this.#dice.roll(100);
    if (kind < 15) await this.#create();
    else if (kind < 47) await this.#record();
    else if (kind < 73) await this.#commit();
    else if (kind < 81) await this.#claim();
    else if (kind < 83) await this.#leave();
    else if (kind < 85) await this.#release();
    else if (kind < 87) await this.#elapse(this.#dice.pick([1, 2]));
    else if (kind < 93) await this.#list();
    else if (kind < 96) await this.#prune();
    else if (kind < 98) await this.compareOne(this.#dice.pick(ids));
    else await this.#crash();
  }

  async compareAll(): Promise<void> {
    for (const id of ids) await this.compareOne(id);
    assert.deepEqual(plain((await this.store.list({ limit: 1_000 })).items), plain(this.#model.list({})));
  }

  async compareOne(id: string): Promise<void> {
    const [actual, expected] = [await this.store.load(id), this.#model.load(id)];
    assert.deepEqual(actual && plain(actual), expected && plain(expected));
    for (const node of nodes) {
      assert.deepEqual(plain(await allRecords(this.store, id, node)), plain(this.#model.records(id, node)));
    }
  }

  async #create(): Promise<void> {
    const dice = this.#dice;
    const hash = dice.pick(['x', 'y']);
    const execution = {
      id: dice.pick(ids),
      definition: { hash, text: `"${hash}"` },
      input: `"${'i'.repeat(dice.roll(1_500))}"`,
      state: '"created"',
      createdAt: start + dice.roll(2_000),
      wakeAt: this.#time(),
      name: dice.pick(['n', 'm', undefined]),
      idempotencyKey: dice.pick([undefined, undefined, 'k1', 'k2']),
      priority: dice.roll(3),
      tags: dice.pick([[], ['t'], ['t', 'u']]),
      holder: dice.pick([undefined, ...holders]),
    };
    assert.deepEqual(await this.store.create(execution), this.#model.create(execution));
  }

  async #record(): Promise<void> {
    const entry = { ...this.#entry(this.#dice.pick(ids)), holder: this.#writer() };
    assert.deepEqual(plain(await this.store.record(entry)), plain(this.#model.record(entry)));
  }

  async #commit(): Promise<void> {
    const dice = this.#dice;
    const executionId = dice.pick(ids);
    const version = this.#model.load(executionId)?.version ?? 1;
    const transition = {
      executionId,
      expectedVersion: dice.roll(6) === 0 ? dice.roll(5) : version,
      status: dice.pick(statuses),
      state: `"${'s'.repeat(dice.roll(300))}"`,
      records: times(dice.pick([0, 1, 1, 2, 4])).map(() => this.#entry(executionId)),
      wakeAt: dice.roll(2) === 0 ? undefined : this.#time(),
      at: this.#now,
      holder: this.#writer(),
    };
    assert.deepEqual(await this.store.commit(transition), this.#model.commit(transition));
  }

  #writer(): string | undefined {
    return this.#dice.pick([undefined, undefined, ...holders]);
  }

  async #claim(): Promise<void> {
    const dice = this.#dice;
    const request = {
      holder: dice.pick(holders),
      now: this.#now,
      leaseMs: dice.pick([1, 3, longest]) * leaseMs,
      limit: dice.pick([0, 1_000, 1_000]),
    };
    const { ids: actualIds, nextWakeAt: actualNext, ...actual } = await this.store.claim(request);
    const { ids: expectedIds, nextWakeAt: expectedNext, ...expected } = this.#model.claim(request);
    assert.deepEqual(actual, expected);
    // What wakes at the same time comes in any order.
    assert.deepEqual(actualIds.toSorted(), expectedIds.toSorted());
    // No wakeAt is as late as the end of a lease, which is as exact as the adapter's clock stands still.
    const isOfLease = expectedNext !== null && expectedNext > this.#now + leaseMs / 2;
    const late = isOfLease && actualNext !== null ? expectedNext - actualNext : undefined;
    if (late === undefined) assert.equal(actualNext, expectedNext);
    else assert.ok(late >= 0 && late < leaseMs / 2, `${actualNext} is near ${expectedNext}`);
  }

  async #leave(): Promise<void> {
    const holder = this.#dice.pick(holders);
    await this.store.leave(holder);
    this.#model.leave(holder);
  }

  async #release(): Promise<void> {
    const request = {
      executionId: this.#dice.pick(ids),
      holder: this.#dice.pick(holders),
      wakeAt: this.#time(),
    };
    await this.store.release(request);
    this.#model.release(request);
  }

  async #elapse(leases: number): Promise<void> {
    await this.#harness.elapse(leases * leaseMs);
    this.#model.elapse(leases * leaseMs);
  }

  async #list(): Promise<void> {
    const dice = this.#dice;
    const query: ExecutionQuery = {
      status: dice.pick([
        undefined,
        ['running'],
        ['completed', 'failed'],
        ['paused', 'running', 'cancelled'],
      ]),
      name: dice.pick([undefined, undefined, 'n']),
      tags: dice.pick([undefined, ['t'], ['u', 't']]),
      createdAfter: dice.pick([undefined, start + 700]),
      createdBefore: dice.pick([undefined, start + 1_500]),
    };
    const found: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.store.list({ ...query, limit: 1 + dice.roll(3), cursor });
      found.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== undefined);
    assert.deepEqual(plain(found), plain(this.#model.list(query)));
  }

  async #prune(): Promise<void> {
    const dice = this.#dice;
    const policy: RetentionPolicy = {
      status: dice.pick([undefined, undefined, ['completed'], ['failed', 'cancelled', 'paused']]),
      finishedBefore: dice.pick([undefined, this.#now - 50]),
      maxBytes: dice.pick([undefined, 2_000]),
      limit: 1 + dice.roll(4),
    };
    assert.deepEqual(await this.store.prune(policy), this.#model.prune(policy));
  }

  /** A lease may end with the process that has it, or go on; so all of them end first. */
  async #crash(): Promise<void> {
    if (!this.#harness.crash) return;
    await this.#elapse(longest);
    // Some adapters forget their holders with the process, so here all are forgotten before.
    const last = { holder: 'last', now: this.#now, leaseMs, limit: 1_000 };
    assert.deepEqual((await this.store.claim(last)).seat, this.#model.claim(last).seat);
    await this.store.leave('last');
    this.#model.leave('last');
    this.store = await this.#harness.crash(this.store);
    await this.compareAll();
  }

  #entry(executionId: string): RecordEntry {
    const dice = this.#dice;
    const held = dice.pick([1, 1, 1, 2, 3]);
    return {
      executionId,
      node: dice.pick(nodes),
      index: dice.pick([-1, 0, 1, 2, 30, 31, 70]),
      held,
      kind: dice.pick(['completed', 'completed', 'failed', 'pending']),
      attempt: 1 + dice.roll(3),
      body: `"${'b'.repeat(dice.roll(100))}"`,
      next: held + 1 + dice.roll(2),
      dueAt: dice.pick([undefined, this.#now + dice.roll(300)]),
      crashes: dice.pick([undefined, 0, 2]),
      at: this.#now,
    };
  }

  #time(): number | null {
    return this.#dice.roll(3) === 0 ? null : this.#now + this.#dice.roll(500);
  }
}

export const randomCases: readonly ConformanceCase<ExecutionStoreHarness>[] = seeds.map((seed) => ({
  name: `does what the model does, step by step, with seed ${seed}`,
  async run(harness) {
    const comparison = new Comparison(await harness.create(), harness, seed);
    for (const _ of times(stepsPerSeed)) await comparison.step();
    await comparison.compareAll();
    await comparison.store.close();
  },
}));
