import type { InstanceRegistry } from '@certoai/loom-core';
import { instanceRegistryConformance } from '@certoai/loom-core/testing';
import { CosmosDBActorRegistry } from '@certoai/loom-storage';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BusyClock } from './busy-clock.js';
import { startCosmos, type TestCosmos } from './cosmos.js';

let cosmos: TestCosmos;
let databases = 0;

beforeAll(async () => {
  cosmos = await startCosmos();
});
afterAll(() => cosmos[Symbol.asyncDispose]());

for (const { name, run } of instanceRegistryConformance) {
  test(name, { timeout: 60_000 }, async () => {
    const clock = new BusyClock();
    const places = new Map<InstanceRegistry, { readonly database: string; readonly leaseMs: number }>();
    const opened = async (database: string, leaseMs: number): Promise<InstanceRegistry> => {
      const { client } = await cosmos.open({ database });
      const registry = new CosmosDBActorRegistry(client, { database, leaseMs, clock, maxConcurrent: 64 });
      places.set(registry, { database, leaseMs });
      return registry;
    };
    await run({
      create: ({ leaseMs }) => opened(`instances-${(databases += 1)}`, leaseMs),
      another(registry) {
        const { database = '', leaseMs = 0 } = places.get(registry) ?? {};
        return opened(database, leaseMs);
      },
      elapse: (ms) => clock.advance(ms),
    });
    await clock.idle();
    expect(clock.pendingTimers).toBe(0);
  });
}
