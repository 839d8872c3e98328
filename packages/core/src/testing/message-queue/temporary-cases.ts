import assert from 'node:assert/strict';
import type { MessageQueue } from '../../ports/message-queue.js';
import { replyQueueName } from '../../worker/wire.js';
import type { ConformanceCase } from '../conformance-case.js';
import type { MessageQueueHarness } from './harness.js';
import { assertRejects, gate, observe, until, untilEmpty, untilStats } from './observed-queue.js';

const name = replyQueueName('01J9F');

/** Queues that end with their consumer. */
export const temporaryCases: readonly ConformanceCase<MessageQueueHarness>[] = [
  {
    name: 'delivers by a temporary queue as by any other',
    async run(harness) {
      await using queue = await harness.create();
      const hold = gate();
      const { seen } = await observe(
        queue,
        name,
        async ({ body, attempt }, sight) => {
          if (body === 'first') await hold.opened;
          if (body === 'retry' && attempt === 1) return { kind: 'retry' };
          const isFirst = sight.filter((one) => one.body === body).length === 1;
          return body === 'dead' && isFirst ? { kind: 'dead-letter', reason: 'dead' } : undefined;
        },
        { leaseMs: 60_000 },
      );
      await queue.send(name, [{ body: 'first' }]);
      await until(harness, 'the first', () => seen.length === 1);
      const ids = await queue.send(name, [
        { body: 'dead' },
        { body: 'retry', group: { key: 'a', concurrency: 1 } },
        { body: 'withdrawn' },
        { body: 'urgent', priority: 9, dedupeId: 'one' },
        { body: 'later', delayMs: 100 },
      ]);
      assert.deepEqual(await queue.send(name, [{ body: 'again', dedupeId: 'one' }]), [ids[3]]);
      assert.equal(await queue.withdraw(name, [ids[2] as string]), 1);
      hold.open();
      await untilStats(harness, queue, name, { dead: 1, ready: 0, delayed: 0, active: 0 });
      assert.equal(await queue.deadLetters.redrive(name), 1);
      await untilEmpty(harness, queue, name);
      assert.equal(seen.filter(({ body }) => body === 'urgent' || body === 'later').length, 2);
      assert.deepEqual(
        seen
          .filter(({ body }) => body === 'dead' || body === 'retry')
          .map(({ body, attempt }) => [body, attempt])
          .toSorted(),
        [
          ['dead', 1],
          ['dead', 1],
          ['retry', 1],
          ['retry', 2],
        ],
      );
      assert.equal(seen.length, 7);
    },
  },
  {
    name: 'removes what is left of a temporary queue with its consumer, and nothing of another',
    async run(harness) {
      await using queue = await harness.create();
      await queue.send('orders', [{ body: 1 }]);
      const hold = gate();
      const { consumer, seen } = await observe(queue, name, async ({ body }) => {
        if (body === 'dead') return { kind: 'dead-letter', reason: 'dead' };
        await hold.opened;
        return { kind: 'retry', delayMs: 3_600_000 };
      });
      await queue.send(name, [{ body: 'dead' }]);
      await untilStats(harness, queue, name, { dead: 1 });
      await queue.send(name, [
        { body: 'running' },
        { body: 'waiting' },
        { body: 'in a group', group: { key: 'a' } },
        { body: 'later', delayMs: 3_600_000 },
      ]);
      await until(harness, 'the running one', () => seen.length === 2);
      const closing = consumer.close();
      hold.open();
      await closing;
      await assertNothing(queue);
      assert.equal((await queue.stats('orders')).ready, 1);
    },
  },
  {
    name: 'takes what is sent to a temporary queue that has ended',
    async run(harness) {
      await using queue = await harness.create();
      const { consumer, seen } = await observe(queue, name);
      await consumer.close();
      const ids = await queue.send(name, [{ body: 1 }, { body: 2, dedupeId: 'one' }]);
      assert.equal(ids.length, 2);
      assert.ok(ids.every((id) => typeof id === 'string' && id !== ''));
      assert.deepEqual(seen, []);
    },
  },
  {
    name: 'refuses to pause a temporary queue',
    async run(harness) {
      await using queue = await harness.create();
      await assertRejects(() => queue.pause(name), 'LOOM_INVALID_OPTION', 'pausing');
      await assertRejects(() => queue.resume(name), 'LOOM_INVALID_OPTION', 'resuming');
    },
  },
];

async function assertNothing(queue: MessageQueue): Promise<void> {
  const zeros = { ready: 0, delayed: 0, active: 0, dead: 0, paused: false, oldestReadyAgeMs: null };
  assert.deepEqual(await queue.stats(name), zeros);
  assert.deepEqual((await queue.deadLetters.list(name)).items, []);
  assert.equal((await queue.group(name, 'a')).waiting, 0);
}
