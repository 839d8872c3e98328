import assert from 'node:assert/strict';
import type { ConformanceCase } from '../conformance-case.js';
import { idsOf, instance, leaseMs, watching } from './building.js';
import type { InstanceRegistryHarness } from './harness.js';

/** Of stores that several processes share; the others have nothing to show. */
export const sharedCases: readonly ConformanceCase<InstanceRegistryHarness>[] = [
  {
    name: 'lists and watches what other processes register',
    async run(harness) {
      await using here = await harness.create({ leaseMs });
      await using there = await harness.another?.(here);
      if (!there) return;
      await here.register(instance('a'));
      assert.deepEqual(idsOf(await there.list({ actorType: 'mailer' })), ['a']);
      const watch = await watching(harness, there);
      await here.register(instance('b'));
      await here.heartbeat('a', { status: 'draining' });
      assert.deepEqual(await there.heartbeat('b', { status: 'unhealthy' }), { known: true });
      await here.deregister('a');
      await watch.until('registered b', 'updated a', 'updated b', 'gone a: deregistered');
      assert.deepEqual(await here.list(), [instance('b', { status: 'unhealthy' })]);
    },
  },
  {
    name: 'keeps what is registered when the process that registered it closes its registry',
    async run(harness) {
      const here = await harness.create({ leaseMs });
      await using there = await harness.another?.(here);
      await here.register(instance('a'));
      await here.close();
      if (there) assert.deepEqual(idsOf(await there.list()), ['a']);
    },
  },
  {
    name: 'tells every process once of an ended lease',
    async run(harness) {
      await using here = await harness.create({ leaseMs });
      await using there = await harness.another?.(here);
      if (!there) return;
      const watches = [await watching(harness, here), await watching(harness, there)];
      await here.register(instance('a'));
      await harness.elapse(leaseMs + 1);
      for (const watch of watches) await watch.until('registered a', 'gone a: lease-ended');
      await harness.elapse(leaseMs);
      for (const watch of watches) await watch.until('registered a', 'gone a: lease-ended');
    },
  },
];
