import { isLoomError } from '@certoai/loom-core';
import { ManualClock, settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { InMemoryMessageQueue } from '../../src/memory/in-memory-message-queue.js';

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('InMemoryMessageQueue', () => {
  test('is neither durable nor shared', () => {
    expect(new InMemoryMessageQueue().capabilities).toEqual({ durable: false, shared: false });
  });

  test('refuses what does not fit, all of a batch, and takes it when there is room', async () => {
    await using queue = new InMemoryMessageQueue({ capacity: 3 });
    await queue.send('a', [{ body: 1 }, { body: 2, delayMs: 60_000 }]);
    const error = await errorOf(queue.send('b', [{ body: 3, dedupeId: 'x' }, { body: 4 }]));
    expect(isLoomError(error, 'LOOM_QUEUE_FULL') && error.details).toMatchObject({ capacity: 3, stored: 2 });
    expect((await queue.stats('b')).ready).toBe(0);
    await queue.send('b', [{ body: 3, dedupeId: 'x' }]);
    expect(isLoomError(await errorOf(queue.send('b', [{ body: 4 }])), 'LOOM_QUEUE_FULL')).toBe(true);
    expect(await queue.send('b', [{ body: 5, dedupeId: 'x' }]), 'a known one needs no room').toHaveLength(1);
    await queue.consume('a', async () => {});
    await settled();
    await queue.send('b', [{ body: 4 }]);
  });

  test('counts dead letters as stored until they are discarded', async () => {
    await using queue = new InMemoryMessageQueue({ capacity: 1 });
    await queue.consume('a', async () => ({ kind: 'dead-letter', reason: 'no' }));
    await queue.send('a', [{ body: 1 }]);
    await settled();
    expect(isLoomError(await errorOf(queue.send('a', [{ body: 2 }])), 'LOOM_QUEUE_FULL')).toBe(true);
    await queue.deadLetters.discard('a');
    await queue.send('a', [{ body: 2 }]);
  });

  test.each([0, -1, 1.5, Number.NaN, Infinity, '5', null])('refuses a capacity of %s', (capacity) => {
    expect(() => new InMemoryMessageQueue({ capacity: capacity as number })).toThrow(
      expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }),
    );
  });

  test('has one timer for the earliest of all delayed messages, and none after close', async () => {
    const clock = new ManualClock();
    const queue = new InMemoryMessageQueue({ clock });
    const startedAt = clock.now();
    await queue.send('a', [
      { body: 1, delayMs: 500 },
      { body: 2, delayMs: 100 },
      { body: 3, delayMs: 300 },
    ]);
    await settled();
    expect([clock.pendingTimers, (clock.nextTimerAt ?? 0) - startedAt]).toEqual([1, 100]);
    await queue.send('a', [{ body: 4, delayMs: 50 }]);
    await settled();
    expect([clock.pendingTimers, (clock.nextTimerAt ?? 0) - startedAt]).toEqual([1, 50]);
    await queue.pause('a');
    await settled();
    expect(clock.pendingTimers).toBe(0);
    await queue.resume('a');
    await settled();
    expect(clock.pendingTimers).toBe(1);
    await queue.close();
    expect(clock.pendingTimers).toBe(0);
  });

  test('lets the event loop go on while it delivers a great many messages', async () => {
    await using queue = new InMemoryMessageQueue();
    await queue.pause('a');
    await queue.send(
      'a',
      Array.from({ length: 20_000 }, (_, body) => ({ body })),
    );
    let handled = 0;
    await queue.consume('a', async () => void (handled += 1), { concurrency: 10 });
    let turns = 0;
    await queue.resume('a');
    while (handled < 20_000) {
      await settled(1);
      turns += 1;
    }
    expect(turns).toBeGreaterThan(20);
  });

  test('lets the event loop go on when a handler gives everything back', async () => {
    await using queue = new InMemoryMessageQueue();
    let given = 0;
    const consumer = await queue.consume('a', async () => {
      given += 1;
      return { kind: 'release' };
    });
    await queue.send('a', [{ body: 1 }]);
    await settled(20);
    expect(given).toBeGreaterThan(5);
    await consumer.close();
  });

  test('spreads deliveries between consumers with free slots', async () => {
    await using queue = new InMemoryMessageQueue();
    const counts = [0, 0, 0];
    for (const index of counts.keys()) {
      await queue.consume('a', async () => void (counts[index] = (counts[index] ?? 0) + 1), {
        concurrency: 5,
      });
    }
    await queue.send(
      'a',
      Array.from({ length: 300 }, (_, body) => ({ body })),
    );
    await settled(10);
    expect(counts.reduce((sum, count) => sum + count)).toBe(300);
    expect(Math.min(...counts)).toBeGreaterThan(50);
  });
});
