import assert from 'node:assert/strict';
import { isLoomError } from '../../errors/loom-error.js';
import type { Delivery, GroupStats, MessageQueue, Verdict } from '../../ports/message-queue.js';
import type { ConformanceCase } from '../conformance-case.js';
import { keyOf, of } from './group-cases.js';
import type { MessageQueueHarness } from './harness.js';
import { gate, observe, until, untilEmpty, untilStats } from './observed-queue.js';

const name = 'orders';
/** Short, so that a dead process is noticed soon where leases tell. */
const leaseMs = 1_500;
const idle: GroupStats = { waiting: 0, active: 0, openAt: null };
const serial = { key: 'a', concurrency: 1 };
const never = new Promise<never>(() => {});

/** Groups beside everything else a message can go through: delays, dedupe ids, pauses, death and crashes. */
export const groupLifeCases: readonly ConformanceCase<MessageQueueHarness>[] = [
  {
    name: 'holds a delayed message to the limits of its group when it is due',
    async run(harness) {
      await using queue = await harness.create();
      const hold = gate();
      const { seen } = await observe(queue, name, () => hold.opened, { concurrency: 10 });
      await queue.send(name, [
        { body: 'due', group: serial, delayMs: 200, priority: 9 },
        { body: 'now', group: serial },
      ]);
      await untilStats(harness, queue, name, { active: 1, delayed: 1, ready: 0 });
      await untilStats(harness, queue, name, { active: 1, delayed: 0, ready: 1 });
      assert.deepEqual(await queue.group(name, 'a'), { waiting: 1, active: 1, openAt: null });
      hold.open();
      await untilEmpty(harness, queue, name);
      assert.deepEqual(
        seen.map(({ body }) => body),
        ['now', 'due'],
      );
    },
  },
  {
    name: 'counts a delayed message of a group that is due, also when nobody consumes',
    async run(harness) {
      await using queue = await harness.create();
      await queue.send(name, [{ body: 1, group: serial, delayMs: 300 }]);
      assert.deepEqual(await queue.group(name, 'a'), idle);
      await untilStats(harness, queue, name, { ready: 1, delayed: 0 });
      assert.equal((await queue.group(name, 'a')).waiting, 1);
      await untilStats(harness, queue, name, { ready: 1, delayed: 0 });
    },
  },
  {
    name: 'stores a known message of a group once, and puts its limits in force all the same',
    async run(harness) {
      await using queue = await harness.create();
      const hold = gate();
      const [first] = await queue.send(name, [{ body: 1, group: serial, dedupeId: 'once' }]);
      await queue.send(name, of('a', 2, { concurrency: 1 }));
      await observe(queue, name, () => hold.opened, { concurrency: 10 });
      await untilStats(harness, queue, name, { active: 1, ready: 2 });
      const again = await queue.send(name, [
        { body: 2, group: { key: 'a', concurrency: 2 }, dedupeId: 'once' },
        { body: 3, dedupeId: 'once' },
      ]);
      assert.deepEqual(again, [first, first]);
      await untilStats(harness, queue, name, { active: 2, ready: 1 });
      hold.open();
      await untilEmpty(harness, queue, name);
      assert.deepEqual(await queue.send(name, [{ body: 4, group: serial, dedupeId: 'once' }]), [first]);
      assert.deepEqual(await queue.group(name, 'a'), idle);
    },
  },
  {
    name: 'delivers nothing of the groups of a paused queue, and goes on with them when it is resumed',
    async run(harness) {
      await using queue = await harness.create();
      // The lease is so long that nobody comes by for another reason.
      const { seen } = await observe(queue, name, undefined, { concurrency: 10, leaseMs: 600_000 });
      for (const delayMs of [undefined, 20]) {
        await queue.pause(name);
        await queue.send(name, of('a', 3, { concurrency: 1 }));
        await queue.send(name, [{ body: 'last', group: serial, delayMs }]);
        await harness.elapse(150);
        assert.equal((await queue.stats(name)).ready, 4);
        const before = seen.length;
        assert.equal(before % 4, 0, 'something was delivered');
        await queue.resume(name);
        await untilEmpty(harness, queue, name);
        assert.equal(seen.length, before + 4);
      }
    },
  },
  {
    name: 'puts a redriven message into its group again',
    async run(harness) {
      await using queue = await harness.create();
      const hold = gate();
      const { seen } = await observe(
        queue,
        name,
        async ({ body }, all) => {
          if (body === 'poison' && all.length === 1) return { kind: 'dead-letter', reason: 'poison' };
          await hold.opened;
          return undefined;
        },
        { concurrency: 10 },
      );
      await queue.send(name, [{ body: 'poison', group: serial }]);
      await untilStats(harness, queue, name, { dead: 1, active: 0 });
      assert.deepEqual(await queue.group(name, 'a'), idle);
      await queue.send(name, [{ body: 'next', group: serial }]);
      await untilStats(harness, queue, name, { active: 1 });
      assert.equal(await queue.deadLetters.redrive(name), 1);
      await untilStats(harness, queue, name, { active: 1, ready: 1, delayed: 0, dead: 0 });
      assert.deepEqual(await queue.group(name, 'a'), { waiting: 1, active: 1, openAt: null });
      hold.open();
      await untilEmpty(harness, queue, name);
      assert.deepEqual(
        seen.map(({ body, attempt }) => [body, attempt]),
        [
          ['poison', 1],
          ['next', 1],
          ['poison', 1],
        ],
      );
    },
  },
  {
    name: 'buries a message of a group after maxDeliveries, and lets the next of its key go',
    async run(harness) {
      await using queue = await harness.create();
      const { seen } = await observe(
        queue,
        name,
        ({ body }) => {
          if (body === 'a 0') throw new Error('broken');
        },
        { maxDeliveries: 3, retryDelayMs: 10, concurrency: 2 },
      );
      await queue.send(name, of('a', 3, { concurrency: 1 }));
      await untilStats(harness, queue, name, { dead: 1, ready: 0, delayed: 0, active: 0 });
      assert.equal(seen.length, 5);
      assert.equal((await queue.deadLetters.list(name)).items[0]?.attempts, 3);
      assert.equal(await queue.deadLetters.discard(name), 1);
      assert.deepEqual(await queue.group(name, 'a'), idle);
    },
  },
  {
    name: 'takes messages of a group back, those that run as well, and lets the next of their key go',
    async run(harness) {
      await using queue = await harness.create();
      const reasons: unknown[] = [];
      const { seen } = await observe(
        queue,
        name,
        ({ body, signal }) => {
          if (body !== 'a 0') return undefined;
          return new Promise((resolve) => {
            signal.addEventListener('abort', () => resolve(void reasons.push(signal.reason)));
          });
        },
        { concurrency: 5, leaseMs },
      );
      const ids = await queue.send(name, of('a', 5, { concurrency: 1 }));
      const [later] = await queue.send(name, [{ body: 'later', group: serial, delayMs: 3_600_000 }]);
      await untilStats(harness, queue, name, { active: 1, ready: 4, delayed: 1 });
      await until(harness, 'the first', () => seen.length === 1);
      assert.equal(await queue.withdraw(name, [ids[1], ids[3], later] as string[]), 3);
      await untilStats(harness, queue, name, { active: 1, ready: 2, delayed: 0 });
      assert.equal((await queue.group(name, 'a')).waiting, 2);
      assert.equal(await queue.withdraw(name, [ids[0] as string]), 1);
      await until(harness, 'the rest', () => seen.length === 3 && reasons.length === 1);
      await untilEmpty(harness, queue, name);
      assert.ok(isLoomError(reasons[0], 'LOOM_CANCELLED'), String(reasons[0]));
      assert.deepEqual(
        seen.map(({ body }) => body),
        ['a 0', 'a 2', 'a 4'],
      );
      assert.deepEqual(await queue.group(name, 'a'), idle);
    },
  },
  ...[1, 2, 3].map((seed) => ({
    name: `never exceeds a limit and forgets no place, whatever happens (seed ${seed})`,
    run: (harness: MessageQueueHarness) => runRandom(harness, seed),
  })),
  {
    name: 'keeps groups, their limits and their order through a crash, and no place of the dead',
    async run(harness) {
      if (harness.crash === undefined) return;
      const queue = await harness.create();
      const before = await observe(queue, name, () => never, { leaseMs, concurrency: 10 });
      await queue.send(name, of('a', 5, { concurrency: 2 }));
      await queue.send(name, of('b', 2, { concurrency: 1 }));
      await until(harness, 'what the limits allow', () => before.seen.length === 3);
      await untilStats(harness, queue, name, { active: 3, ready: 4 });
      await using next = await harness.crash(queue);
      const running: Record<string, number> = {};
      const most: Record<string, number> = {};
      const { seen } = await observe(
        next,
        name,
        async ({ body }) => {
          const key = keyOf(body);
          running[key] = (running[key] ?? 0) + 1;
          most[key] = Math.max(most[key] ?? 0, running[key]);
          // However slow the machine is, both places of a are there to be taken.
          if (key === 'a') await until(harness, 'both places', () => most['a'] === 2);
          await harness.elapse(2);
          running[key] -= 1;
        },
        { leaseMs, concurrency: 10 },
      );
      await until(harness, 'all deliveries', () => seen.length === 7);
      await untilEmpty(harness, next, name);
      assert.deepEqual(most, { a: 2, b: 1 });
      const twice = seen.filter(({ attempt }) => attempt === 2).map(({ body }) => body);
      assert.deepEqual(new Set(twice), new Set(before.seen.map(({ body }) => body)));
      assert.deepEqual(await next.group(name, 'a'), idle);
      assert.deepEqual(await next.group(name, 'b'), idle);
    },
  },
  {
    name: 'knows after a crash which limits were sent last, and what a rate has had',
    async run(harness) {
      if (harness.crash === undefined) return;
      const queue = await harness.create();
      const rate = { limit: 2, perMs: 600_000 };
      await queue.send(name, of('a', 3, { concurrency: 3 }));
      await queue.send(name, of('a', 1, { concurrency: 1 }));
      await queue.send('rated', of('a', 3, { rate }));
      const before = await observe(queue, 'rated', undefined, { leaseMs });
      await untilStats(harness, queue, 'rated', { active: 0, ready: 1 });
      const { openAt } = await queue.group('rated', 'a');
      await using next = await harness.crash(queue);
      const rated = await observe(next, 'rated', undefined, { leaseMs });
      const hold = gate();
      await observe(next, name, () => hold.opened, { leaseMs, concurrency: 10 });
      await untilStats(harness, next, name, { active: 1, ready: 3 });
      await harness.elapse(leaseMs);
      assert.deepEqual([before.seen.length, rated.seen.length], [2, 0]);
      const after = await next.group('rated', 'a');
      assert.deepEqual([after.waiting, after.active], [1, 0]);
      const shift = Math.abs((after.openAt ?? 0) - (openAt ?? 0));
      assert.ok(openAt !== null && shift < 10_000, `it opens at ${openAt}, and ${shift} ms from that`);
      hold.open();
      await untilEmpty(harness, next, name);
    },
  },
];

/** Keys with limits of their own, and handlers that do anything; a limit is never exceeded, and in the end nothing is left. */
async function runRandom(harness: MessageQueueHarness, seed: number): Promise<void> {
  await using queue = await harness.create();
  const random = seeded(seed);
  const keys = ['a', 'b', 'c', 'd', 'e'];
  const limits = new Map(keys.map((key) => [key, 1 + Math.floor(random() * 3)]));
  const running = new Map<string, number>();
  const wrong: string[] = [];
  const handler = async ({ body }: Delivery): Promise<Verdict | void> => {
    const key = keyOf(body);
    const now = (running.get(key) ?? 0) + 1;
    running.set(key, now);
    if (now > (limits.get(key) ?? Infinity)) wrong.push(`${now} of ${key}`);
    if (random() < 0.7) await harness.elapse(Math.floor(random() * 4));
    running.set(key, (running.get(key) ?? 0) - 1);
    const dice = random();
    if (dice < 0.1) return { kind: 'release' };
    if (dice < 0.2) return { kind: 'retry', delayMs: Math.floor(random() * 5) };
    if (dice < 0.25) throw new Error('no');
    if (dice < 0.3) return { kind: 'dead-letter', reason: 'enough' };
    return undefined;
  };
  const consume = async (): Promise<void> =>
    void (await queue.consume(name, handler, {
      concurrency: 1 + Math.floor(random() * 6),
      retryDelayMs: 3,
      maxDeliveries: 20,
    }));
  await consume();
  for (let step = 0; step < 40; step += 1) {
    const key = keys[Math.floor(random() * 6)];
    const delayMs = random() < 0.3 ? Math.floor(random() * 30) : 0;
    const messages = of(
      key,
      1 + Math.floor(random() * 8),
      key ? { concurrency: limits.get(key) } : undefined,
    );
    const ids = await queue.send(
      name,
      messages.map((message) => ({ ...message, delayMs, priority: Math.floor(random() * 3) })),
    );
    if (random() < 0.3) await queue.withdraw(name, ids.slice(0, Math.floor(random() * 3)));
    if (step % 15 === 7) await consume();
    if (random() < 0.1) await queue.pause(name);
    if (random() < 0.5) await harness.elapse(Math.floor(random() * 10));
    await queue.resume(name);
  }
  await untilGone(harness, queue);
  await queue.deadLetters.redrive(name);
  await untilGone(harness, queue);
  assert.deepEqual(wrong, []);
  for (const key of keys) assert.deepEqual(await queue.group(name, key), idle, key);
}

function untilGone(harness: MessageQueueHarness, queue: MessageQueue): Promise<void> {
  return untilStats(harness, queue, name, { ready: 0, delayed: 0, active: 0 });
}

/** The minimal standard generator of Park and Miller, https://doi.org/10.1145/63039.63042 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
