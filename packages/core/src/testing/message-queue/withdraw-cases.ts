import assert from 'node:assert/strict';
import { isLoomError } from '../../errors/loom-error.js';
import type { Delivery, Verdict } from '../../ports/message-queue.js';
import type { ConformanceCase } from '../conformance-case.js';
import type { MessageQueueHarness } from './harness.js';
import { assertRejects, gate, observe, until, untilEmpty, untilStats } from './observed-queue.js';

const name = 'orders';
/** Short, because a tenth of it may pass until a delivery hears that its message is gone. */
const leaseMs = 1_500;
const empty = { ready: 0, delayed: 0, active: 0, dead: 0 };

/** Messages that are taken back: waiting, running, and everything between. */
export const withdrawCases: readonly ConformanceCase<MessageQueueHarness>[] = [
  {
    name: 'withdraws what waits, whatever for, and delivers the rest',
    async run(harness) {
      await using queue = await harness.create();
      await queue.pause(name);
      const ids = await queue.send(name, [
        { body: 'plain' },
        { body: 'kept' },
        { body: 'urgent', priority: 50 },
        { body: 'kept urgent', priority: 50 },
        { body: 'later', delayMs: 300 },
        { body: 'kept later', delayMs: 300 },
      ]);
      const wanted = ids.filter((_, index) => index % 2 === 0);
      assert.equal(await queue.withdraw(name, [...wanted, ...wanted, 'unknown', '', '007', '-1']), 3);
      assert.equal(await queue.withdraw(name, wanted), 0);
      assert.equal(await queue.withdraw(name, await queue.send(name, [{ body: 'sent since' }])), 1);
      const { ready, delayed } = await queue.stats(name);
      assert.equal(ready + delayed, 3);
      const { seen } = await observe(queue, name);
      await queue.resume(name);
      await until(harness, 'the rest', () => seen.length === 3);
      await harness.elapse(100);
      assert.deepEqual(
        seen.map(({ body }) => body),
        ['kept urgent', 'kept', 'kept later'],
      );
      await untilEmpty(harness, queue, name);
    },
  },
  {
    name: 'aborts what runs with LOOM_CANCELLED, and whatever it settles with counts for nothing',
    async run(harness) {
      await using queue = await harness.create();
      const reasons: unknown[] = [];
      const verdicts: readonly (Verdict | undefined | 'rejects')[] = [
        undefined,
        { kind: 'retry' },
        { kind: 'release' },
        { kind: 'dead-letter', reason: 'late' },
        'rejects',
      ];
      const { seen } = await observe(
        queue,
        name,
        async ({ signal, body }) => {
          await aborted(signal);
          reasons.push(signal.reason);
          const verdict = verdicts[body as number];
          if (verdict === 'rejects') throw new Error('late');
          return verdict;
        },
        { leaseMs, concurrency: 10, retryDelayMs: 0 },
      );
      const ids = await queue.send(
        name,
        verdicts.map((_, body) => ({ body })),
      );
      await until(harness, 'all deliveries', () => seen.length === ids.length);
      assert.equal(await queue.withdraw(name, ids), ids.length);
      await until(harness, 'all signals', () => reasons.length === ids.length);
      for (const reason of reasons)
        assert.ok(isLoomError(reason, 'LOOM_CANCELLED'), `aborted with ${String(reason)}`);
      await untilEmpty(harness, queue, name);
      await harness.elapse(100);
      assert.equal(seen.length, ids.length);
      assert.deepEqual(await queue.stats(name), { ...empty, paused: false, oldestReadyAgeMs: null });
    },
  },
  {
    name: 'frees the slot of a withdrawn delivery when its handler settles, and does not extend its lease',
    async run(harness) {
      await using queue = await harness.create();
      const hold = gate();
      const { seen } = await observe(
        queue,
        name,
        async (delivery) => {
          if (delivery.body !== 'withdrawn') return;
          await aborted(delivery.signal);
          await assertRejects(() => delivery.extend(1_000), 'LOOM_LEASE_LOST', 'extending');
          await hold.opened;
        },
        { leaseMs },
      );
      const [id = ''] = await queue.send(name, [{ body: 'withdrawn' }, { body: 'next' }]);
      await until(harness, 'the delivery', () => seen.length === 1);
      assert.equal(await queue.withdraw(name, [id]), 1);
      await harness.elapse(leaseMs);
      assert.equal(seen.length, 1);
      hold.open();
      await until(harness, 'the next one', () => seen.length === 2);
      assert.equal(seen[1]?.body, 'next');
      await untilEmpty(harness, queue, name);
    },
  },
  {
    name: 'withdraws what waits for its next try, and nothing that is dead or acknowledged',
    async run(harness) {
      await using queue = await harness.create();
      await observe(queue, name, ({ body }) => body as Verdict | undefined);
      const retry = { kind: 'retry', delayMs: 3_600_000 } as const;
      const dead = { kind: 'dead-letter', reason: 'dead' } as const;
      const [retried = '', buried = ''] = await queue.send(name, [{ body: retry }, { body: dead }]);
      const { seen } = await observe(queue, 'acknowledged');
      const [done = ''] = await queue.send('acknowledged', [{ body: 1 }]);
      await until(harness, 'the delivery', () => seen.length === 1);
      await untilEmpty(harness, queue, 'acknowledged');
      assert.equal(await queue.withdraw('acknowledged', [done]), 0);
      await untilStats(harness, queue, name, { ...empty, delayed: 1, dead: 1 });
      assert.equal(await queue.withdraw(name, [retried, buried]), 1);
      await untilStats(harness, queue, name, { ...empty, dead: 1 });
      assert.equal((await queue.deadLetters.list(name)).items[0]?.id, buried);
    },
  },
  {
    name: 'withdraws for good what is given back all the time',
    async run(harness) {
      await using queue = await harness.create();
      const concurrency = 10;
      const { seen } = await observe(
        queue,
        name,
        async ({ body }) => {
          await harness.elapse((body as number) % 3);
          return { kind: 'retry' };
        },
        { leaseMs, concurrency, maxDeliveries: 1_000_000 },
      );
      const ids = await queue.send(
        name,
        Array.from({ length: 30 }, (_, body) => ({ body })),
      );
      await until(harness, 'some deliveries', () => seen.length > 50);
      assert.equal(await queue.withdraw(name, ids), ids.length);
      const begun = seen.length;
      await untilEmpty(harness, queue, name);
      await harness.elapse(leaseMs);
      // Those on their way to their handlers were being handled already.
      const late = seen.slice(begun).map(({ id }) => id);
      assert.equal(new Set(late).size, late.length, 'a withdrawn message came back');
      assert.ok(late.length <= concurrency, `${late.length} were delivered after they were withdrawn`);
    },
  },
  {
    name: 'keeps the dedupe id of what was withdrawn for its hour',
    async run(harness) {
      await using queue = await harness.create();
      const again = [{ body: 1, dedupeId: 'one' }];
      const sent = await queue.send(name, again);
      assert.equal(await queue.withdraw(name, sent), 1);
      assert.deepEqual(await queue.send(name, again), sent);
      await untilEmpty(harness, queue, name);
      if (!harness.movesClock) return;
      await harness.elapse(3_600_001);
      assert.notDeepEqual(await queue.send(name, again), sent);
      assert.equal((await queue.stats(name)).ready, 1);
    },
  },
  {
    name: 'withdraws thousands at once, of one queue only',
    async run(harness) {
      await using queue = await harness.create();
      const messages = Array.from({ length: 3_000 }, (_, body) => ({ body }));
      const ids = await queue.send(name, messages);
      await queue.send('other', messages.slice(0, 10));
      const left = new Set([7, 1_500, 2_999]);
      const wanted = ids.filter((_, index) => !left.has(index));
      assert.equal(await queue.withdraw(name, wanted), wanted.length);
      assert.equal((await queue.stats('other')).ready, 10);
      const { seen } = await observe(queue, name, undefined, { concurrency: 10 });
      await until(harness, 'what was left', () => seen.length === left.size);
      await untilEmpty(harness, queue, name);
      assert.deepEqual(new Set(seen.map(({ body }) => body)), left);
    },
  },
  {
    name: 'withdraws nothing of a queue nobody used or without ids, and refuses what are no ids',
    async run(harness) {
      await using queue = await harness.create();
      assert.equal(await queue.withdraw('never-used', ['1']), 0);
      assert.equal(await queue.withdraw(name, []), 0);
      for (const ids of [undefined, null, 'text', {}, [7], [undefined]]) {
        await assertRejects(
          () => queue.withdraw(name, ids as never),
          'LOOM_INVALID_OPTION',
          `ids ${JSON.stringify(ids)}`,
        );
      }
      await assertRejects(() => queue.withdraw('no name', []), 'LOOM_INVALID_OPTION', 'the name');
    },
  },
  {
    name: 'remembers through a crash what was withdrawn, also while it ran',
    async run(harness) {
      if (harness.crash === undefined) return;
      const queue = await harness.create();
      const never = new Promise<never>(() => {});
      const { seen } = await observe(queue, name, () => never, { leaseMs });
      const ids = await queue.send(name, [{ body: 'runs' }, { body: 'waits' }, { body: 'kept' }]);
      await until(harness, 'the delivery', () => seen.length === 1);
      assert.equal(await queue.withdraw(name, ids.slice(0, 2)), 2);
      await using next = await harness.crash(queue);
      const after = await observe(next, name, undefined, { leaseMs });
      await until(harness, 'the rest', () => after.seen.length === 1);
      await harness.elapse(leaseMs * 2);
      assert.deepEqual(
        after.seen.map(({ body }) => body),
        ['kept'],
      );
      await untilEmpty(harness, next, name);
    },
  },
];

async function aborted(signal: Delivery['signal']): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
