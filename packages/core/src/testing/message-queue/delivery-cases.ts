import assert from 'node:assert/strict';
import type { ConformanceCase } from '../conformance-case.js';
import type { MessageQueueHarness } from './harness.js';
import {
  assertRejects,
  gate,
  observe,
  sendInOrder,
  until,
  untilEmpty,
  untilStats,
} from './observed-queue.js';

const name = 'orders';

/** What a message goes through when nothing goes wrong: order, priority, delay, dedupe. */
export const deliveryCases: readonly ConformanceCase<MessageQueueHarness>[] = [
  {
    name: 'delivers what was sent, and an acknowledged message is gone',
    async run(harness) {
      await using queue = await harness.create();
      const before = Date.now();
      const [id] = await queue.send(name, [{ body: { order: 7, lines: ['a', 'b'] } }]);
      const { seen } = await observe(queue, name);
      await until(harness, 'one delivery', () => seen.length === 1);
      await untilEmpty(harness, queue, name);
      const [delivery] = seen;
      assert.ok(delivery);
      const { sentAt, ...rest } = delivery;
      assert.deepEqual(rest, { id, queue: name, body: { order: 7, lines: ['a', 'b'] }, attempt: 1 });
      assert.ok(Number.isFinite(sentAt), 'sentAt is a number');
      if (!harness.movesClock)
        assert.ok(Math.abs(sentAt - before) < 60_000, `sentAt is ${sentAt - before} ms off`);
      await harness.elapse(100);
      assert.equal(seen.length, 1);
    },
  },
  {
    name: 'delivers to a consumer that was there before the message',
    async run(harness) {
      await using queue = await harness.create();
      const { seen } = await observe(queue, name);
      await harness.elapse(50);
      await queue.send(name, [{ body: 1 }]);
      await until(harness, 'the delivery', () => seen.length === 1);
      await untilEmpty(harness, queue, name);
    },
  },
  {
    name: 'gives every message an id of its own, in order, and none for no message',
    async run(harness) {
      await using queue = await harness.create();
      const ids = await queue.send(name, [{ body: 'a' }, { body: 'b' }, { body: 'c' }]);
      assert.equal(new Set(ids).size, 3);
      assert.ok(ids.every((id) => typeof id === 'string' && id !== ''));
      assert.deepEqual(await queue.send(name, []), []);
      const { seen } = await observe(queue, name);
      await until(harness, 'three deliveries', () => seen.length === 3);
      const byBody = new Map(seen.map(({ id, body }) => [body, id]));
      assert.deepEqual([byBody.get('a'), byBody.get('b'), byBody.get('c')], ids);
    },
  },
  {
    name: 'keeps queues apart',
    async run(harness) {
      await using queue = await harness.create();
      await queue.send('left', [{ body: 'l' }]);
      await queue.send('right', [{ body: 'r' }]);
      const left = await observe(queue, 'left');
      await until(harness, 'the delivery', () => left.seen.length === 1);
      await harness.elapse(50);
      assert.deepEqual(
        left.seen.map(({ body }) => body),
        ['l'],
      );
      assert.equal((await queue.stats('right')).ready, 1);
    },
  },
  {
    name: 'delivers the oldest first within one priority',
    async run(harness) {
      await using queue = await harness.create();
      const bodies = Array.from({ length: 40 }, (_, index) => index);
      await sendInOrder(queue, name, bodies.slice(0, 20));
      await queue.send(
        name,
        bodies.slice(20).map((body) => ({ body })),
      );
      const { seen } = await observe(queue, name);
      await until(harness, 'all deliveries', () => seen.length === bodies.length);
      assert.deepEqual(
        seen.map(({ body }) => body),
        bodies,
      );
    },
  },
  {
    name: 'delivers the higher priority first, 100 before 1 before the default',
    async run(harness) {
      await using queue = await harness.create();
      const priorities = [0, 5, 100, undefined, 1, 5, 99, 0];
      for (const [index, priority] of priorities.entries())
        await queue.send(name, [{ body: index, priority }]);
      const { seen } = await observe(queue, name);
      await until(harness, 'all deliveries', () => seen.length === priorities.length);
      assert.deepEqual(
        seen.map(({ body }) => body),
        [2, 6, 1, 5, 4, 0, 3, 7],
      );
    },
  },
  {
    name: 'delays a message, and not the ones behind it',
    async run(harness) {
      await using queue = await harness.create();
      const { seen } = await observe(queue, name);
      await queue.send(name, [{ body: 'late', delayMs: 1_000 }, { body: 'now' }]);
      await until(harness, 'the one without a delay', () => seen.length === 1);
      assert.equal(seen[0]?.body, 'now');
      await untilStats(harness, queue, name, { ready: 0, delayed: 1, active: 0 });
      await until(harness, 'the delayed one', () => seen.length === 2);
      assert.equal(seen[1]?.body, 'late');
      assert.equal(seen[1]?.attempt, 1);
      await untilEmpty(harness, queue, name);
    },
  },
  {
    name: 'does not deliver before the delay is over',
    async run(harness) {
      await using queue = await harness.create();
      const { seen } = await observe(queue, name);
      await queue.send(name, [{ body: 'late', delayMs: 1_000 }]);
      await harness.elapse(300);
      assert.equal(seen.length, 0);
      await harness.elapse(750);
      await until(harness, 'the delayed one', () => seen.length === 1);
    },
  },
  {
    name: 'delivers several delayed messages when each is due, also when a later one was sent first',
    async run(harness) {
      await using queue = await harness.create();
      const { seen } = await observe(queue, name);
      await queue.send(name, [
        { body: 'third', delayMs: 450 },
        { body: 'first', delayMs: 50 },
        { body: 'second', delayMs: 250 },
      ]);
      await until(harness, 'all deliveries', () => seen.length === 3);
      assert.deepEqual(
        seen.map(({ body }) => body),
        ['first', 'second', 'third'],
      );
    },
  },
  {
    name: 'lets a delayed message keep its priority',
    async run(harness) {
      await using queue = await harness.create();
      await queue.send(name, [{ body: 'urgent', delayMs: 50, priority: 50 }, { body: 'a' }, { body: 'b' }]);
      await harness.elapse(100);
      const { seen } = await observe(queue, name);
      await until(harness, 'all deliveries', () => seen.length === 3);
      assert.deepEqual(
        seen.map(({ body }) => body),
        ['urgent', 'a', 'b'],
      );
    },
  },
  {
    name: 'stores a dedupe id once, and returns the first id again',
    async run(harness) {
      await using queue = await harness.create();
      const [first, other] = await queue.send(name, [
        { body: 1, dedupeId: 'invoice:7' },
        { body: 2, dedupeId: 'invoice:8' },
      ]);
      const again = await queue.send(name, [
        { body: 3, dedupeId: 'invoice:7', priority: 9 },
        { body: 4 },
        { body: 5, dedupeId: 'invoice:8', delayMs: 10 },
      ]);
      assert.deepEqual([again[0], again[2]], [first, other]);
      const twice = await queue.send(name, [
        { body: 6, dedupeId: 'x' },
        { body: 7, dedupeId: 'x' },
      ]);
      assert.equal(twice[0], twice[1]);
      const elsewhere = await queue.send('elsewhere', [{ body: 8, dedupeId: 'invoice:7' }]);
      assert.equal((await queue.stats('elsewhere')).ready, 1, `stored as ${elsewhere[0]}`);
      const { seen } = await observe(queue, name);
      await until(harness, 'four deliveries', () => seen.length === 4);
      await untilEmpty(harness, queue, name);
      assert.deepEqual(
        seen.map(({ body }) => body),
        [1, 2, 4, 6],
      );
    },
  },
  {
    name: 'knows a dedupe id while its message is delayed, running and after it was acknowledged',
    async run(harness) {
      await using queue = await harness.create();
      const send = (): Promise<readonly string[]> =>
        queue.send(name, [{ body: 1, dedupeId: 'once', delayMs: 50 }]);
      const [first] = await send();
      assert.deepEqual(await send(), [first]);
      const hold = gate();
      const { seen } = await observe(queue, name, () => hold.opened);
      await until(harness, 'the delivery', () => seen.length === 1);
      assert.deepEqual(await send(), [first]);
      hold.open();
      await untilEmpty(harness, queue, name);
      assert.deepEqual(await send(), [first]);
      await harness.elapse(150);
      assert.equal(seen.length, 1);
    },
  },
  {
    name: 'forgets a dedupe id an hour after it was sent, once its message is gone',
    async run(harness) {
      if (!harness.movesClock) return;
      await using queue = await harness.create();
      await queue.pause(name);
      const [first] = await queue.send(name, [{ body: 1, dedupeId: 'once' }]);
      await harness.elapse(3_599_000);
      assert.deepEqual(await queue.send(name, [{ body: 2, dedupeId: 'once' }]), [first]);
      await harness.elapse(7_200_000);
      assert.deepEqual(
        await queue.send(name, [{ body: 3, dedupeId: 'once' }]),
        [first],
        'still in the queue',
      );
      const { seen } = await observe(queue, name);
      await queue.resume(name);
      await untilEmpty(harness, queue, name);
      const [second] = await queue.send(name, [{ body: 4, dedupeId: 'once' }]);
      assert.notEqual(second, first);
      await until(harness, 'the second message', () => seen.length === 2);
      assert.deepEqual(
        seen.map(({ body }) => body),
        [1, 4],
      );
    },
  },
  {
    name: 'stores all messages of a batch or none',
    async run(harness) {
      await using queue = await harness.create();
      const good = { body: 'good', dedupeId: 'kept?' };
      await assertRejects(
        () => queue.send(name, [good, { body: 1n as never }]),
        'LOOM_NOT_SERIALISABLE',
        'a BigInt',
      );
      await assertRejects(
        () => queue.send(name, [good, { body: 1, priority: 101 }]),
        'LOOM_INVALID_OPTION',
        'priority 101',
      );
      await assertRejects(
        () => queue.send(name, [good, { body: 1, delayMs: -1 }]),
        'LOOM_INVALID_OPTION',
        'delayMs -1',
      );
      await untilEmpty(harness, queue, name);
      await queue.send(name, [good]);
      assert.equal((await queue.stats(name)).ready, 1, 'the dedupe id of a refused batch is not known');
    },
  },
];
