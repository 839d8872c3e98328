import assert from 'node:assert/strict';
import type {
  ExecutionQuery,
  ExecutionStatus,
  ExecutionStore,
  RecordEntry,
  RetentionPolicy,
} from '../../ports/execution-store.js';
import type { ConformanceCase } from '../conformance-case.js';
import { allRecords, plain, start, times } from './building.js';
import type { ExecutionStoreHarness } from './harness.js';
import { ExecutionStoreModel } from './model.js';

const seeds = times(25);
const stepsPerSeed = 160;
const ids = times(8).map((n) => `e${n}`);
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
    else if (kind < 50) await this.#record();
    else if (kind < 78) await this.#commit();
    else if (kind < 84) await this.#claim();
    else if (kind < 92) await this.#list();
    else if (kind < 95) await this.#prune();
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
    };
    assert.deepEqual(await this.store.create(execution), this.#model.create(execution));
  }

  async #record(): Promise<void> {
    const entry = this.#entry(this.#dice.pick(ids));
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
    };
    assert.deepEqual(await this.store.commit(transition), this.#model.commit(transition));
  }

  async #claim(): Promise<void> {
    const request = { now: this.#now, leaseMs: 1 + this.#dice.roll(200), limit: 1_000 };
    const [actual, expected] = [await this.store.claim(request), this.#model.claim(request)];
    assert.equal(actual.nextWakeAt, expected.nextWakeAt);
    // Claims that ended together are equally old.
    assert.deepEqual(actual.ids.toSorted(), expected.ids.toSorted());
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

  /** What was claimed may be handed out again at once, so the model's claims end first. */
  async #crash(): Promise<void> {
    if (!this.#harness.crash) return;
    this.#now += 1_000;
    await this.#claimAndForget();
    this.store = await this.#harness.crash(this.store);
    await this.compareAll();
  }

  async #claimAndForget(): Promise<void> {
    await this.#claim();
    for (const id of ids) {
      const found = this.#model.load(id);
      if (!found || found.wakeAt === null) continue;
      const { version: expectedVersion, status, state } = found;
      const transition = {
        executionId: id,
        expectedVersion,
        status,
        state,
        records: [],
        wakeAt: this.#now + 7,
        at: this.#now,
      };
      assert.deepEqual(await this.store.commit(transition), this.#model.commit(transition));
    }
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
