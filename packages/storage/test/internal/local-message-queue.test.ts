import { silentLogger } from '@certoai/loom-core';
import { ManualClock, settled } from '@certoai/loom-core/testing';
import { expect, test } from 'vitest';
import { LocalMessageQueue } from '../../src/internal/local-queue/local-message-queue.js';
import type { Ending } from '../../src/internal/local-queue/message-keeper.js';
import type { StoredMessage } from '../../src/internal/local-queue/stored-message.js';
import { InMemoryMessageKeeper } from '../../src/memory/in-memory-message-keeper.js';

/** Fails to note as often as it is told to. */
class FailingKeeper extends InMemoryMessageKeeper {
  failBegin = 0;
  failEnd = 0;

  override begin(message: StoredMessage): string {
    if (this.failBegin-- > 0) throw new Error('the disk is gone');
    return super.begin(message);
  }
  override end(message: StoredMessage, ending: Ending): void {
    if (this.failEnd-- > 0) throw new Error('the disk is gone');
    super.end(message, ending);
  }
}

function open() {
  const clock = new ManualClock();
  const keeper = new FailingKeeper(100);
  const complaints: unknown[] = [];
  const logger = { ...silentLogger, error: (message: string) => void complaints.push(message) };
  return { clock, keeper, complaints, queue: new LocalMessageQueue({ keeper, clock, logger }) };
}

test('delivers again when an outcome could not be noted, and says so', async () => {
  const { clock, keeper, complaints, queue } = open();
  const attempts: number[] = [];
  keeper.failEnd = 2;
  await queue.consume('orders', async ({ attempt }) => void attempts.push(attempt));
  await queue.send('orders', [{ body: 1 }]);
  await clock.advance(900);
  expect(attempts).toEqual([1]);
  await clock.advance(5_000);
  expect(attempts).toEqual([1, 2, 3]);
  expect(complaints).toHaveLength(2);
  expect(await queue.stats('orders')).toMatchObject({ ready: 0, delayed: 0, active: 0 });
  await queue.close();
  expect(clock.pendingTimers).toBe(0);
});

test('does not count a delivery that could not begin', async () => {
  const { clock, keeper, complaints, queue } = open();
  const attempts: number[] = [];
  keeper.failBegin = 3;
  await queue.consume('orders', async ({ attempt }) => void attempts.push(attempt), { maxDeliveries: 1 });
  await queue.send('orders', [{ body: 1 }]);
  await settled();
  await clock.advance(10_000);
  expect(attempts).toEqual([1]);
  expect(complaints).toHaveLength(3);
  await queue.close();
});

test('withdraws nothing that could not be noted, and delivers it as before', async () => {
  const { clock, keeper, queue } = open();
  const seen: unknown[] = [];
  const reasons: unknown[] = [];
  const [running = '', ready = '', delayed = ''] = await queue.send('orders', [
    { body: 'running', priority: 9 },
    { body: 'ready' },
    { body: 'delayed', delayMs: 1_000 },
  ]);
  await queue.consume('orders', async ({ body, attempt, signal }) => {
    seen.push([body, attempt]);
    if (body !== 'running' || reasons.length > 0) return;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    reasons.push(signal.reason);
    throw signal.reason;
  });
  await settled();
  keeper.failEnd = 3;
  for (const id of [ready, delayed])
    await expect(queue.withdraw('orders', [id])).rejects.toThrow('the disk is gone');
  expect(await queue.stats('orders')).toMatchObject({ ready: 1, delayed: 1, active: 1 });
  await expect(queue.withdraw('orders', [running])).rejects.toThrow('the disk is gone');
  await clock.advance(5_000);
  expect(reasons).toMatchObject([{ code: 'LOOM_CANCELLED' }]);
  // An interrupted delivery does not count.
  expect(seen).toEqual([
    ['running', 1],
    ['running', 1],
    ['ready', 1],
    ['delayed', 1],
  ]);
  expect(await queue.stats('orders')).toMatchObject({ ready: 0, delayed: 0, active: 0 });
  expect(await queue.withdraw('orders', [running, ready, delayed])).toBe(0);
  await queue.close();
  expect(clock.pendingTimers).toBe(0);
});

test('aborts a withdrawn delivery in the same breath, and calls no handler for one that has not begun', async () => {
  const { keeper, queue } = open();
  const seen: unknown[] = [];
  const [running = '', next = ''] = await queue.send('orders', [{ body: 'running' }, { body: 'next' }]);
  const signals: AbortSignal[] = [];
  await queue.consume('orders', ({ body, signal }) => {
    seen.push(body);
    signals.push(signal);
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  });
  await settled();
  const withdrawing = queue.withdraw('orders', [running]);
  expect(signals[0]?.reason).toMatchObject({ code: 'LOOM_CANCELLED' });
  expect(await withdrawing).toBe(1);
  await settled();
  expect(seen).toEqual(['running', 'next']);
  let begin = (): void => {};
  keeper.begin = () => new Promise<string>((resolve) => (begin = () => resolve('"begun"'))) as never;
  const [unbegun = ''] = await queue.send('orders', [{ body: 'not begun' }]);
  expect(await queue.withdraw('orders', [next])).toBe(1);
  await settled();
  expect(await queue.withdraw('orders', [unbegun, unbegun])).toBe(1);
  begin();
  await settled();
  expect(seen).toEqual(['running', 'next']);
  expect(await queue.stats('orders')).toMatchObject({ ready: 0, delayed: 0, active: 0 });
  await queue.close();
});

test('withdraws what comes back from its handler at that moment', async () => {
  const { clock, keeper, queue } = open();
  let delivered = 0;
  let note = (): void => {};
  const end = keeper.end.bind(keeper);
  await queue.consume('orders', async () => {
    delivered += 1;
    // The outcome takes its time to be noted, and only that.
    keeper.end = () => {
      keeper.end = end;
      return new Promise<void>((resolve) => (note = resolve)) as never;
    };
    return { kind: 'retry', delayMs: 1_000 };
  });
  const ids = await queue.send('orders', [{ body: 1 }]);
  await settled();
  const withdrawing = queue.withdraw('orders', ids);
  await settled();
  note();
  expect(await withdrawing).toBe(1);
  await clock.advance(5_000);
  expect(delivered).toBe(1);
  expect(await queue.stats('orders')).toMatchObject({ ready: 0, delayed: 0, active: 0 });
  await queue.close();
});
