import assert from 'node:assert/strict';
import type { ConformanceCase } from '../conformance-case.js';
import { instance, leaseMs, watching } from './building.js';
import type { InstanceRegistryHarness } from './harness.js';

export const watchCases: readonly ConformanceCase<InstanceRegistryHarness>[] = [
  {
    name: 'tells of each change once and in order, and of no heartbeat that changes nothing',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      await registry.register(instance('before'));
      const watch = await watching(harness, registry);
      await registry.register(instance('a'));
      await registry.heartbeat('a');
      await registry.heartbeat('a', { status: 'ready' });
      await registry.heartbeat('a', { status: 'draining' });
      await registry.register(instance('a', { worker: 'other' }));
      await registry.register(instance('a', { worker: 'other' }));
      await registry.deregister('a');
      await registry.deregister('a');
      await watch.until('registered a', 'updated a', 'updated a', 'gone a: deregistered');
      assert.equal(watch.changes[1]?.instance.status, 'draining');
      assert.equal(watch.changes[2]?.instance.worker, 'other');
    },
  },
  {
    name: 'tells of an ended lease by itself, also when nobody reads',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      const watch = await watching(harness, registry);
      await registry.register(instance('a'));
      await registry.register(instance('b'));
      // The port lets a watch be late by a lease.
      for (let lived = 0; lived < leaseMs * 2.2; lived += leaseMs * 0.4) {
        await harness.elapse(leaseMs * 0.4);
        assert.deepEqual(await registry.heartbeat('b'), { known: true });
      }
      await watch.until('registered a', 'registered b', 'gone a: lease-ended');
      await harness.elapse(leaseMs + 1);
      await watch.until('registered a', 'registered b', 'gone a: lease-ended', 'gone b: lease-ended');
    },
  },
  {
    name: 'tells nothing after a watch has ended, by hand or by its signal',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      const controller = new AbortController();
      const byHand = await watching(harness, registry);
      const bySignal = await watching(harness, registry, controller.signal);
      await registry.register(instance('a'));
      await byHand.until('registered a');
      await bySignal.until('registered a');
      byHand.end();
      byHand.end();
      controller.abort();
      await registry.deregister('a');
      await harness.elapse(leaseMs + 1);
      assert.equal(byHand.changes.length, 1);
      assert.equal(bySignal.changes.length, 1);
      const reason = new Error('stopped before');
      await assert.rejects(
        registry.watch(() => {}, { signal: AbortSignal.abort(reason) }),
        reason,
      );
    },
  },
  {
    name: 'keeps other listeners and the registration when a listener throws',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      await registry.watch(() => {
        throw new Error('a listener failed');
      });
      const watch = await watching(harness, registry);
      assert.deepEqual(await registry.register(instance('a')), { replaced: false });
      await watch.until('registered a');
    },
  },
];
