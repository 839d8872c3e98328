import assert from 'node:assert/strict';
import type { Delivery, Verdict } from '../../ports/message-queue.js';
import type { ConformanceCase } from '../conformance-case.js';
import type { MessageQueueHarness } from './harness.js';
import { assertRejects, observe, until, untilEmpty, untilStats } from './observed-queue.js';

const name = 'orders';

/** Verdicts and rejections: what brings a message back, what buries it, and what counts. */
export const failureCases: readonly ConformanceCase<MessageQueueHarness>[] = [
  {
    name: 'delivers a rejected message again after retryDelayMs, as the same message',
    async run(harness) {
      await using queue = await harness.create();
      const { seen } = await observe(
        queue,
        name,
        ({ attempt }) => {
          if (attempt < 3) throw new Error('not yet');
        },
        { retryDelayMs: 800 },
      );
      const [id] = await queue.send(name, [{ body: { n: 1 } }]);
      await untilStats(harness, queue, name, { delayed: 1, active: 0, ready: 0 });
      await harness.elapse(100);
      assert.equal(seen.length, 1, 'it came back too early');
      await until(harness, 'three deliveries', () => seen.length === 3);
      await untilEmpty(harness, queue, name);
      assert.deepEqual(
        seen.map(({ attempt }) => attempt),
        [1, 2, 3],
      );
      assert.ok(seen.every((one) => one.id === id && one.sentAt === seen[0]?.sentAt));
      assert.deepEqual(
        seen.map(({ body }) => body),
        [{ n: 1 }, { n: 1 }, { n: 1 }],
      );
    },
  },
  {
    name: 'waits a second before a rejected delivery returns, by default',
    async run(harness) {
      await using queue = await harness.create();
      const { seen } = await observe(queue, name, ({ attempt }) => {
        if (attempt === 1) throw new Error('once');
      });
      await queue.send(name, [{ body: 1 }]);
      await untilStats(harness, queue, name, { delayed: 1 });
      await harness.elapse(500);
      assert.equal(seen.length, 1);
      await harness.elapse(600);
      await until(harness, 'the second delivery', () => seen.length === 2);
    },
  },
  {
    name: 'does not hold up other messages while one waits to be retried',
    async run(harness) {
      await using queue = await harness.create();
      const { seen } = await observe(queue, name, ({ body }) => {
        if (body === 'bad') throw new Error('bad');
      });
      await queue.send(name, [{ body: 'bad' }, { body: 'good' }]);
      await until(harness, 'the good one', () => seen.some(({ body }) => body === 'good'));
      await untilStats(harness, queue, name, { delayed: 1, ready: 0, active: 0 });
    },
  },
  {
    name: 'obeys a retry verdict and its delay, and counts it as a delivery',
    async run(harness) {
      await using queue = await harness.create();
      const verdicts: readonly (Verdict | undefined)[] = [
        { kind: 'retry' },
        { kind: 'retry', delayMs: 1_000 },
        undefined,
      ];
      const { seen } = await observe(queue, name, ({ attempt }) => verdicts[attempt - 1], {
        retryDelayMs: 60_000,
      });
      await queue.send(name, [{ body: 1 }]);
      await until(harness, 'the second delivery', () => seen.length === 2);
      await untilStats(harness, queue, name, { delayed: 1, active: 0 });
      await harness.elapse(100);
      assert.equal(seen.length, 2, 'it came back too early');
      await until(harness, 'the third delivery', () => seen.length === 3);
      await untilEmpty(harness, queue, name);
      assert.deepEqual(
        seen.map(({ attempt }) => attempt),
        [1, 2, 3],
      );
    },
  },
  {
    name: 'buries a message that was rejected maxDeliveries times, with its last reason',
    async run(harness) {
      await using queue = await harness.create();
      const { seen } = await observe(
        queue,
        name,
        ({ attempt }) => {
          throw new Error(`broken on try ${attempt}`);
        },
        { maxDeliveries: 3, retryDelayMs: 10 },
      );
      const [id] = await queue.send(name, [{ body: { n: 1 } }]);
      await untilStats(harness, queue, name, { dead: 1, ready: 0, delayed: 0, active: 0 });
      const { items } = await queue.deadLetters.list(name);
      assert.equal(items.length, 1);
      assert.deepEqual([items[0]?.id, items[0]?.attempts, items[0]?.reason], [id, 3, 'broken on try 3']);
      assert.deepEqual(items[0]?.body, { n: 1 });
      await harness.elapse(100);
      assert.equal(seen.length, 3);
    },
  },
  {
    name: 'gives a message five deliveries by default, and one when maxDeliveries is 1',
    async run(harness) {
      await using queue = await harness.create();
      const fail = (): never => {
        throw new Error('always');
      };
      const five = await observe(queue, name, fail, { retryDelayMs: 0, maxDeliveries: undefined });
      const one = await observe(queue, 'once', fail, { maxDeliveries: 1 });
      await queue.send(name, [{ body: 1 }]);
      await queue.send('once', [{ body: 1 }]);
      await untilStats(harness, queue, name, { dead: 1 });
      await untilStats(harness, queue, 'once', { dead: 1 });
      assert.deepEqual([five.seen.length, one.seen.length], [5, 1]);
    },
  },
  {
    name: 'buries a message whose handler asks to retry for longer than maxDeliveries allows',
    async run(harness) {
      await using queue = await harness.create();
      const { seen } = await observe(queue, name, () => ({ kind: 'retry' }), { maxDeliveries: 2 });
      await queue.send(name, [{ body: 1 }]);
      await untilStats(harness, queue, name, { dead: 1, delayed: 0, ready: 0, active: 0 });
      assert.equal(seen.length, 2);
      const { items } = await queue.deadLetters.list(name);
      assert.equal(items[0]?.attempts, 2);
      assert.notEqual(items[0]?.reason, '');
    },
  },
  {
    name: 'buries a message at once when its handler says so',
    async run(harness) {
      await using queue = await harness.create();
      const reason = 'The invoice has no "customer": 漢字';
      const { seen } = await observe(queue, name, () => ({
        kind: 'dead-letter',
        reason,
        error: new Error('cause'),
      }));
      await queue.send(name, [{ body: 1 }]);
      await untilStats(harness, queue, name, { dead: 1, ready: 0, delayed: 0, active: 0 });
      const { items } = await queue.deadLetters.list(name);
      assert.deepEqual([items[0]?.reason, items[0]?.attempts, seen.length], [reason, 1, 1]);
    },
  },
  {
    name: 'delivers a released message again as if it had never been delivered',
    async run(harness) {
      await using queue = await harness.create();
      const { seen } = await observe(
        queue,
        name,
        (_, all) => (all.length <= 6 ? { kind: 'release' } : undefined),
        {
          maxDeliveries: 2,
        },
      );
      await queue.send(name, [{ body: 1 }]);
      await until(harness, 'seven deliveries', () => seen.length === 7);
      await untilEmpty(harness, queue, name);
      assert.ok(seen.every(({ attempt }) => attempt === 1));
    },
  },
  {
    name: 'gives what a draining consumer releases to another one',
    async run(harness) {
      await using queue = await harness.create();
      const draining = await observe(queue, name, async () => {
        await harness.elapse(30);
        return { kind: 'release' };
      });
      await queue.send(name, [{ body: 1 }]);
      await until(harness, 'the first delivery', () => draining.seen.length === 1);
      const closing = draining.consumer.close();
      const other = await observe(queue, name);
      await until(harness, 'the second delivery', () => other.seen.length === 1);
      await closing;
      await untilEmpty(harness, queue, name);
      assert.equal(other.seen[0]?.attempt, 1);
      assert.equal(draining.seen.length, 1);
    },
  },
  {
    name: 'treats whatever a handler throws as a rejection',
    async run(harness) {
      await using queue = await harness.create();
      const hostile = new Proxy(
        {},
        {
          get: () => {
            throw new Error('do not look');
          },
        },
      );
      const thrown: readonly unknown[] = [
        undefined,
        null,
        0,
        '',
        'text',
        Symbol('s'),
        { message: 'like an error' },
        {},
        hostile,
      ];
      const { seen } = await observe(
        queue,
        name,
        ({ body, attempt }) => {
          if (attempt === 1) throw thrown[body as number];
        },
        { retryDelayMs: 10 },
      );
      await queue.send(
        name,
        thrown.map((_, body) => ({ body })),
      );
      await until(harness, 'two deliveries of each', () => seen.length === thrown.length * 2);
      await untilEmpty(harness, queue, name);
    },
  },
  {
    name: 'buries a message whatever its handler throws, always with a reason in words',
    async run(harness) {
      await using queue = await harness.create();
      const thrown: readonly unknown[] = [
        undefined,
        'plain text',
        { message: 'like an error' },
        new TypeError('no'),
      ];
      await observe(
        queue,
        name,
        ({ body }) => {
          throw thrown[body as number];
        },
        { maxDeliveries: 1 },
      );
      await queue.send(
        name,
        thrown.map((_, body) => ({ body })),
      );
      await untilStats(harness, queue, name, { dead: thrown.length });
      const { items } = await queue.deadLetters.list(name);
      const reasons = new Map(items.map(({ body, reason }) => [body, reason]));
      assert.ok(items.every(({ reason }) => typeof reason === 'string' && reason !== ''));
      assert.equal(reasons.get(1), 'plain text');
      assert.equal(reasons.get(2), 'like an error');
      assert.match(String(reasons.get(3)), /no/);
    },
  },
  {
    name: 'treats a handler that is not async like any other',
    async run(harness) {
      await using queue = await harness.create();
      const attempts: number[] = [];
      const handler = ({ attempt }: Delivery): undefined => {
        attempts.push(attempt);
        if (attempt === 1) throw new Error('thrown, not rejected');
      };
      await queue.consume(name, handler as never, { retryDelayMs: 10 });
      await queue.send(name, [{ body: 1 }]);
      await until(harness, 'two deliveries', () => attempts.length === 2);
      await untilEmpty(harness, queue, name);
    },
  },
  {
    name: 'treats a verdict that is none as a rejection',
    async run(harness) {
      await using queue = await harness.create();
      const verdicts: readonly unknown[] = [
        { kind: 'nonsense' },
        { kind: 'retry', delayMs: Number.NaN },
        { kind: 'retry', delayMs: -1 },
        'ack',
        true,
        {},
      ];
      const { seen } = await observe(
        queue,
        name,
        ({ body, attempt }) => (attempt === 1 ? (verdicts[body as number] as Verdict) : undefined),
        { retryDelayMs: 10 },
      );
      await queue.send(
        name,
        verdicts.map((_, body) => ({ body })),
      );
      await until(harness, 'two deliveries of each', () => seen.length === verdicts.length * 2);
      await untilEmpty(harness, queue, name);
    },
  },
  {
    name: 'extends the lease of a delivery that runs for longer than it',
    async run(harness) {
      await using queue = await harness.create();
      const deliveries: Delivery[] = [];
      await queue.consume(
        name,
        async (delivery) => {
          deliveries.push(delivery);
          for (let step = 0; step < 25; step += 1) await harness.elapse(100);
        },
        { leaseMs: 1_000, concurrency: 2 },
      );
      await queue.send(name, [{ body: 1 }]);
      await until(harness, 'the delivery', () => deliveries.length === 1);
      await untilEmpty(harness, queue, name);
      assert.equal(deliveries.length, 1, 'it was delivered a second time');
      assert.equal(deliveries[0]?.signal.aborted, false);
    },
  },
  {
    name: 'extends a lease on request, and refuses when the delivery has ended',
    async run(harness) {
      await using queue = await harness.create();
      const deliveries: Delivery[] = [];
      const refused: unknown[] = [];
      await queue.consume(name, async (delivery) => {
        deliveries.push(delivery);
        await delivery.extend(60_000);
        for (const leaseMs of [0, 99, 43_200_001, Number.NaN]) {
          await delivery.extend(leaseMs).catch((error: unknown) => refused.push(error));
        }
      });
      await queue.send(name, [{ body: 1 }]);
      await until(harness, 'the delivery', () => deliveries.length === 1);
      await untilEmpty(harness, queue, name);
      assert.equal(refused.length, 4);
      const [delivery] = deliveries;
      assert.ok(delivery);
      await assertRejects(() => delivery.extend(60_000), 'LOOM_LEASE_LOST', 'extend after the end');
    },
  },
];
