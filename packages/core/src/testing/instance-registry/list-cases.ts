import assert from 'node:assert/strict';
import type { ConformanceCase } from '../conformance-case.js';
import { idsOf, instance, leaseMs } from './building.js';
import type { InstanceRegistryHarness } from './harness.js';

export const listCases: readonly ConformanceCase<InstanceRegistryHarness>[] = [
  {
    name: 'lists what was registered, by start and then id',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      assert.deepEqual(await registry.list(), []);
      await registry.register(instance('c', { startedAt: 5 }));
      await registry.register(instance('b', { startedAt: 9 }));
      await registry.register(
        instance('a', { startedAt: 9, labels: { zone: 'west' }, slots: { used: 1, total: 4 } }),
      );
      const listed = await registry.list();
      assert.deepEqual(idsOf(listed), ['c', 'a', 'b']);
      assert.deepEqual(
        listed[1],
        instance('a', { startedAt: 9, labels: { zone: 'west' }, slots: { used: 1, total: 4 } }),
      );
    },
  },
  {
    name: 'lists by actor type, in whichever version and place it is hosted',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      const actors = [
        { type: 'mailer', version: '2.0.0' },
        { type: 'printer', version: '1.0.0' },
        { type: 'mailer', version: '1.0.0' },
      ];
      await registry.register(instance('both', { actors }));
      await registry.register(instance('mail'));
      assert.deepEqual(idsOf(await registry.list({ actorType: 'mailer' })), ['both', 'mail']);
      assert.deepEqual(idsOf(await registry.list({ actorType: 'printer' })), ['both']);
      assert.deepEqual(await registry.list({ actorType: 'mail' }), []);
    },
  },
  {
    name: 'gives back all that is said of an actor',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      const actor = {
        type: 'reader',
        version: '1.4.0-rc.1+7',
        capabilities: ['ocr', 'pdf'],
        tags: ['slow'],
        lane: 'loom.lanes.reader.0f',
      };
      const told = instance('a', { actors: [actor], labels: { zone: 'west' }, capabilities: ['gpu'] });
      await registry.register(told);
      assert.deepEqual(await registry.list({ actorType: 'reader' }), [told]);
    },
  },
  {
    name: 'leaves no ghost when an id registers again under another type',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      assert.deepEqual(await registry.register(instance('a')), { replaced: false });
      const again = instance('a', {
        actors: [{ type: 'printer', version: '1.0.0' }],
        labels: { zone: 'east' },
      });
      assert.deepEqual(await registry.register(again), { replaced: true });
      assert.deepEqual(await registry.list({ actorType: 'mailer' }), []);
      assert.deepEqual(idsOf(await registry.list({ actorType: 'printer' })), ['a']);
      assert.equal((await registry.list()).length, 1);
      await registry.deregister('a');
      assert.deepEqual(await registry.list({ actorType: 'printer' }), []);
    },
  },
  {
    name: 'gives out what does not change later, and keeps what cannot be changed from outside',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      const labels: Record<string, string> = { zone: 'west' };
      await registry.register(instance('a', { labels }));
      labels.zone = 'east';
      const [before] = await registry.list();
      await registry.heartbeat('a', { status: 'unhealthy' });
      assert.equal(before?.status, 'ready');
      assert.deepEqual(before?.labels, { zone: 'west' });
      assert.deepEqual((await registry.list())[0]?.labels, { zone: 'west' });
    },
  },
  {
    name: 'takes ids, names and labels of any characters',
    async run(harness) {
      await using registry = await harness.create({ leaseMs });
      const ids = ['mailer/1', ' a b ', '{a}:*[', 'é😀', '-1', '0', '__proto__', '\n"\\'];
      for (const id of ids) {
        const actors = [{ type: id === '0' ? 'mailer.0-' : 'mailer', version: '1.0.0-rc.1+b.7' }];
        await registry.register(instance(id, { worker: id, labels: { [`${id}/x y`]: id }, actors }));
      }
      const listed = await registry.list({ actorType: 'mailer' });
      assert.deepEqual(idsOf(listed).toSorted(), ids.filter((id) => id !== '0').toSorted());
      for (const { id, worker, labels } of listed)
        assert.deepEqual([worker, labels], [id, { [`${id}/x y`]: id }]);
      for (const id of ids) assert.deepEqual(await registry.deregister(id), { known: true });
      assert.deepEqual(await registry.list(), []);
    },
  },
  {
    name: 'lists many instances, each once',
    async run(harness) {
      await using registry = await harness.create({ leaseMs: leaseMs * 10 });
      const all = Array.from({ length: 500 }, (_, at) => instance(`i${at}`, { startedAt: at }));
      await Promise.all(all.toReversed().map((one) => registry.register(one)));
      assert.deepEqual(await registry.list({ actorType: 'mailer' }), all);
      assert.deepEqual(await registry.list(), all);
    },
  },
];
