import assert from 'node:assert/strict';
import type { MessageQueue } from '../../ports/message-queue.js';
import type { ConformanceCase } from '../conformance-case.js';
import type { MessageQueueHarness } from './harness.js';
import { observe, until, untilEmpty, untilStats } from './observed-queue.js';

const name = 'orders';
/** Short, so that a dead process is noticed soon where leases tell. */
const leaseMs = 1_500;
const never = new Promise<never>(() => {});

/** What is left when a process ends without a word. A harness that cannot crash runs none of these. */
export const crashCases: readonly ConformanceCase<MessageQueueHarness>[] = [
  crashCase(
    'delivers again what ran when its process died, with attempt + 1',
    async (harness, queue, crash) => {
      const first = await observe(queue, name, () => never, { leaseMs, concurrency: 2 });
      const ids = await queue.send(name, [{ body: { n: 1 } }, { body: { n: 2 } }]);
      await until(harness, 'two deliveries', () => first.seen.length === 2);
      await using next = await crash();
      const second = await observe(next, name, undefined, { leaseMs, concurrency: 2 });
      await until(harness, 'both again', () => second.seen.length === 2);
      await untilEmpty(harness, next, name);
      assert.deepEqual(new Set(second.seen.map(({ id }) => id)), new Set(ids));
      assert.ok(second.seen.every(({ attempt }) => attempt === 2));
      for (const seen of second.seen) {
        const before = first.seen.find(({ id }) => id === seen.id);
        assert.deepEqual([seen.body, seen.sentAt], [before?.body, before?.sentAt]);
      }
    },
  ),
  crashCase('keeps what waited, and nothing of what was acknowledged', async (harness, queue, crash) => {
    const done = await observe(queue, name);
    await queue.send(name, [{ body: 'done' }]);
    await until(harness, 'the delivery', () => done.seen.length === 1);
    await untilEmpty(harness, queue, name);
    await done.consumer.close();
    await queue.send(name, [
      { body: 'normal' },
      { body: 'urgent', priority: 50 },
      { body: 'later', delayMs: 3_600_000 },
    ]);
    await using next = await crash();
    await untilStats(harness, next, name, { ready: 2, delayed: 1, active: 0, dead: 0 });
    const { seen } = await observe(next, name);
    await until(harness, 'what waited', () => seen.length === 2);
    assert.deepEqual(
      seen.map(({ body }) => body),
      ['urgent', 'normal'],
    );
    assert.ok(seen.every(({ attempt }) => attempt === 1));
  }),
  crashCase('keeps retries, dead letters, pauses and dedupe ids', async (harness, queue, crash) => {
    await observe(
      queue,
      name,
      ({ body }) => {
        if (body === 'retry') return { kind: 'retry', delayMs: 2_000 };
        return { kind: 'dead-letter', reason: 'dead' };
      },
      { leaseMs },
    );
    const [retried, dead] = await queue.send(name, [
      { body: 'retry' },
      { body: 'dead', priority: 3, dedupeId: 'one' },
    ]);
    await untilStats(harness, queue, name, { delayed: 1, dead: 1, active: 0 });
    await queue.pause('paused');
    await using next = await crash();
    assert.equal((await next.stats('paused')).paused, true);
    assert.equal((await next.stats(name)).dead, 1);
    const { items } = await next.deadLetters.list(name);
    assert.deepEqual([items[0]?.id, items[0]?.reason, items[0]?.attempts], [dead, 'dead', 1]);
    assert.deepEqual(await next.send(name, [{ body: 'again', dedupeId: 'one' }]), [dead]);
    const { seen } = await observe(next, name, undefined, { leaseMs });
    await until(harness, 'the retry', () => seen.length === 1);
    assert.deepEqual([seen[0]?.id, seen[0]?.attempt], [retried, 2]);
    assert.equal(await next.deadLetters.redrive(name), 1);
    await until(harness, 'the redriven one', () => seen.length === 2);
    assert.deepEqual([seen[1]?.id, seen[1]?.attempt], [dead, 1]);
    await untilEmpty(harness, next, name);
  }),
  crashCase('gives new messages ids of their own after a crash', async (harness, queue, crash) => {
    const ids = await queue.send(name, [{ body: 1 }, { body: 2 }]);
    await using next = await crash();
    const more = await next.send(name, [{ body: 3 }]);
    assert.equal(new Set([...ids, ...more]).size, 3);
    const { seen } = await observe(next, name);
    await until(harness, 'three deliveries', () => seen.length === 3);
    assert.deepEqual(
      seen.map(({ body }) => body),
      [1, 2, 3],
    );
  }),
  {
    name: 'buries a message that ends the process of everyone who takes it',
    async run(harness) {
      if (harness.crash === undefined) return;
      let queue = await harness.create();
      const [id] = await queue.send(name, [{ body: 'poison' }]);
      const attempts: number[] = [];
      for (let round = 0; round < 2; round += 1) {
        const { seen } = await observe(queue, name, () => never, { leaseMs, maxDeliveries: 2 });
        await until(harness, `delivery ${round + 1}`, () => seen.length === 1);
        attempts.push(seen[0]?.attempt ?? 0);
        queue = await harness.crash(queue);
      }
      await using last = queue;
      const { seen } = await observe(last, name, undefined, { leaseMs, maxDeliveries: 2 });
      await untilStats(harness, last, name, { dead: 1, ready: 0, active: 0, delayed: 0 });
      assert.deepEqual([attempts, seen.length], [[1, 2], 0]);
      const { items } = await last.deadLetters.list(name);
      assert.deepEqual([items[0]?.id, items[0]?.attempts], [id, 2]);
      assert.equal(await last.deadLetters.redrive(name), 1);
      await until(harness, 'the redriven one', () => seen.length === 1);
      assert.equal(seen[0]?.attempt, 1, 'the counters start anew, those of crashes too');
      await untilEmpty(harness, last, name);
    },
  },
];

type CrashRun = (
  harness: MessageQueueHarness,
  queue: MessageQueue,
  crash: () => Promise<MessageQueue>,
) => Promise<void>;

function crashCase(title: string, run: CrashRun): ConformanceCase<MessageQueueHarness> {
  return {
    name: title,
    async run(harness) {
      const { crash } = harness;
      if (crash === undefined) return;
      const queue = await harness.create();
      await run(harness, queue, () => crash.call(harness, queue));
    },
  };
}
