import { isLoomError, LoomError, silentLogger } from '@certoai/loom-core';
import type { OutboxOutcome, OutgoingMessage } from '@certoai/loom-core';
import { ManualClock } from '@certoai/loom-core/testing';
import { OutboxPattern } from '@certoai/loom-storage';
import type { OutboxRelayOptions } from '@certoai/loom-storage';
import { InMemoryOutboxStore } from '@certoai/loom-storage/memory';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ObservedQueue } from './observed-queue.js';

class ObservedStore extends InMemoryOutboxStore {
  claims = 0;
  /** How many settlements never arrive, as of a relay that dies. */
  lostSettlements = 0;

  override claim(
    request: Parameters<InMemoryOutboxStore['claim']>[0],
  ): ReturnType<InMemoryOutboxStore['claim']> {
    this.claims += 1;
    return super.claim(request);
  }
  override async settle(token: string, outcomes: readonly OutboxOutcome[]): Promise<void> {
    if (this.lostSettlements-- > 0) throw new LoomError('LOOM_STORE_FAILED', 'gone');
    await super.settle(token, outcomes);
  }
}

function open(relay: OutboxRelayOptions = {}, logger = silentLogger) {
  const clock = new ManualClock();
  const queue = new ObservedQueue({ clock });
  const store = new ObservedStore({ clock });
  const outbox = new OutboxPattern(store, queue, { relay, clock, logger });
  onTestFinished(async () => {
    await outbox.close();
    await queue.close();
    expect(clock.pendingTimers).toBe(0);
  });
  return { clock, queue, store, outbox };
}

const mail = (n: number, key?: string): { queue: string; body: number; key: string | undefined } => ({
  queue: 'mails',
  body: n,
  key,
});
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);

describe('a commit', () => {
  test('stores states, whose messages reach their queue with what was said about them', async () => {
    const { clock, queue, outbox } = open();
    const first = await outbox.commit({
      writes: [{ key: 'order/7', value: { state: 'paid' }, ifVersion: 0 }],
      messages: [{ queue: 'mails', body: { to: 'a' }, dedupeId: 'd', delayMs: 10_000, priority: 3 }],
    });
    expect(first).toEqual({ versions: { 'order/7': 1 } });
    expect(await outbox.read('order/7')).toEqual({ value: { state: 'paid' }, version: 1 });
    const seen: (readonly OutgoingMessage[])[] = [];
    queue.refuse = (_, messages) => void seen.push(messages);
    await clock.advance(4_000);
    await outbox.start();
    await clock.advance(0);
    // Of the delay, what is left since the commit.
    expect(seen).toEqual([[{ body: { to: 'a' }, dedupeId: 'd', delayMs: 6_000, priority: 3 }]]);
    expect(await outbox.stats()).toEqual({ waiting: 0, parked: 0, oldestAgeMs: null });
  });

  test('on another version is refused, and says which key and both versions', async () => {
    const { clock, queue, outbox } = open();
    await outbox.start();
    await outbox.commit({ writes: [{ key: 'a', value: 1 }] });
    const refused = outbox.commit({ writes: [{ key: 'a', value: 2, ifVersion: 0 }], messages: [mail(1)] });
    await expect(refused).rejects.toMatchObject({
      code: 'LOOM_CONFLICT',
      details: { key: 'a', expectedVersion: 0, version: 1 },
    });
    await clock.advance(60_000);
    expect(queue.sends).toBe(0);
  });

  test.each([
    [{ writes: [{ key: '', value: 1 }] }, 'LOOM_INVALID_OPTION'],
    [{ writes: [{ key: 'a'.repeat(257), value: 1 }] }, 'LOOM_INVALID_OPTION'],
    [{ writes: [{ key: 'a', value: undefined as never }] }, 'LOOM_INVALID_OPTION'],
    [{ writes: [{ key: 'a', value: Number.NaN }] }, 'LOOM_NOT_SERIALISABLE'],
    [{ writes: [{ key: 'a', value: 'x'.repeat(1_048_575) }] }, 'LOOM_PAYLOAD_TOO_LARGE'],
    ...[Number.NaN, Infinity, -1, 1.5].map(
      (ifVersion) => [{ writes: [{ key: 'a', value: 1, ifVersion }] }, 'LOOM_INVALID_OPTION'] as const,
    ),
    [
      {
        writes: [
          { key: 'a', value: 1 },
          { key: 'a', value: 2 },
        ],
      },
      'LOOM_INVALID_OPTION',
    ],
    [
      { messages: Array.from({ length: 65 }, () => ({ queue: 'q', body: 'x'.repeat(1_048_000) })) },
      'LOOM_PAYLOAD_TOO_LARGE',
    ],
    [{ writes: {} as never }, 'LOOM_INVALID_OPTION'],
    [{ messages: [null as never] }, 'LOOM_INVALID_OPTION'],
    [{ messages: [{ queue: 'no good', body: 1 }] }, 'LOOM_INVALID_OPTION'],
    [{ messages: [{ queue: 'q', body: 1n as never }] }, 'LOOM_NOT_SERIALISABLE'],
    [{ messages: [{ queue: 'q', body: 1, key: '' }] }, 'LOOM_INVALID_OPTION'],
    [{ messages: [{ queue: 'q', body: 1, delayMs: Number.NaN }] }, 'LOOM_INVALID_OPTION'],
    [{ messages: [{ queue: 'q', body: 1, priority: 101 }] }, 'LOOM_INVALID_OPTION'],
    [{ messages: [{ queue: 'q', body: 1, dedupeId: '' }] }, 'LOOM_INVALID_OPTION'],
    [{ messages: Array.from({ length: 10_001 }, () => ({ queue: 'q', body: 1 })) }, 'LOOM_INVALID_OPTION'],
    [undefined as never, 'LOOM_INVALID_OPTION'],
  ] as const)('with bad input %# is refused, and nothing is stored', async (commit, code) => {
    const { outbox } = open();
    await expect(outbox.commit(commit)).rejects.toSatisfy((error) => isLoomError(error, code));
    expect(await outbox.read('a')).toBeUndefined();
    expect((await outbox.stats()).waiting).toBe(0);
  });
});

describe('the relay', () => {
  test('sends ten thousand messages once, those of a key in order', async () => {
    const { clock, queue, outbox } = open({ batchSize: 1_000 });
    await outbox.start();
    await outbox.commit({
      messages: numbers(10_000).map((n) => ({ queue: 'mails', body: n, key: `k${n % 7}` })),
    });
    await clock.advance(1);
    const bodies = queue.bodies('mails') as readonly number[];
    expect(bodies.length).toBe(10_000);
    for (const rest of numbers(7)) {
      const own = bodies.filter((n) => n % 7 === rest);
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
  });

  test('sends nothing of a key to one queue before what was committed earlier is in another', async () => {
    const { clock, queue, outbox } = open();
    queue.refuse = (name) => (name === 'first' && queue.sends < 3 ? new Error('no') : undefined);
    await outbox.commit({
      messages: [
        { queue: 'first', body: 1, key: 'a' },
        { queue: 'second', body: 2, key: 'a' },
        { queue: 'second', body: 3 },
      ],
    });
    await outbox.start();
    await clock.advance(0);
    expect(queue.bodies('second')).toEqual([3]);
    await clock.advance(10_000);
    expect([queue.bodies('first'), queue.bodies('second')]).toEqual([[1], [3, 2]]);
  });

  test('keeps the order of a key while sends fail', async () => {
    const { clock, queue, outbox } = open({ batchSize: 3 });
    queue.refuse = () => (queue.sends % 3 === 0 ? undefined : new Error('not now'));
    await outbox.start();
    for (const n of numbers(20)) await outbox.commit({ messages: [mail(n, 'a')] });
    await clock.advance(3_600_000);
    expect(queue.bodies('mails')).toEqual(numbers(20));
  });

  test('sends again what a relay that died had sent, which the queue stores once', async () => {
    const { clock, queue, store, outbox } = open({ leaseMs: 10_000 });
    store.lostSettlements = 2;
    await outbox.commit({ messages: numbers(5).map((n) => mail(n, n < 3 ? 'a' : undefined)) });
    await outbox.start();
    await clock.advance(60_000);
    expect(queue.sends).toBe(3);
    expect(queue.bodies('mails')).toEqual(numbers(5));
  });

  test('shares the work with others, also with one whose lease ended while it was sending', async () => {
    const { clock, queue, store, outbox } = open({ leaseMs: 1_000, batchSize: 5 });
    const others = numbers(2).map(
      () => new OutboxPattern(store, queue, { relay: { leaseMs: 1_000, batchSize: 7 }, clock }),
    );
    const send = queue.send.bind(queue);
    let held = 0;
    queue.send = async (name, messages) => {
      // Longer than the lease, for one in three.
      held += 1;
      if (held % 3 === 0) await new Promise<void>((resolve) => void clock.setTimer(2_500, resolve));
      return send(name, messages);
    };
    await Promise.all([outbox, ...others].map((one) => one.start()));
    for (const n of numbers(100)) await outbox.commit({ messages: [mail(n, `k${n % 4}`)] });
    await clock.advance(600_000);
    for (const other of others) await other.close();
    const bodies = queue.bodies('mails') as readonly number[];
    expect(bodies.length).toBe(100);
    for (const rest of numbers(4))
      expect(bodies.filter((n) => n % 4 === rest)).toEqual(numbers(25).map((n) => n * 4 + rest));
  });

  test('looks once in idleMs when there is nothing to do, and at once after a commit here', async () => {
    const { clock, queue, store, outbox } = open({ idleMs: 5_000 });
    await outbox.start();
    await outbox.start();
    await clock.advance(60_000);
    expect(store.claims).toBe(13);
    await outbox.commit({ messages: [mail(1)] });
    await clock.advance(0);
    expect(queue.bodies('mails')).toEqual([1]);
  });

  test('goes on with a queue that has room for one at a time', async () => {
    const { clock, queue, outbox } = open({ idleMs: 1_000 });
    const full = new LoomError('LOOM_QUEUE_FULL', 'full');
    queue.refuse = (_, messages) => (messages.length > 1 || queue.sends % 4 === 0 ? full : undefined);
    await outbox.commit({ messages: numbers(10).map((n) => mail(n, 'a')) });
    await outbox.start();
    await clock.advance(60_000);
    expect(queue.bodies('mails')).toEqual(numbers(10));
  });

  test('does not park for an outage of the queue, however long, and does not hammer on it', async () => {
    const { clock, queue, outbox } = open({ maxAttempts: 1, idleMs: 5_000 });
    queue.refuse = () => new LoomError('LOOM_STORE_FAILED', 'away');
    await outbox.start();
    await outbox.commit({ messages: [mail(1, 'a'), mail(2, 'a')] });
    await clock.advance(3_600_000);
    expect(queue.sends).toBeLessThanOrEqual(721);
    expect(await outbox.stats()).toEqual({ waiting: 2, parked: 0, oldestAgeMs: 3_600_000 });
    queue.refuse = () => undefined;
    await clock.advance(5_000);
    expect(queue.bodies('mails')).toEqual([1, 2]);
  });

  test('does not count what an outage made fail', async () => {
    const { clock, queue, outbox } = open({ maxAttempts: 2, idleMs: 5_000 });
    queue.refuse = () => (queue.sends <= 3 ? new LoomError('LOOM_CLOSED', 'away') : new Error('bad day'));
    await outbox.start();
    await outbox.commit({ messages: [mail(1)] });
    await clock.advance(60_000);
    expect(queue.sends).toBe(5);
    expect(await outbox.parked.list()).toMatchObject([{ attempts: 2, reason: 'bad day' }]);
  });

  test('survives a logger that throws and a store that fails', async () => {
    const fail = (): never => {
      throw new Error('logger');
    };
    const { clock, queue, store, outbox } = open({}, { ...silentLogger, warn: fail, error: fail });
    vi.spyOn(store, 'claim').mockRejectedValueOnce(new LoomError('LOOM_STORE_FAILED', 'away'));
    await outbox.start();
    await outbox.commit({ messages: [mail(1)] });
    await clock.advance(5_000);
    expect(queue.bodies('mails')).toEqual([1]);
  });
});

describe('a message the queue does not take', () => {
  const tooLarge = new LoomError('LOOM_PAYLOAD_TOO_LARGE', 'The body is too large.');
  const refuseTwo = (_: string, messages: readonly OutgoingMessage[]): unknown =>
    messages.some(({ body }) => body === 2) ? tooLarge : undefined;

  test('is parked with its reason and holds back the later ones of its key, until it is retried', async () => {
    const { clock, queue, outbox } = open();
    queue.refuse = refuseTwo;
    await outbox.start();
    await outbox.commit({ messages: [mail(1, 'a'), mail(2, 'a'), mail(3, 'a'), mail(4, 'b'), mail(5)] });
    await clock.advance(60_000);
    expect(queue.bodies('mails')).toEqual([1, 4, 5]);
    const [parked, ...none] = await outbox.parked.list();
    expect(none).toEqual([]);
    expect(parked).toMatchObject({
      queue: 'mails',
      body: 2,
      key: 'a',
      reason: 'The body is too large.',
      attempts: 1,
      blocks: true,
    });
    queue.refuse = () => undefined;
    expect(await outbox.parked.retry([parked?.id as string])).toBe(1);
    await clock.advance(0);
    expect(queue.bodies('mails')).toEqual([1, 4, 5, 2, 3]);
  });

  test('lets the later ones go when that is asked for, and can be discarded', async () => {
    const { clock, queue, outbox } = open({ onPoison: 'continue' });
    queue.refuse = refuseTwo;
    await outbox.start();
    await outbox.commit({ messages: [1, 2, 3].map((n) => mail(n, 'a')) });
    await clock.advance(0);
    expect(queue.bodies('mails')).toEqual([1, 3]);
    expect(await outbox.parked.discard()).toBe(1);
    expect(await outbox.stats()).toEqual({ waiting: 0, parked: 0, oldestAgeMs: null });
  });

  test('is parked after maxAttempts, with longer and longer pauses', async () => {
    const { clock, queue, outbox } = open({ maxAttempts: 3 });
    queue.refuse = () => new Error('bad day');
    await outbox.start();
    await outbox.commit({ messages: [mail(1)] });
    await clock.advance(2_999);
    expect((await outbox.stats()).parked).toBe(0);
    await clock.advance(1);
    expect(await outbox.parked.list({ limit: 1 })).toMatchObject([{ attempts: 3, reason: 'bad day' }]);
    await clock.advance(600_000);
    expect(queue.sends).toBe(3);
  });
});

describe('an outbox', () => {
  test.each(['batchSize', 'leaseMs', 'idleMs', 'maxAttempts'])('refuses a bad %s', (option) => {
    for (const value of [Number.NaN, Infinity, -1, 0, 1.5, '5']) {
      expect(() => open({ [option]: value })).toThrow(`relay.${option} is`);
    }
    expect(() => open({ [option]: undefined })).not.toThrow();
  });

  test('refuses another onPoison, and what is no store or queue', async () => {
    expect(() => open({ onPoison: 'panic' as never })).toThrow('relay.onPoison is "panic"');
    const { store, queue, outbox } = open();
    expect(() => new OutboxPattern(undefined as never, queue)).toThrow('store is undefined');
    expect(() => new OutboxPattern(store, {} as never)).toThrow('queue is of type object');
    for (const limit of [0, 1_001, Number.NaN])
      await expect(outbox.parked.list({ limit })).rejects.toThrow('limit is');
    await expect(outbox.parked.list({ after: 'x' })).rejects.toThrow('after is "x"');
    await expect(outbox.parked.retry('all' as never)).rejects.toThrow('ids is "all"');
    await expect(outbox.read('')).rejects.toThrow('key is ""');
  });

  test('waits for what it is sending when it is closed, and refuses calls then', async () => {
    const { clock, queue, store, outbox } = open();
    let finish: () => void = () => {};
    const send = queue.send.bind(queue);
    queue.send = async (name, messages) => {
      await new Promise<void>((resolve) => (finish = resolve));
      return send(name, messages);
    };
    await outbox.start();
    await outbox.commit({ messages: [mail(1)] });
    await clock.advance(0);
    let closed = false;
    const closing = outbox.close().then(() => (closed = true));
    await clock.advance(0);
    expect(closed).toBe(false);
    finish();
    await closing;
    expect((await store.stats()).waiting).toBe(0);
    for (const call of [
      outbox.commit({}),
      outbox.read('a'),
      outbox.start(),
      outbox.stats(),
      outbox.parked.list(),
    ]) {
      await expect(call).rejects.toSatisfy((error) => isLoomError(error, 'LOOM_CLOSED'));
    }
  });
});
