import { systemClock } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { openWorker } from '../support/open-worker.ts';

describe('the scheduler', () => {
  test('lets immediates and timers run in between a burst of 200 000 messages', async () => {
    const { worker } = openWorker();
    let handled = 0;
    const ref = worker.spawn(() => void handled++, { mailbox: { capacity: Infinity } });
    for (let i = 0; i < 200_000; i++) ref.tell(i);
    let [immediates, timers] = [0, 0];
    const immediate = (): void => {
      immediates++;
      if (handled < 200_000) setImmediate(immediate);
    };
    const timer = (): void => {
      timers++;
      if (handled < 200_000) systemClock.setTimer(0, timer);
    };
    immediate();
    timer();
    const seen: number[] = [];
    while (handled < 200_000) {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(handled);
    }
    expect(seen[0]).toBeLessThan(200_000);
    expect(immediates).toBeGreaterThan(8);
    expect(timers).toBeGreaterThan(1);
  });

  test('lets them run between two actors that keep each other busy without end', async () => {
    const { worker } = openWorker();
    let balls = 0;
    const ping = worker.spawn(() => {
      balls++;
      pong.tell(1);
    });
    const pong = worker.spawn(() => ping.tell(1));
    ping.tell(1);
    await settled(10);
    expect(balls).toBeGreaterThan(1_000);
    await ping.stop();
  });

  test('gives every actor its turn while another has a long queue', async () => {
    const { worker } = openWorker();
    const order: string[] = [];
    const busy = worker.spawn(
      (message: number) => void (message % 1_000 === 0 && order.push(`busy ${message}`)),
    );
    const quiet = worker.spawn(() => void order.push('quiet'));
    for (let i = 0; i < 10_000; i++) busy.tell(i);
    quiet.tell(1);
    await worker.drain();
    expect(order.indexOf('quiet')).toBeLessThan(3);
    expect(order).toHaveLength(11);
  });

  test('handles what an idle system is told in the same turn of the event loop', async () => {
    const { worker } = openWorker();
    const ref = worker.spawn((message: number) => message);
    await ref.ask(0);
    let turned = false;
    setImmediate(() => (turned = true));
    for (let i = 0; i < 100; i++) await ref.ask(i);
    expect(turned).toBe(false);
  });
});
