import { isLoomError } from '@certoai/loom-core';
import type { ActorInstance } from '@certoai/loom-core';
import { instanceRegistryConformance, ManualClock } from '@certoai/loom-core/testing';
import { expect, test } from 'vitest';
import { InMemoryInstanceRegistry } from '../../src/memory/in-memory-instance-registry.js';

for (const { name, run } of instanceRegistryConformance) {
  test(name, async () => {
    const clock = new ManualClock();
    await run({
      create: async ({ leaseMs }) => new InMemoryInstanceRegistry({ leaseMs, clock }),
      elapse: (ms) => clock.advance(ms),
    });
    expect(clock.pendingTimers).toBe(0);
  });
}

const a: ActorInstance = {
  id: 'a',
  worker: 'worker',
  actors: [],
  status: 'ready',
  slots: { used: 0, total: 1 },
  startedAt: 0,
};

test('sets a timer only while somebody watches', async () => {
  const clock = new ManualClock();
  const registry = new InMemoryInstanceRegistry({ clock });
  await registry.register(a);
  expect(clock.pendingTimers).toBe(0);
  const end = await registry.watch(() => {});
  expect(clock.pendingTimers).toBe(1);
  end();
  expect(clock.pendingTimers).toBe(0);
});

test.each([0, -1, 1.5, Number.NaN, Infinity])('refuses a lease of %s', (leaseMs) => {
  expect(() => new InMemoryInstanceRegistry({ leaseMs })).toThrow(
    `leaseMs is ${leaseMs}; give a whole number, 1 or more.`,
  );
});

test('has a lease of 15 seconds by default, also for an explicit undefined', () => {
  expect(new InMemoryInstanceRegistry({ leaseMs: undefined }).leaseMs).toBe(15_000);
});

test('its errors are recognised by code', async () => {
  const registry = new InMemoryInstanceRegistry();
  await registry.close();
  await expect(registry.list()).rejects.toSatisfy((error) => isLoomError(error, 'LOOM_CLOSED'));
});
