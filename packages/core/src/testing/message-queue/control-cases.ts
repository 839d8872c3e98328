import assert from 'node:assert/strict';
import { isLoomError } from '../../errors/loom-error.js';
import type { Delivery, MessageQueue } from '../../ports/message-queue.js';
import type { ConformanceCase } from '../conformance-case.js';
import type { MessageQueueHarness } from './harness.js';
import { assertRejects, gate, observe, until, untilEmpty, untilStats } from './observed-queue.js';

const name = 'orders';

/** Stats, pause, closing, and what is refused. */
export const controlCases: readonly ConformanceCase<MessageQueueHarness>[] = [
  {
    name: 'says zeros for a queue nobody used',
    async run(harness) {
      await using queue = await harness.create();
      const zeros = { ready: 0, delayed: 0, active: 0, dead: 0, paused: false, oldestReadyAgeMs: null };
      assert.deepEqual(await queue.stats('never-used'), zeros);
    },
  },
  {
    name: 'counts messages by what they are waiting for',
    async run(harness) {
      await using queue = await harness.create();
      const hold = gate();
      await observe(queue, name, async ({ body }) => {
        if (body === 'dead') return { kind: 'dead-letter', reason: 'dead' };
        await hold.opened;
        return undefined;
      });
      await queue.send(name, [{ body: 'dead' }, { body: 'active' }, { body: 1 }, { body: 2 }]);
      await queue.send(name, [{ body: 'later', delayMs: 3_600_000 }]);
      await untilStats(harness, queue, name, { ready: 2, delayed: 1, active: 1, dead: 1, paused: false });
      hold.open();
    },
  },
  {
    name: 'tells the age of what has been ready longest',
    async run(harness) {
      await using queue = await harness.create();
      await queue.send(name, [{ body: 'later', delayMs: 3_600_000 }]);
      assert.equal((await queue.stats(name)).oldestReadyAgeMs, null);
      await queue.send(name, [{ body: 1 }]);
      await harness.elapse(200);
      await queue.send(name, [{ body: 2, priority: 10 }]);
      const { oldestReadyAgeMs } = await queue.stats(name);
      assert.ok(oldestReadyAgeMs !== null && oldestReadyAgeMs >= 150, `the age is ${oldestReadyAgeMs}`);
      assert.ok(oldestReadyAgeMs < 60_000, `the age is ${oldestReadyAgeMs}`);
    },
  },
  {
    name: 'counts a delayed message as ready when its time has come, also when nobody consumes',
    async run(harness) {
      await using queue = await harness.create();
      await queue.send(name, [{ body: 1, delayMs: 1_000 }]);
      await untilStats(harness, queue, name, { delayed: 1, ready: 0 });
      await harness.elapse(1_050);
      await untilStats(harness, queue, name, { delayed: 0, ready: 1 });
    },
  },
  {
    name: 'delivers nothing of a paused queue until it is resumed; what runs ends normally',
    async run(harness) {
      await using queue = await harness.create();
      const hold = gate();
      const { seen } = await observe(queue, name, () => hold.opened);
      await queue.send(name, [{ body: 'running' }]);
      await until(harness, 'the delivery', () => seen.length === 1);
      await queue.pause(name);
      await queue.pause(name);
      await queue.send(name, [{ body: 'waiting' }, { body: 'due', delayMs: 20 }]);
      hold.open();
      await untilStats(harness, queue, name, { active: 0, paused: true, ready: 2 });
      await harness.elapse(150);
      assert.deepEqual(
        seen.map(({ body }) => body),
        ['running'],
      );
      await queue.resume(name);
      await queue.resume(name);
      await until(harness, 'the rest', () => seen.length === 3);
      await untilEmpty(harness, queue, name);
      assert.equal((await queue.stats(name)).paused, false);
    },
  },
  {
    name: 'pauses a queue before its first message and for consumers that come later, and no other queue',
    async run(harness) {
      await using queue = await harness.create();
      await queue.pause(name);
      assert.equal((await queue.stats(name)).paused, true);
      const paused = await observe(queue, name);
      const open = await observe(queue, 'open');
      await queue.send(name, [{ body: 1 }]);
      await queue.send('open', [{ body: 2 }]);
      await until(harness, 'the other queue', () => open.seen.length === 1);
      await harness.elapse(100);
      assert.equal(paused.seen.length, 0);
      await queue.resume(name);
      await until(harness, 'the resumed queue', () => paused.seen.length === 1);
    },
  },
  {
    name: 'resumes a queue that was not paused without effect',
    async run(harness) {
      await using queue = await harness.create();
      await queue.resume(name);
      const { seen } = await observe(queue, name);
      await queue.send(name, [{ body: 1 }]);
      await until(harness, 'the delivery', () => seen.length === 1);
    },
  },
  {
    name: 'waits for running deliveries when a consumer closes, and takes nothing new',
    async run(harness) {
      await using queue = await harness.create();
      const hold = gate();
      const { seen, consumer } = await observe(queue, name, () => hold.opened, { concurrency: 2 });
      await queue.send(name, [{ body: 1 }, { body: 2 }, { body: 3 }]);
      await until(harness, 'two deliveries', () => seen.length === 2);
      let closed = false;
      const closing = Promise.all([consumer.close(), consumer.close()]).then(() => {
        closed = true;
      });
      await harness.elapse(100);
      assert.equal(closed, false, 'it did not wait');
      hold.open();
      await until(harness, 'the consumer to close', () => closed);
      await closing;
      await consumer.close();
      await untilStats(harness, queue, name, { active: 0, ready: 1 });
      await queue.send(name, [{ body: 4 }]);
      await harness.elapse(100);
      assert.equal(seen.length, 2);
      assert.deepEqual(new Set(seen.map(({ body }) => body)), new Set([1, 2]));
      const next = await observe(queue, name);
      await until(harness, 'the rest', () => next.seen.length === 2);
      assert.ok(next.seen.every(({ attempt }) => attempt === 1));
    },
  },
  {
    name: 'closes a consumer that has nothing to do at once',
    async run(harness) {
      await using queue = await harness.create();
      const { consumer } = await observe(queue, name);
      let closed = false;
      void consumer.close().then(() => {
        closed = true;
      });
      await until(harness, 'the consumer to close', () => closed);
    },
  },
  {
    name: 'aborts the signals of running deliveries on request, and still honours what they answer',
    async run(harness) {
      await using queue = await harness.create();
      const reasons: unknown[] = [];
      const { seen, consumer } = await observe(queue, name, ({ signal }) =>
        aborted(signal, (reason) => void reasons.push(reason)),
      );
      await queue.send(name, [{ body: 1 }]);
      await until(harness, 'the delivery', () => seen.length === 1);
      let closed = false;
      const waiting = consumer.close().then(() => {
        closed = true;
      });
      await harness.elapse(50);
      assert.deepEqual([reasons.length, closed], [0, false]);
      void consumer.close({ abort: true });
      await until(harness, 'the consumer to close', () => closed);
      await waiting;
      assert.ok(isLoomError(reasons[0], 'LOOM_CLOSED'), `aborted with ${String(reasons[0])}`);
      await untilEmpty(harness, queue, name);
    },
  },
  {
    name: 'takes a rejection after an abort as a release',
    async run(harness) {
      await using queue = await harness.create();
      const { seen, consumer } = await observe(
        queue,
        name,
        ({ signal }) =>
          aborted(signal, (reason) => {
            throw reason;
          }),
        { maxDeliveries: 1 },
      );
      await queue.send(name, [{ body: 1 }]);
      await until(harness, 'the delivery', () => seen.length === 1);
      let closed = false;
      void consumer.close({ abort: true }).then(() => {
        closed = true;
      });
      await until(harness, 'the consumer to close', () => closed);
      await untilStats(harness, queue, name, { ready: 1, dead: 0, active: 0, delayed: 0 });
      const next = await observe(queue, name);
      await until(harness, 'the second delivery', () => next.seen.length === 1);
      assert.equal(next.seen[0]?.attempt, 1);
    },
  },
  {
    name: 'closes with everything that runs, and refuses everything afterwards',
    async run(harness) {
      const queue = await harness.create();
      const hold = gate();
      let ended = 0;
      const { seen } = await observe(queue, name, async () => {
        await hold.opened;
        ended += 1;
      });
      await queue.send(name, [{ body: 1 }]);
      await until(harness, 'the delivery', () => seen.length === 1);
      let closed = false;
      const closing = Promise.all([queue.close(), queue.close()]).then(() => {
        closed = true;
      });
      await harness.elapse(50);
      assert.deepEqual([closed, ended], [false, 0]);
      await assertRejects(() => queue.consume(name, async () => {}), 'LOOM_CLOSED', 'consume while closing');
      hold.open();
      await until(harness, 'the queue to close', () => closed);
      await closing;
      await queue.close();
      await queue[Symbol.asyncDispose]();
      assert.equal(ended, 1);
      for (const [what, call] of everyCall(queue, name)) await assertRejects(call, 'LOOM_CLOSED', what);
    },
  },
  {
    name: 'lets a handler send while the queue closes around it',
    async run(harness) {
      const queue = await harness.create();
      const hold = gate();
      const outcomes: unknown[] = [];
      const { seen } = await observe(queue, name, async () => {
        await hold.opened;
        outcomes.push(await queue.send('next', [{ body: 2 }]).catch((error: unknown) => error));
      });
      await queue.send(name, [{ body: 1 }]);
      await until(harness, 'the delivery', () => seen.length === 1);
      let closed = false;
      void queue.close().then(() => {
        closed = true;
      });
      await harness.elapse(20);
      hold.open();
      await until(harness, 'the queue to close', () => closed);
      assert.ok(Array.isArray(outcomes[0]) && outcomes[0].length === 1, String(outcomes[0]));
    },
  },
  {
    name: 'closes when it was never used',
    async run(harness) {
      const queue = await harness.create();
      await queue.close();
      await queue.close();
    },
  },
  {
    name: 'refuses names that are none, in every method',
    async run(harness) {
      await using queue = await harness.create();
      const names: readonly unknown[] = [
        '',
        ' ',
        'a b',
        'a:b',
        'a/b',
        'ä',
        'a\n',
        '{a}',
        'x'.repeat(201),
        undefined,
        null,
        7,
      ];
      for (const wrong of names) {
        for (const [what, call] of everyCall(queue, wrong as string)) {
          await assertRejects(call, 'LOOM_INVALID_OPTION', `${what} of the queue ${JSON.stringify(wrong)}`);
        }
      }
    },
  },
  {
    name: 'takes every name that is one',
    async run(harness) {
      await using queue = await harness.create();
      const names = ['a', '0', '.', '..', '-', '__proto__', 'constructor', 'Az09._-', 'x'.repeat(200)];
      for (const one of names) {
        await queue.send(one, [{ body: one }]);
        assert.equal((await queue.stats(one)).ready, 1, one);
      }
      assert.equal((await queue.stats('A')).ready, 0, 'names are told apart by case');
      const consumers = await Promise.all(names.map((one) => observe(queue, one)));
      await until(harness, 'a delivery on each', () => consumers.every(({ seen }) => seen.length === 1));
      assert.deepEqual(
        consumers.map(({ seen }) => seen[0]?.queue),
        names,
      );
    },
  },
  {
    name: 'refuses options out of their range before anything is stored or started',
    async run(harness) {
      await using queue = await harness.create();
      const odd: readonly unknown[] = [Number.NaN, -1, Infinity, -Infinity, '1', null, {}];
      const cases: readonly (readonly [string, readonly unknown[], (value: never) => Promise<unknown>])[] = [
        ['delayMs', odd, (delayMs) => queue.send(name, [{ body: 1, delayMs }])],
        ['priority', [...odd, 101, 0.5], (priority) => queue.send(name, [{ body: 1, priority }])],
        ['dedupeId', ['', 7, null, {}], (dedupeId) => queue.send(name, [{ body: 1, dedupeId }])],
        ['messages', [undefined, null, 'text', {}, [null], [7]], (messages) => queue.send(name, messages)],
        [
          'concurrency',
          [...odd, 0, 10_001, 1.5],
          (concurrency) => queue.consume(name, async () => {}, { concurrency }),
        ],
        [
          'leaseMs',
          [...odd, 0, 99, 43_200_001],
          (leaseMs) => queue.consume(name, async () => {}, { leaseMs }),
        ],
        [
          'maxDeliveries',
          [...odd, 0, 1.5],
          (maxDeliveries) => queue.consume(name, async () => {}, { maxDeliveries }),
        ],
        ['retryDelayMs', odd, (retryDelayMs) => queue.consume(name, async () => {}, { retryDelayMs })],
        ['handler', [undefined, null, {}, 'text'], (handler) => queue.consume(name, handler)],
        ['limit', [...odd, 0, 1_001, 1.5], (limit) => queue.deadLetters.list(name, { limit })],
        ['cursor', ['not a cursor', '', 7, null], (cursor) => queue.deadLetters.list(name, { cursor })],
        ['ids', ['text', [7], null], (ids) => queue.deadLetters.discard(name, { ids })],
        ['fingerprint', [7, null, []], (fingerprint) => queue.deadLetters.redrive(name, { fingerprint })],
        ['perSecond', [...odd, 0], (perSecond) => queue.deadLetters.redrive(name, { perSecond })],
      ];
      for (const [option, values, call] of cases) {
        for (const value of values) {
          await assertRejects(
            () => call(value as never),
            'LOOM_INVALID_OPTION',
            `${option} ${String(JSON.stringify(value) ?? value)}`,
          );
        }
      }
      await untilEmpty(harness, queue, name);
    },
  },
  {
    name: 'takes an explicit undefined as the default, in every option',
    async run(harness) {
      await using queue = await harness.create();
      await queue.send(name, [{ body: 1, delayMs: undefined, priority: undefined, dedupeId: undefined }]);
      const { seen } = await observe(queue, name, undefined, {
        concurrency: undefined,
        leaseMs: undefined,
        maxDeliveries: undefined,
        retryDelayMs: undefined,
      });
      await until(harness, 'the delivery', () => seen.length === 1);
      const nothing = { ids: undefined, fingerprint: undefined };
      assert.deepEqual(
        (await queue.deadLetters.list(name, { ...nothing, limit: undefined, cursor: undefined })).items,
        [],
      );
      assert.equal(await queue.deadLetters.redrive(name, { ...nothing, perSecond: undefined }), 0);
      assert.equal(await queue.deadLetters.discard(name, nothing), 0);
    },
  },
];

/** Calls `then` when `signal` aborts, and settles as it does. */
function aborted(signal: Delivery['signal'], then: (reason: unknown) => void): Promise<void> {
  return new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  }).then(() => then(signal.reason));
}

function everyCall(
  queue: MessageQueue,
  name: string,
): readonly (readonly [string, () => Promise<unknown>])[] {
  return [
    ['send', () => queue.send(name, [{ body: 1 }])],
    ['consume', () => queue.consume(name, async () => {})],
    ['stats', () => queue.stats(name)],
    ['withdraw', () => queue.withdraw(name, ['1'])],
    ['pause', () => queue.pause(name)],
    ['resume', () => queue.resume(name)],
    ['deadLetters.list', () => queue.deadLetters.list(name)],
    ['deadLetters.groups', () => queue.deadLetters.groups(name)],
    ['deadLetters.redrive', () => queue.deadLetters.redrive(name)],
    ['deadLetters.discard', () => queue.deadLetters.discard(name)],
  ];
}
