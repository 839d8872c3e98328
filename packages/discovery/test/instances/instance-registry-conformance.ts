// What every InstanceRegistry must do, as data: no test runner, so that any adapter runs it unchanged.
import assert from 'node:assert/strict';
import { isLoomError } from '@certoai/loom-core';
import type { ConformanceCase } from '@certoai/loom-core/testing';
import type { ActorInstance, InstanceChange, InstanceRegistry } from '../../src/index.js';
import { instance } from '../support/instance.js';

export interface InstanceRegistryHarness {
  /** A fresh, empty registry with this lease. */
  create(options: { readonly leaseMs: number }): Promise<InstanceRegistry>;
  /** Lets `ms` milliseconds pass for the adapter: moves a clock, or really waits. */
  elapse(ms: number): Promise<void>;
}

const leaseMs = 1_000;

const idsOf = (instances: readonly ActorInstance[]): readonly string[] => instances.map(({ id }) => id);

/** Collects changes; `until` waits for the adapter to tell as many as are expected. */
async function watching(harness: InstanceRegistryHarness, registry: InstanceRegistry, signal?: AbortSignal) {
  const changes: InstanceChange[] = [];
  const end = await registry.watch((change) => void changes.push(change), { signal });
  const said = (): readonly string[] =>
    changes.map(
      (change) => `${change.kind} ${change.instance.id}${change.kind === 'gone' ? `: ${change.reason}` : ''}`,
    );
  return {
    changes,
    end,
    async until(...expected: string[]): Promise<void> {
      for (let i = 0; i < 50 && said().length < expected.length; i++) await harness.elapse(1);
      assert.deepEqual(said(), expected);
    },
  };
}

const rejectsWith = (
  work: Promise<unknown>,
  code: Parameters<typeof isLoomError>[1],
  text = /./,
): Promise<void> => assert.rejects(work, (error) => isLoomError(error, code) && text.test(error.message));

export const instanceRegistryConformance: readonly ConformanceCase<InstanceRegistryHarness>[] = [
  {
    name: 'lists what was registered, by start and then id',
    async run({ create }) {
      await using registry = await create({ leaseMs });
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
    async run({ create }) {
      await using registry = await create({ leaseMs });
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
    name: 'leaves no ghost when an id registers again under another type',
    async run({ create }) {
      await using registry = await create({ leaseMs });
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
    name: 'creates nothing on a heartbeat of an unknown id, and says so',
    async run({ create }) {
      await using registry = await create({ leaseMs });
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
    async run({ create, elapse }) {
      await using registry = await create({ leaseMs });
      await registry.register(instance('alive'));
      await registry.register(instance('stale'));
      for (let i = 0; i < 3; i++) {
        await elapse(leaseMs * 0.6);
        assert.deepEqual(await registry.heartbeat('alive'), { known: true });
      }
      assert.deepEqual(idsOf(await registry.list()), ['alive']);
      await elapse(leaseMs + 1);
      assert.deepEqual(await registry.list(), []);
    },
  },
  {
    name: 'forgets a stale instance for good: a late heartbeat does not bring it back, a registration does',
    async run({ create, elapse }) {
      await using registry = await create({ leaseMs });
      await registry.register(instance('a'));
      await elapse(leaseMs + 1);
      assert.deepEqual(await registry.heartbeat('a'), { known: false });
      assert.deepEqual(await registry.deregister('a'), { known: false });
      assert.deepEqual(await registry.list({ actorType: 'mailer' }), []);
      assert.deepEqual(await registry.register(instance('a')), { replaced: false });
      assert.deepEqual(idsOf(await registry.list({ actorType: 'mailer' })), ['a']);
    },
  },
  {
    name: 'renews the lease when an id registers again',
    async run({ create, elapse }) {
      await using registry = await create({ leaseMs });
      await registry.register(instance('a'));
      await elapse(leaseMs * 0.6);
      await registry.register(instance('a'));
      await elapse(leaseMs * 0.6);
      assert.deepEqual(idsOf(await registry.list()), ['a']);
    },
  },
  {
    name: 'changes status and slots by heartbeat, and keeps what is not given',
    async run({ create }) {
      await using registry = await create({ leaseMs });
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
    async run({ create }) {
      await using registry = await create({ leaseMs });
      await registry.register(instance('a'));
      assert.deepEqual(await registry.deregister('b'), { known: false });
      assert.deepEqual(await registry.deregister('a'), { known: true });
      assert.deepEqual(await registry.deregister('a'), { known: false });
    },
  },
  {
    name: 'gives out what does not change later, and keeps what cannot be changed from outside',
    async run({ create }) {
      await using registry = await create({ leaseMs });
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
    name: 'refuses what is no instance, by field and value, and keeps nothing of it',
    async run({ create }) {
      await using registry = await create({ leaseMs });
      const refused: readonly (readonly [object, RegExp])[] = [
        [{ id: '' }, /^id /],
        [{ worker: undefined }, /^worker /],
        [{ actors: [{ type: 'a b', version: '1.0.0' }] }, /^actors\.0\.type .*"a b"/],
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
        [{ status: 'redy' }, /Did you mean "ready"/],
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
      await rejectsWith(
        registry.heartbeat('a', { slots: { used: 5, total: 4 } }),
        'LOOM_INVALID_OPTION',
        /slots\.used/,
      );
      assert.deepEqual(await registry.list(), [instance('a')]);
    },
  },
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
      await harness.elapse(leaseMs * 0.6);
      await registry.heartbeat('b');
      await harness.elapse(leaseMs * 0.6);
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
