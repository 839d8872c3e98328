import assert from 'node:assert/strict';
import type { JsonValue } from '../../message/json.js';
import type { MessageQueue } from '../../ports/message-queue.js';
import type { ConformanceCase } from '../conformance-case.js';
import type { MessageQueueHarness } from './harness.js';
import { assertRejects, gate, observe, sendInOrder, until, untilEmpty, untilStats } from './observed-queue.js';

const name = 'orders';

/** What a message goes through when nothing goes wrong: order, priority, delay, dedupe, bodies, concurrency. */
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
      if (!harness.movesClock) assert.ok(Math.abs(sentAt - before) < 60_000, `sentAt is ${sentAt - before} ms off`);
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
      assert.deepEqual(left.seen.map(({ body }) => body), ['l']);
      assert.equal((await queue.stats('right')).ready, 1);
    },
  },
  {
    name: 'delivers the oldest first within one priority',
    async run(harness) {
      await using queue = await harness.create();
      const bodies = Array.from({ length: 40 }, (_, index) => index);
      await sendInOrder(queue, name, bodies.slice(0, 20));
      await queue.send(name, bodies.slice(20).map((body) => ({ body })));
      const { seen } = await observe(queue, name);
      await until(harness, 'all deliveries', () => seen.length === bodies.length);
      assert.deepEqual(seen.map(({ body }) => body), bodies);
    },
  },
  {
    name: 'delivers the higher priority first, 100 before 1 before the default',
    async run(harness) {
      await using queue = await harness.create();
      const priorities = [0, 5, 100, undefined, 1, 5, 99, 0];
      for (const [index, priority] of priorities.entries()) await queue.send(name, [{ body: index, priority }]);
      const { seen } = await observe(queue, name);
      await until(harness, 'all deliveries', () => seen.length === priorities.length);
      assert.deepEqual(seen.map(({ body }) => body), [2, 6, 1, 5, 4, 0, 3, 7]);
    },
  },
  {
    name: 'delays a message, and not the ones behind it',
    async run(harness) {
      await using queue = await harness.create();
      const { seen } = await observe(queue, name);
      await queue.send(name, [{ body: 'late', delayMs: 400 }, { body: 'now' }]);
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
      await queue.send(name, [{ body: 'late', delayMs: 500 }]);
      await harness.elapse(250);
      assert.equal(seen.length, 0);
      await harness.elapse(300);
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
      assert.deepEqual(seen.map(({ body }) => body), ['first', 'second', 'third']);
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
      assert.deepEqual(seen.map(({ body }) => body), ['urgent', 'a', 'b']);
    },
  },
  {
    name: 'stores a dedupe id once, and returns the first id again',
    async run(harness) {
      await using queue = await harness.create();
      const [first, other] = await queue.send(name, [{ body: 1, dedupeId: 'invoice:7' }, { body: 2, dedupeId: 'invoice:8' }]);
      const again = await queue.send(name, [
        { body: 3, dedupeId: 'invoice:7', priority: 9 },
        { body: 4 },
        { body: 5, dedupeId: 'invoice:8', delayMs: 10 },
      ]);
      assert.deepEqual([again[0], again[2]], [first, other]);
      const twice = await queue.send(name, [{ body: 6, dedupeId: 'x' }, { body: 7, dedupeId: 'x' }]);
      assert.equal(twice[0], twice[1]);
      const elsewhere = await queue.send('elsewhere', [{ body: 8, dedupeId: 'invoice:7' }]);
      assert.equal((await queue.stats('elsewhere')).ready, 1, `stored as ${elsewhere[0]}`);
      const { seen } = await observe(queue, name);
      await until(harness, 'four deliveries', () => seen.length === 4);
      await untilEmpty(harness, queue, name);
      assert.deepEqual(seen.map(({ body }) => body), [1, 2, 4, 6]);
    },
  },
  {
    name: 'knows a dedupe id while its message is delayed, running and after it was acknowledged',
    async run(harness) {
      await using queue = await harness.create();
      const send = (): Promise<readonly string[]> => queue.send(name, [{ body: 1, dedupeId: 'once', delayMs: 50 }]);
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
      assert.deepEqual(await queue.send(name, [{ body: 3, dedupeId: 'once' }]), [first], 'still in the queue');
      const { seen } = await observe(queue, name);
      await queue.resume(name);
      await untilEmpty(harness, queue, name);
      const [second] = await queue.send(name, [{ body: 4, dedupeId: 'once' }]);
      assert.notEqual(second, first);
      await until(harness, 'the second message', () => seen.length === 2);
      assert.deepEqual(seen.map(({ body }) => body), [1, 4]);
    },
  },
  {
    name: 'stores all messages of a batch or none',
    async run(harness) {
      await using queue = await harness.create();
      const good = { body: 'good', dedupeId: 'kept?' };
      await assertRejects(() => queue.send(name, [good, { body: 1n as never }]), 'LOOM_NOT_SERIALISABLE', 'a BigInt');
      await assertRejects(() => queue.send(name, [good, { body: 1, priority: 101 }]), 'LOOM_INVALID_OPTION', 'priority 101');
      await assertRejects(() => queue.send(name, [good, { body: 1, delayMs: -1 }]), 'LOOM_INVALID_OPTION', 'delayMs -1');
      await untilEmpty(harness, queue, name);
      await queue.send(name, [good]);
      assert.equal((await queue.stats(name)).ready, 1, 'the dedupe id of a refused batch is not known');
    },
  },
  {
    name: 'carries any JSON value unchanged',
    async run(harness) {
      await using queue = await harness.create();
      const bodies: readonly JsonValue[] = [
        null, true, false, 0, -0.5, 1e300, 2 ** 53 - 1, '', ' ', [], {}, [[]], [null], { '': { ' ': [] } },
        'ümläut 漢字 🧵 \u0000 \u2028 \u2029 " \\ \n \r \t', '\ud800 a lone surrogate', JSON.parse('{"__proto__":{"a":1},"constructor":2}') as JsonValue,
        Array.from({ length: 60 }).reduce<JsonValue>((inner) => ({ inner }), 'deep'),
      ];
      await queue.send(name, bodies.map((body) => ({ body })));
      const { seen } = await observe(queue, name);
      await until(harness, 'all bodies', () => seen.length === bodies.length);
      assert.deepEqual(seen.map(({ body }) => JSON.stringify(body)), bodies.map((body) => JSON.stringify(body)));
    },
  },
  {
    name: 'carries a body of a megabyte',
    async run(harness) {
      await using queue = await harness.create();
      const body = { text: '漢x'.repeat(250_000), list: Array.from({ length: 10_000 }, (_, index) => index) };
      await queue.send(name, [{ body }]);
      const { seen } = await observe(queue, name);
      await until(harness, 'the delivery', () => seen.length === 1);
      assert.deepEqual(seen[0]?.body, body);
    },
  },
  {
    name: 'keeps a body as it was when it was sent, whatever the sender does to it',
    async run(harness) {
      await using queue = await harness.create();
      const body = { steps: ['one'] };
      const sending = queue.send(name, [{ body }]);
      body.steps.push('changed while sending');
      await sending;
      body.steps.push('changed later');
      const { seen } = await observe(queue, name);
      await until(harness, 'the delivery', () => seen.length === 1);
      assert.deepEqual(seen[0]?.body, { steps: ['one'] });
    },
  },
  {
    name: 'delivers the original body again, whatever the handler did to it',
    async run(harness) {
      await using queue = await harness.create();
      const bodies: string[] = [];
      await observe(queue, name, (delivery) => {
        bodies.push(JSON.stringify(delivery.body));
        (delivery.body as { n: number }).n = 99;
        return delivery.attempt === 1 ? { kind: 'retry' } : undefined;
      });
      await queue.send(name, [{ body: { n: 1 } }]);
      await until(harness, 'two deliveries', () => bodies.length === 2);
      assert.deepEqual(bodies, ['{"n":1}', '{"n":1}']);
    },
  },
  {
    name: 'refuses bodies that are not JSON, and stores nothing of them',
    async run(harness) {
      await using queue = await harness.create();
      const cycle: Record<string, unknown> = {};
      cycle['self'] = cycle;
      const bodies: readonly unknown[] = [1n, () => 1, Symbol('s'), Number.NaN, Infinity, cycle, { deep: [{ big: 1n }] }, new Map()];
      for (const body of bodies) {
        await assertRejects(() => queue.send(name, [{ body: body as never }]), 'LOOM_NOT_SERIALISABLE', typeof body);
      }
      await untilEmpty(harness, queue, name);
    },
  },
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
      await queue.send(name, Array.from({ length: 60 }, (_, body) => ({ body })));
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
      await queue.send(name, Array.from({ length: 6 }, (_, body) => ({ body })));
      await untilStats(harness, queue, name, { active: 3, ready: 3 });
      hold.open();
      await untilEmpty(harness, queue, name);
      const bodies = consumers.flatMap(({ seen }) => seen.map(({ body }) => body as number));
      assert.deepEqual(bodies.toSorted(), [0, 1, 2, 3, 4, 5]);
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
      assert.ok([...times.values()].every((count) => count === 1), 'a message was delivered twice');
      assert.ok(most <= 50, `${most} at once`);
    },
  },
];

async function sendMany(queue: MessageQueue, count: number): Promise<void> {
  const batch = 500;
  for (let start = 0; start < count; start += batch) {
    await queue.send(name, Array.from({ length: batch }, (_, index) => ({ body: start + index })));
  }
}
