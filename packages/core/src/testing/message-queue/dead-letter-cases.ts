import assert from 'node:assert/strict';
import type { DeadLetter, MessageQueue, OutgoingMessage } from '../../ports/message-queue.js';
import type { ConformanceCase } from '../conformance-case.js';
import type { MessageQueueHarness } from './harness.js';
import { observe, until, untilEmpty, untilStats } from './observed-queue.js';

const name = 'orders';

/** Seeing and mending dead letters. */
export const deadLetterCases: readonly ConformanceCase<MessageQueueHarness>[] = [
  {
    name: 'has no dead letters where nothing failed',
    async run(harness) {
      await using queue = await harness.create();
      assert.deepEqual(await queue.deadLetters.list('never-used'), { items: [] });
      assert.deepEqual(await queue.deadLetters.groups('never-used'), []);
      assert.equal(await queue.deadLetters.redrive('never-used'), 0);
      assert.equal(await queue.deadLetters.discard('never-used'), 0);
    },
  },
  {
    name: 'lists dead letters oldest first, with everything that is known of them',
    async run(harness) {
      await using queue = await harness.create();
      const ids = await bury(harness, queue, [{ body: { n: 1 } }, { body: 'two' }, { body: null }]);
      const { items, cursor } = await queue.deadLetters.list(name);
      assert.equal(cursor, undefined);
      assert.deepEqual(
        items.map(({ id }) => id),
        ids,
      );
      assert.deepEqual(
        items.map(({ body }) => body),
        [{ n: 1 }, 'two', null],
      );
      for (const { reason, fingerprint, attempts, sentAt, diedAt } of items) {
        assert.deepEqual([reason, attempts], ['The order is broken.', 1]);
        assert.ok(typeof fingerprint === 'string' && fingerprint !== '');
        assert.ok(diedAt >= sentAt, `died at ${diedAt}, sent at ${sentAt}`);
      }
    },
  },
  {
    name: 'pages through dead letters, also while some are taken out',
    async run(harness) {
      await using queue = await harness.create();
      const ids = await bury(
        harness,
        queue,
        Array.from({ length: 7 }, (_, body) => ({ body })),
      );
      const first = await queue.deadLetters.list(name, { limit: 3 });
      assert.deepEqual(
        first.items.map(({ id }) => id),
        ids.slice(0, 3),
      );
      assert.equal(
        await queue.deadLetters.discard(name, {
          ids: [ids[0] as string, ids[2] as string, ids[3] as string],
        }),
        3,
      );
      const second = await queue.deadLetters.list(name, { limit: 2, cursor: first.cursor });
      assert.deepEqual(
        second.items.map(({ id }) => id),
        ids.slice(4, 6),
      );
      const third = await queue.deadLetters.list(name, { limit: 2, cursor: second.cursor });
      assert.deepEqual(
        third.items.map(({ id }) => id),
        ids.slice(6),
      );
      assert.equal(third.cursor, undefined);
    },
  },
  {
    name: 'leaves the cursor out when the page is the last one, also when it is full',
    async run(harness) {
      await using queue = await harness.create();
      await bury(harness, queue, [{ body: 1 }, { body: 2 }]);
      assert.equal((await queue.deadLetters.list(name, { limit: 2 })).cursor, undefined);
      assert.notEqual((await queue.deadLetters.list(name, { limit: 1 })).cursor, undefined);
    },
  },
  {
    name: 'lists, redrives and discards by ids and by fingerprint',
    async run(harness) {
      await using queue = await harness.create();
      const [a, b, c, d] = (await bury(
        harness,
        queue,
        [{ body: 'timeout' }, { body: 'timeout' }, { body: 'refused' }, { body: 'refused' }],
        ({ body }) => String(body),
      )) as [string, string, string, string];
      const { items } = await queue.deadLetters.list(name, { ids: [d, a, 'unknown', a] });
      assert.deepEqual(
        items.map(({ id }) => id),
        [a, d],
        'oldest first, each once',
      );
      const fingerprint = items[0]?.fingerprint as string;
      assert.deepEqual(idsOf((await queue.deadLetters.list(name, { fingerprint })).items), [a, b]);
      assert.deepEqual(idsOf((await queue.deadLetters.list(name, { fingerprint, ids: [b, c] })).items), [b]);
      assert.deepEqual((await queue.deadLetters.list(name, { ids: [] })).items, []);
      assert.deepEqual((await queue.deadLetters.list(name, { fingerprint: 'none' })).items, []);
      await queue.pause(name);
      assert.equal(await queue.deadLetters.redrive(name, { fingerprint, ids: [b, c] }), 1);
      assert.equal(await queue.deadLetters.discard(name, { ids: [c, 'unknown'] }), 1);
      assert.deepEqual(idsOf((await queue.deadLetters.list(name)).items), [a, d]);
      assert.equal(await queue.deadLetters.discard(name, { ids: [] }), 0);
      assert.equal(await queue.deadLetters.discard(name, { fingerprint }), 1);
      assert.equal(await queue.deadLetters.redrive(name), 1);
      await untilStats(harness, queue, name, { dead: 0, ready: 2 });
    },
  },
  {
    name: 'finds what a filter lets through on later pages',
    async run(harness) {
      await using queue = await harness.create();
      const bodies = Array.from({ length: 30 }, (_, index) => (index % 10 === 9 ? 'rare' : 'common'));
      await bury(
        harness,
        queue,
        bodies.map((body) => ({ body })),
        ({ body }) => String(body),
      );
      const rare = (await queue.deadLetters.groups(name)).find(({ reason }) => reason === 'rare');
      assert.equal(rare?.count, 3);
      const first = await queue.deadLetters.list(name, { fingerprint: rare.fingerprint, limit: 2 });
      assert.equal(first.items.length, 2);
      const second = await queue.deadLetters.list(name, {
        fingerprint: rare.fingerprint,
        limit: 2,
        cursor: first.cursor,
      });
      assert.deepEqual([second.items.length, second.cursor], [1, undefined]);
    },
  },
  {
    name: 'groups failures of one kind, whatever ids, numbers and quoted values they carry',
    async run(harness) {
      await using queue = await harness.create();
      const reasons = [
        'Order 17 of "acme" timed out after 3000 ms',
        'Connection refused',
        'Order 9 of "ümläut & co" timed out after 12.5 ms',
        'Order 3 of "x" timed out after 1 ms',
        'Connection refused',
        'Something else',
      ];
      await bury(
        harness,
        queue,
        reasons.map((body) => ({ body })),
        ({ body }) => String(body),
      );
      const groups = await queue.deadLetters.groups(name);
      assert.deepEqual(
        groups.map(({ count }) => count),
        [3, 2, 1],
      );
      assert.deepEqual(
        groups.map(({ reason }) => reason),
        [reasons[3], reasons[4], reasons[5]],
      );
      assert.equal(new Set(groups.map(({ fingerprint }) => fingerprint)).size, 3);
      assert.ok(groups.every(({ oldestAt, newestAt }) => oldestAt <= newestAt));
      const { items } = await queue.deadLetters.list(name, { fingerprint: groups[0]?.fingerprint });
      assert.equal(items.length, 3);
    },
  },
  {
    name: 'delivers a redriven message as new: attempts from 1, and maxDeliveries again',
    async run(harness) {
      await using queue = await harness.create();
      let broken = true;
      const { seen } = await observe(
        queue,
        name,
        () => {
          if (broken) throw new Error('broken');
        },
        { maxDeliveries: 2, retryDelayMs: 10 },
      );
      const [id] = await queue.send(name, [{ body: 1 }]);
      await untilStats(harness, queue, name, { dead: 1 });
      assert.equal(await queue.deadLetters.redrive(name), 1);
      await until(harness, 'four deliveries', () => seen.length === 4);
      await untilStats(harness, queue, name, { dead: 1, ready: 0, delayed: 0, active: 0 });
      assert.deepEqual(
        seen.map(({ attempt }) => attempt),
        [1, 2, 1, 2],
      );
      assert.equal((await queue.deadLetters.list(name)).items[0]?.attempts, 2);
      broken = false;
      assert.equal(await queue.deadLetters.redrive(name, { ids: [id as string] }), 1);
      await until(harness, 'the last delivery', () => seen.length === 5);
      await untilEmpty(harness, queue, name);
      assert.ok(seen.every((one) => one.id === id && one.sentAt === seen[0]?.sentAt));
    },
  },
  {
    name: 'lets a redriven message keep its priority and its dedupe id',
    async run(harness) {
      await using queue = await harness.create();
      const [id] = await bury(harness, queue, [
        { body: 'important', priority: 70, dedupeId: 'one' },
        { body: 'normal' },
      ]);
      assert.deepEqual(
        await queue.send(name, [{ body: 'again', dedupeId: 'one' }]),
        [id],
        'known while it is dead',
      );
      await queue.pause(name);
      await queue.send(name, [{ body: 'before', priority: 69 }]);
      assert.equal(await queue.deadLetters.redrive(name), 2);
      await queue.send(name, [{ body: 'first', priority: 71 }]);
      await untilStats(harness, queue, name, { ready: 4, dead: 0 });
      assert.deepEqual(await queue.send(name, [{ body: 'again', dedupeId: 'one' }]), [id]);
      const { seen } = await observe(queue, name);
      await queue.resume(name);
      await until(harness, 'all deliveries', () => seen.length === 4);
      assert.deepEqual(
        seen.map(({ body }) => body),
        ['first', 'important', 'before', 'normal'],
      );
    },
  },
  {
    name: 'redrives at a rate, oldest first',
    async run(harness) {
      await using queue = await harness.create();
      await bury(
        harness,
        queue,
        [1, 2, 3, 4].map((body) => ({ body })),
      );
      const { seen } = await observe(queue, name, undefined, { concurrency: 4 });
      assert.equal(await queue.deadLetters.redrive(name, { perSecond: 2 }), 4);
      await until(harness, 'the first', () => seen.length === 1);
      await untilStats(harness, queue, name, { delayed: 3, dead: 0, ready: 0 });
      await harness.elapse(600);
      assert.ok(seen.length < 4, 'all came within 600 ms');
      await until(harness, 'all', () => seen.length === 4);
      assert.deepEqual(
        seen.map(({ body }) => body),
        [1, 2, 3, 4],
      );
      await untilEmpty(harness, queue, name);
    },
  },
  {
    name: 'discards for good',
    async run(harness) {
      await using queue = await harness.create();
      await bury(harness, queue, [{ body: 1 }, { body: 2, dedupeId: 'one' }]);
      assert.equal(await queue.deadLetters.discard(name), 2);
      await untilEmpty(harness, queue, name);
      assert.equal(await queue.deadLetters.redrive(name), 0);
      await queue.send(name, [{ body: 3, dedupeId: 'one' }]);
      await untilEmpty(harness, queue, name);
    },
  },
  {
    name: 'redrives and discards more dead letters than fit on a page',
    async run(harness) {
      await using queue = await harness.create();
      const count = 1_200;
      await bury(
        harness,
        queue,
        Array.from({ length: count }, (_, body) => ({ body })),
        undefined,
        100,
      );
      assert.equal((await queue.deadLetters.list(name)).items.length, 100);
      assert.equal((await queue.deadLetters.list(name, { limit: 1_000 })).items.length, 1_000);
      await queue.pause(name);
      assert.equal(await queue.deadLetters.redrive(name), count);
      await untilStats(harness, queue, name, { ready: count, dead: 0 });
      await queue.resume(name);
      const { consumer } = await observe(queue, name, () => ({ kind: 'dead-letter', reason: 'again' }), {
        concurrency: 100,
      });
      await untilStats(harness, queue, name, { dead: count });
      await consumer.close();
      assert.equal(await queue.deadLetters.discard(name), count);
      await untilEmpty(harness, queue, name);
    },
  },
];

/** Makes dead letters of messages, in order. */
async function bury(
  harness: MessageQueueHarness,
  queue: MessageQueue,
  messages: readonly OutgoingMessage[],
  reasonOf: (delivery: { readonly body: unknown }) => string = () => 'The order is broken.',
  concurrency = 1,
): Promise<readonly string[]> {
  const ids: string[] = [];
  const { consumer } = await observe(
    queue,
    name,
    (delivery) => ({ kind: 'dead-letter', reason: reasonOf(delivery) }),
    { concurrency },
  );
  if (concurrency > 1) ids.push(...(await queue.send(name, messages)));
  else {
    for (const [index, message] of messages.entries()) {
      ids.push(...(await queue.send(name, [message])));
      await untilStats(harness, queue, name, { dead: index + 1 });
    }
  }
  await untilStats(harness, queue, name, { dead: messages.length, active: 0 });
  let closed = false;
  void consumer.close().then(() => {
    closed = true;
  });
  await until(harness, 'the consumer to close', () => closed);
  return ids;
}

function idsOf(items: readonly DeadLetter[]): readonly string[] {
  return items.map(({ id }) => id);
}
