import assert from 'node:assert/strict';
import type { ConformanceCase } from '../conformance-case.js';
import { idsOf, instance, leaseMs } from './building.js';
import type { InstanceRegistryHarness } from './harness.js';

export const leaseCases: readonly ConformanceCase<InstanceRegistryHarness>[] = [
  {
    name: 'creates nothing on a heartbeat of an unknown id, and says so',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      assert.deepEqual(
        await registry.heartbeat('nobody', { status: 'ready', slots: { used: 0, total: 1 } }),
        { known: false },
      );
      assert.deepEqual(await registry.list(), []);
      await registry.register(instance('a'));
      await registry.deregister('a');
      assert.deepEqual(await registry.heartbeat('a'), { known: false });
      assert.deepEqual(await registry.list(), []);
    },
  },
  {
    name: 'keeps an instance for as long as it sends heartbeats, and not longer than its lease',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      await registry.register(instance('alive'));
      await registry.register(instance('stale'));
      for (let i = 0; i < 3; i++) {
        await harness.elapse(leaseMs * 0.6);
        assert.deepEqual(await registry.heartbeat('alive'), { known: true });
      }
      assert.deepEqual(idsOf(await registry.list()), ['alive']);
      await harness.elapse(leaseMs + 1);
      assert.deepEqual(await registry.list(), []);
    },
  },
  {
    name: 'forgets a stale instance for good: a late heartbeat does not bring it back, a registration does',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      await registry.register(instance('a'));
      await harness.elapse(leaseMs + 1);
      assert.deepEqual(await registry.heartbeat('a'), { known: false });
      assert.deepEqual(await registry.deregister('a'), { known: false });
      assert.deepEqual(await registry.list({ actorType: 'mailer' }), []);
      assert.deepEqual(await registry.register(instance('a')), { replaced: false });
      assert.deepEqual(idsOf(await registry.list({ actorType: 'mailer' })), ['a']);
    },
  },
  {
    name: 'renews the lease when an id registers again',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      await registry.register(instance('a'));
      await harness.elapse(leaseMs * 0.6);
      await registry.register(instance('a'));
      await harness.elapse(leaseMs * 0.6);
      assert.deepEqual(idsOf(await registry.list()), ['a']);
    },
  },
  {
    name: 'changes status and slots by heartbeat, and keeps what is not given',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      await registry.register(instance('a', { labels: { zone: 'west' } }));
      await registry.heartbeat('a', { slots: { used: 3, total: 4 } });
      await registry.heartbeat('a', { status: 'draining', slots: undefined });
      await registry.heartbeat('a');
      const expected = {
        status: 'draining',
        slots: { used: 3, total: 4 },
        labels: { zone: 'west' },
      } as const;
      assert.deepEqual(await registry.list(), [instance('a', expected)]);
    },
  },
  {
    name: 'says whether what is deregistered was there',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      await registry.register(instance('a'));
      assert.deepEqual(await registry.deregister('b'), { known: false });
      assert.deepEqual(await registry.deregister('a'), { known: true });
      assert.deepEqual(await registry.deregister('a'), { known: false });
    },
  },
];
