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
