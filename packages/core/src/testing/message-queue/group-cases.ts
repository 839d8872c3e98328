import assert from 'node:assert/strict';
import type { GroupStats, MessageGroup, OutgoingMessage } from '../../ports/message-queue.js';
import type { ConformanceCase } from '../conformance-case.js';
import type { MessageQueueHarness } from './harness.js';
import { assertRejects, gate, observe, until, untilEmpty, untilStats } from './observed-queue.js';

const name = 'orders';
const idle: GroupStats = { waiting: 0, active: 0, openAt: null };

/** Keys take turns, and none does more than its limits allow. */
export const groupCases: readonly ConformanceCase<MessageQueueHarness>[] = [
  {
    name: 'lets keys take turns, and those without a group as if they had one',
    async run(harness) {
      await using queue = await harness.create();
      await queue.send(name, of('noisy', 200));
      await queue.send(name, of('small', 5));
      await queue.send(name, of('other', 5));
      await queue.send(name, of(undefined, 20));
      const { seen } = await observe(queue, name);
      await until(harness, 'all deliveries', () => seen.length === 230);
      await untilEmpty(harness, queue, name);
      const keys = seen.map(({ body }) => keyOf(body));
      const all = ['noisy', 'none', 'other', 'small'];
      for (let round = 0; round < 5; round += 1) {
        assert.deepEqual(keys.slice(round * 4, round * 4 + 4).toSorted(), all, `round ${round}`);
      }
      for (let round = 0; round < 15; round += 1) {
        assert.deepEqual(
          keys.slice(20 + round * 2, 22 + round * 2).toSorted(),
          ['noisy', 'none'],
          'two left',
        );
      }
      for (const key of all) {
        const bodies = seen.map(({ body }) => String(body)).filter((body) => body.startsWith(key));
        assert.deepEqual(
          bodies,
          bodies.map((_, index) => `${key} ${index}`),
          'oldest first within a key',
        );
      }
    },
  },
  {
    name: 'delivers higher priorities first within a key, and not before the turn of their key',
    async run(harness) {
      await using queue = await harness.create();
      const group = { key: 'a' };
      await queue.send(name, [{ body: 'a 0', group }]);
      await queue.send(name, [{ body: 'b 100', group: { key: 'b' }, priority: 100 }]);
      await queue.send(name, [{ body: 'a 7', group, priority: 7 }]);
      await queue.send(name, [{ body: 'a 100', group, priority: 100 }]);
      await queue.send(name, [{ body: 'a 0 again', group }]);
      const { seen } = await observe(queue, name);
      await until(harness, 'all deliveries', () => seen.length === 5);
      assert.deepEqual(
        seen.map(({ body }) => body),
        ['a 100', 'b 100', 'a 7', 'a 0', 'a 0 again'],
      );
    },
  },
  {
    name: 'handles no more of a key at once than its concurrency, over all consumers, and uses all of it',
    async run(harness) {
      await using queue = await harness.create();
      const limits: Readonly<Record<string, number>> = { one: 1, three: 3, none: Infinity };
      const running: Record<string, number> = { one: 0, three: 0, none: 0 };
      const most: Record<string, number> = { one: 0, three: 0, none: 0 };
      const handle = async ({ body }: { readonly body: unknown }): Promise<void> => {
        const key = keyOf(body);
        running[key] = (running[key] ?? 0) + 1;
        most[key] = Math.max(most[key] ?? 0, running[key]);
        await harness.elapse(3);
        running[key] -= 1;
      };
      const consumers = [
        await observe(queue, name, handle, { concurrency: 4 }),
        await observe(queue, name, handle, { concurrency: 4 }),
      ];
      await queue.send(name, [
        ...of('one', 20, { concurrency: 1 }),
        ...of('three', 40, { concurrency: 3 }),
        ...of(undefined, 20),
      ]);
      await until(harness, 'all deliveries', () => count(consumers) === 80);
      await untilEmpty(harness, queue, name);
      for (const key of ['one', 'three']) assert.equal(most[key], limits[key], `at once of ${key}`);
      assert.deepEqual(await queue.group(name, 'three'), idle);
    },
  },
  {
    name: 'counts what limits hold back as ready, and says what a group is doing',
    async run(harness) {
      await using queue = await harness.create();
      assert.deepEqual(await queue.group(name, 'a'), idle);
      const hold = gate();
      const { seen } = await observe(queue, name, () => hold.opened, { concurrency: 10 });
      await queue.send(name, of('a', 5, { concurrency: 2 }));
      await untilStats(harness, queue, name, { active: 2, ready: 3, delayed: 0 });
      assert.deepEqual(await queue.group(name, 'a'), { waiting: 3, active: 2, openAt: null });
      assert.deepEqual(await queue.group(name, 'b'), idle);
      assert.deepEqual(await queue.group('elsewhere', 'a'), idle);
      await harness.elapse(60);
      assert.notEqual((await queue.stats(name)).oldestReadyAgeMs, null);
      assert.equal(seen.length, 2);
      hold.open();
      await untilEmpty(harness, queue, name);
      assert.deepEqual(await queue.group(name, 'a'), idle);
    },
  },
  {
    name: 'gives a place back once, however a delivery ends',
    async run(harness) {
      await using queue = await harness.create();
      let running = 0;
      let most = 0;
      const endings = ['ack', 'retry', 'later', 'release', 'reject', 'bury'];
      const { seen } = await observe(
        queue,
        name,
        async ({ body }, all) => {
          running += 1;
          most = Math.max(most, running);
          await harness.elapse(2);
          running -= 1;
          if (all.filter((one) => one.body === body).length > 1) return undefined;
          if (body === 'retry') return { kind: 'retry' };
          if (body === 'later') return { kind: 'retry', delayMs: 30 };
          if (body === 'release') return { kind: 'release' };
          if (body === 'reject') throw new Error('no');
          if (body === 'bury') return { kind: 'dead-letter', reason: 'enough' };
          return undefined;
        },
        { concurrency: 4, retryDelayMs: 20 },
      );
      const group = { key: 'a', concurrency: 1 };
      for (let round = 0; round < 3; round += 1) {
        await queue.send(
          name,
          endings.map((body) => ({ body, group })),
        );
      }
      await untilStats(harness, queue, name, { ready: 0, delayed: 0, active: 0, dead: 1 });
      assert.deepEqual(await queue.group(name, 'a'), idle);
      assert.deepEqual([seen.length, most], [endings.length * 3 + 4, 1]);
    },
  },
  {
    name: 'lets a retry wait without its place',
    async run(harness) {
      await using queue = await harness.create();
      const { seen } = await observe(
        queue,
        name,
        ({ body }) => (body === 'first' ? { kind: 'retry', delayMs: 3_600_000 } : undefined),
        { concurrency: 2 },
      );
      const group = { key: 'a', concurrency: 1 };
      await queue.send(name, [
        { body: 'first', group },
        { body: 'second', group },
      ]);
      await untilStats(harness, queue, name, { delayed: 1, ready: 0, active: 0 });
      assert.deepEqual(
        seen.map(({ body }) => body),
        ['first', 'second'],
      );
      assert.deepEqual(await queue.group(name, 'a'), idle);
    },
  },
  {
    name: 'begins no more than the rate allows, and says when it goes on',
    async run(harness) {
      await using queue = await harness.create();
      const { seen } = await observe(queue, name, undefined, { concurrency: 10 });
      await queue.send(name, of('a', 5, { rate: { limit: 3, perMs: 600_000 } }));
      await queue.send(name, of('b', 5, { rate: { limit: 100, perMs: 600_000 } }));
      await queue.send(name, of(undefined, 5));
      await untilStats(harness, queue, name, { ready: 2, active: 0 });
      await harness.elapse(100);
      assert.equal(seen.length, 13);
      const held = await queue.group(name, 'a');
      assert.deepEqual([held.waiting, held.active], [2, 0]);
      const left = (held.openAt ?? 0) - (seen[0]?.sentAt ?? 0);
      assert.ok(left >= 600_000 && left < 1_200_000, `it opens ${left} ms after its first message was sent`);
      assert.equal((await queue.group(name, 'b')).openAt, null);
    },
  },
  {
    name: 'delivers what a rate held back when its window opens',
    async run(harness) {
      await using queue = await harness.create();
      const { seen } = await observe(queue, name, undefined, { concurrency: 10 });
      await queue.send(name, of('a', 5, { rate: { limit: 2, perMs: 800 } }));
      await until(harness, 'all deliveries', () => seen.length === 5);
      await untilEmpty(harness, queue, name);
      assert.deepEqual(
        seen.map(({ body }) => body),
        [0, 1, 2, 3, 4].map((n) => `a ${n}`),
      );
    },
  },
  {
    name: 'delivers what a rate held back to a consumer that is free, while the one that took the last is busy',
    async run(harness) {
      await using queue = await harness.create();
      const hold = gate();
      // So long that nobody comes by for another reason.
      const options = { concurrency: 1, leaseMs: 600_000 };
      const consumers = [
        await observe(queue, name, () => hold.opened, options),
        await observe(queue, name, () => hold.opened, options),
      ];
      await harness.elapse(50);
      await queue.send(name, of('a', 2, { rate: { limit: 1, perMs: 500 } }));
      await until(harness, 'the second delivery', () => count(consumers) === 2);
      hold.open();
      await untilEmpty(harness, queue, name);
    },
  },
  {
    name: 'counts any window of the rate, not only those of a clock',
    async run(harness) {
      if (!harness.movesClock) return;
      await using queue = await harness.create();
      let now = 0;
      const begun: number[] = [];
      await observe(queue, name, () => void begun.push(now), { concurrency: 10 });
      const pass = async (ms: number): Promise<void> => {
        for (let step = 0; step < ms; step += 10) {
          await harness.elapse(10);
          now += 10;
        }
      };
      for (let round = 0; round < 30; round += 1) {
        await queue.send(name, of('a', 1 + (round % 3), { rate: { limit: 3, perMs: 500 } }));
        await pass(70 + ((round * 130) % 260));
      }
      await pass(8_000);
      assert.equal(begun.length, 60);
      for (const [index, at] of begun.entries()) {
        const before = begun[index - 3] ?? -Infinity;
        assert.ok(at - before >= 490, `${index} began ${at - before} ms after the third before it`);
      }
    },
  },
  {
    name: 'puts the limits in force that were sent last: wider ones at once',
    async run(harness) {
      await using queue = await harness.create();
      const hold = gate();
      const { seen } = await observe(queue, name, () => hold.opened, { concurrency: 10 });
      await queue.send(name, of('a', 4, { concurrency: 1 }));
      await untilStats(harness, queue, name, { active: 1, ready: 3 });
      await queue.send(name, of('a', 1, { concurrency: 3 }));
      await untilStats(harness, queue, name, { active: 3, ready: 2 });
      await queue.send(name, of('a', 1, {}));
      await untilStats(harness, queue, name, { active: 6, ready: 0 });
      hold.open();
      await untilEmpty(harness, queue, name);
      const rate = { limit: 1, perMs: 3_600_000 };
      await queue.send(name, of('a', 3, { rate }));
      await untilStats(harness, queue, name, { active: 0, ready: 2 });
      await queue.send(name, of('a', 1, { rate: { limit: 3, perMs: 3_600_000 } }));
      await untilStats(harness, queue, name, { active: 0, ready: 1 });
      assert.equal(seen.length, 9);
    },
  },
  {
    name: 'puts the limits in force that were sent last: narrower ones for what has not begun',
    async run(harness) {
      await using queue = await harness.create();
      const holds = [gate(), gate(), gate(), gate()];
      const { seen } = await observe(queue, name, (_, all) => holds[all.length - 1]?.opened, {
        concurrency: 10,
      });
      await queue.send(name, of('a', 3, { concurrency: 3 }));
      await untilStats(harness, queue, name, { active: 3, ready: 0 });
      await queue.send(name, of('a', 2, { concurrency: 1 }));
      holds[0]?.open();
      holds[1]?.open();
      await untilStats(harness, queue, name, { active: 1, ready: 2 });
      await harness.elapse(50);
      assert.equal(seen.length, 3);
      holds[2]?.open();
      await untilStats(harness, queue, name, { active: 1, ready: 1 });
      holds[3]?.open();
      await untilEmpty(harness, queue, name);
    },
  },
  {
    name: 'puts the limits in force that were sent last: narrower ones for a key whose turn it is',
    async run(harness) {
      await using queue = await harness.create();
      const hold = gate();
      await observe(queue, name, () => hold.opened);
      await queue.send(name, of('a', 3, { concurrency: 3 }));
      await untilStats(harness, queue, name, { active: 1, ready: 2 });
      await queue.send(name, of('a', 1, { concurrency: 1 }));
      const second = await observe(queue, name, () => hold.opened, { concurrency: 5 });
      await harness.elapse(50);
      assert.equal(second.seen.length, 0);
      hold.open();
      await untilEmpty(harness, queue, name);
    },
  },
  {
    name: 'takes every key that is one, and tells keys and queues apart',
    async run(harness) {
      await using queue = await harness.create();
      const hold = gate();
      const keys = ['a', 'A', ' ', 'a:a', '{a}', '__proto__', '漢字', '0', 'x'.repeat(256)];
      await observe(queue, name, () => hold.opened, { concurrency: 100 });
      await observe(queue, 'second', () => hold.opened, { concurrency: 100 });
      for (const key of keys) await queue.send(name, of(key, 2, { concurrency: 1 }));
      await queue.send('second', of('a', 2, { concurrency: 1 }));
      await untilStats(harness, queue, name, { active: keys.length, ready: keys.length });
      await untilStats(harness, queue, 'second', { active: 1, ready: 1 });
      for (const key of keys)
        assert.deepEqual(await queue.group(name, key), { waiting: 1, active: 1, openAt: null }, key);
      hold.open();
      await untilEmpty(harness, queue, name);
      await untilEmpty(harness, queue, 'second');
    },
  },
  {
    name: 'refuses groups that are none, and takes an explicit undefined as no limit',
    async run(harness) {
      const queue = await harness.create();
      const odd: readonly unknown[] = [Number.NaN, 0, -1, Infinity, -Infinity, '1', null, {}];
      const rate = { limit: 1, perMs: 1 };
      const wrong: readonly unknown[] = [
        null,
        'a',
        {},
        ...['', 'x'.repeat(257), 7, null, undefined].map((key) => ({ key })),
        ...[...odd, 1.5].map((concurrency) => ({ key: 'a', concurrency })),
        ...[null, 7, 'fast', {}].map((one) => ({ key: 'a', rate: one })),
        ...[...odd, 1.5].map((limit) => ({ key: 'a', rate: { ...rate, limit } })),
        ...[...odd, 0.5].map((perMs) => ({ key: 'a', rate: { ...rate, perMs } })),
      ];
      for (const group of wrong) {
        const send = (): Promise<unknown> =>
          queue.send(name, [{ body: 0 }, { body: 1, group: group as MessageGroup }]);
        await assertRejects(send, 'LOOM_INVALID_OPTION', `group ${JSON.stringify(group)}`);
      }
      for (const key of ['', 'x'.repeat(257), 7, null, undefined])
        await assertRejects(() => queue.group(name, key as string), 'LOOM_INVALID_OPTION', `key ${key}`);
      await assertRejects(() => queue.group('no name', 'a'), 'LOOM_INVALID_OPTION', 'group of no queue');
      await untilEmpty(harness, queue, name);
      await queue.send(name, [{ body: 0, group: { key: 'a', concurrency: undefined, rate: undefined } }]);
      await queue.send(name, [{ body: 1, group: undefined }]);
      assert.equal((await queue.stats(name)).ready, 2);
      await queue.close();
      await assertRejects(() => queue.group(name, 'a'), 'LOOM_CLOSED', 'group after close');
    },
  },
];

/** Bodies are the key and a number; those without a key are of `none`. */
export function of(
  key: string | undefined,
  count: number,
  limits?: Omit<MessageGroup, 'key'>,
): readonly OutgoingMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    body: `${key ?? 'none'} ${index}`,
    group: key === undefined ? undefined : { key, ...limits },
  }));
}

/** The key in a body of {@link of}. */
export function keyOf(body: unknown): string {
  return (body as string).split(' ')[0] ?? '';
}

function count(consumers: readonly { readonly seen: readonly unknown[] }[]): number {
  return consumers.reduce((sum, { seen }) => sum + seen.length, 0);
}
