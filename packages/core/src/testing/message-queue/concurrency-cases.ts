import assert from 'node:assert/strict';
import type { MessageQueue } from '../../ports/message-queue.js';
import type { ConformanceCase } from '../conformance-case.js';
import type { MessageQueueHarness } from './harness.js';
import { gate, observe, until, untilEmpty, untilStats } from './observed-queue.js';

const name = 'orders';

/** How many deliveries run at once, and who gets them. */
export const concurrencyCases: readonly ConformanceCase<MessageQueueHarness>[] = [
  {
    name: 'never runs more deliveries at once than concurrency, and uses all of it',
    async run(harness) {
      await using queue = await harness.create();
      let running = 0;
      let most = 0;
      const { seen } = await observe(
        queue,
        name,
        async () => {
          running += 1;
          most = Math.max(most, running);
          await harness.elapse(5);
          running -= 1;
        },
        { concurrency: 7 },
      );
      await queue.send(
        name,
        Array.from({ length: 60 }, (_, body) => ({ body })),
      );
      await until(harness, 'all deliveries', () => seen.length === 60);
      await untilEmpty(harness, queue, name);
      assert.equal(most, 7);
    },
  },
  {
    name: 'handles one at a time by default',
    async run(harness) {
      await using queue = await harness.create();
      const hold = gate();
      const { seen } = await observe(queue, name, () => hold.opened);
      await queue.send(name, [{ body: 1 }, { body: 2 }]);
      await untilStats(harness, queue, name, { ready: 1, active: 1 });
      await harness.elapse(50);
      assert.equal(seen.length, 1);
      hold.open();
      await untilEmpty(harness, queue, name);
    },
  },
  {
    name: 'shares the messages of a queue between its consumers',
    async run(harness) {
      await using queue = await harness.create();
      const hold = gate();
      const consumers = await Promise.all([1, 2, 3].map(() => observe(queue, name, () => hold.opened)));
      await queue.send(
        name,
        Array.from({ length: 6 }, (_, body) => ({ body })),
      );
      await untilStats(harness, queue, name, { active: 3, ready: 3 });
      hold.open();
      await untilEmpty(harness, queue, name);
      const bodies = consumers.flatMap(({ seen }) => seen.map(({ body }) => body as number));
      assert.equal(bodies.length, 6);
      assert.deepEqual(new Set(bodies), new Set([0, 1, 2, 3, 4, 5]));
      assert.ok(consumers.every(({ seen }) => seen.length >= 1));
    },
  },
  {
    name: 'acknowledges 10 000 messages exactly once each',
    async run(harness) {
      await using queue = await harness.create();
      const times = new Map<unknown, number>();
      let running = 0;
      let most = 0;
      await queue.consume(
        name,
        async ({ body }) => {
          running += 1;
          most = Math.max(most, running);
          await Promise.resolve();
          times.set(body, (times.get(body) ?? 0) + 1);
          running -= 1;
        },
        { concurrency: 50 },
      );
      await sendMany(queue, 10_000);
      await until(harness, '10 000 deliveries', () => times.size === 10_000);
      await untilEmpty(harness, queue, name);
      assert.ok(
        [...times.values()].every((count) => count === 1),
        'a message was delivered twice',
      );
      assert.ok(most <= 50, `${most} at once`);
    },
  },
];

async function sendMany(queue: MessageQueue, count: number): Promise<void> {
  const batch = 500;
  for (let start = 0; start < count; start += batch) {
    await queue.send(
      name,
      Array.from({ length: batch }, (_, index) => ({ body: start + index })),
    );
  }
}
