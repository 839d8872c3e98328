import assert from 'node:assert/strict';
import type { ConformanceCase } from '../conformance-case.js';
import { instance, leaseMs, rejectsWith, watching } from './building.js';
import type { InstanceRegistryHarness } from './harness.js';

export const refusalCases: readonly ConformanceCase<InstanceRegistryHarness>[] = [
  {
    name: 'refuses what is no instance, by field and value, and keeps nothing of it',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      const refused: readonly (readonly [object, RegExp])[] = [
        [{ id: '' }, /^id /],
        [{ worker: undefined }, /^worker /],
        [{ actors: [{ type: 'a b', version: '1.0.0' }] }, /^actors\.0\.type .*"a b"/],
        [{ actors: [{ type: 'a', version: '1.0.0', lane: 'a lane' }] }, /^actors\.0\.lane .*"a lane"/],
        [{ actors: [{ type: 'a', version: 'v1' }] }, /^actors\.0\.version .*"v1"/],
        [
          {
            actors: [
              { type: 'a', version: '1.0.0' },
              { type: 'a', version: '1.0.0' },
            ],
          },
          /"a@1\.0\.0"/,
        ],
        [{ status: 'redy' }, /^status .*"redy"/],
        [{ slots: { used: 2, total: 1 } }, /^slots\.used/],
        [{ slots: { used: Number.NaN, total: 1 } }, /^slots\.used .*NaN/],
        [{ slots: { used: 0, total: Infinity } }, /^slots\.total .*Infinity/],
        [{ slots: { used: 0, total: -1 } }, /^slots\.total .*-1/],
        [{ startedAt: Number.NaN }, /^startedAt .*NaN/],
        [{ labels: { zone: 1 } }, /^labels\.zone .*1/],
        [{ capabilities: 'gpu' }, /^capabilities .*"gpu"/],
      ];
      for (const [fields, message] of refused) {
        await rejectsWith(registry.register(instance('a', fields)), 'LOOM_INVALID_OPTION', message);
      }
      assert.deepEqual(await registry.list(), []);
      await registry.register(instance('a'));
      for (const id of ['', ' ', 'x'.repeat(257), undefined as unknown as string]) {
        await rejectsWith(registry.heartbeat(id), 'LOOM_INVALID_OPTION', /^id /);
        await rejectsWith(registry.deregister(id), 'LOOM_INVALID_OPTION', /^id /);
      }
      await rejectsWith(
        registry.heartbeat('a', { slots: { used: 5, total: 4 } }),
        'LOOM_INVALID_OPTION',
        /slots\.used/,
      );
      assert.deepEqual(await registry.list(), [instance('a')]);
    },
  },
  {
    name: 'refuses everything after close, and closes twice',
    async run(harness) {
      const registry = await harness.create({ leaseMs });
      const watch = await watching(harness, registry);
      await registry.close();
      await registry.close();
      await rejectsWith(registry.register(instance('a')), 'LOOM_CLOSED');
      await rejectsWith(registry.heartbeat('a'), 'LOOM_CLOSED');
      await rejectsWith(registry.deregister('a'), 'LOOM_CLOSED');
      await rejectsWith(registry.list(), 'LOOM_CLOSED');
      await rejectsWith(
        registry.watch(() => {}),
        'LOOM_CLOSED',
      );
      assert.deepEqual(watch.changes, []);
      watch.end();
    },
  },
];
