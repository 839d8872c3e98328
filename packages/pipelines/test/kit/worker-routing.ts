// Which workers get which tasks, on every store and queue that several processes can share.
import assert from 'node:assert/strict';
import { isLoomError, type ActorFunction, type RegisterOptions } from '@certoai/loom-core';
import type { DefinitionInput } from '../../src/index.js';
import { Gate, until, type SharedCase } from './several-orchestrators.js';

/** Says who it is. */
const says =
  (who: string): ActorFunction =>
  () =>
    who;

const at = (version: string, more: object = {}): RegisterOptions => ({ metadata: { version, ...more } });
const ocr = (version: string): RegisterOptions => at(version, { capabilities: ['ocr', 'pdf'] });

const twenty = Array.from({ length: 20 }, (_, index) => index);
const scatter = (stage: object): DefinitionInput => ({
  stages: [{ id: 's', mode: 'scatter', scatter: { over: 'input' }, ...stage }],
});

const counts = (output: unknown): Readonly<Record<string, number>> => {
  const found: Record<string, number> = {};
  for (const who of output as readonly string[]) found[who] = (found[who] ?? 0) + 1;
  return found;
};

export const workerRouting: readonly SharedCase[] = [
  {
    name: 'a capability is served by all that have it, whatever they are called, and by no others',
    async run(world) {
      const { orchestrator } = await world.orchestrator();
      await world.worker({ tesseract: [says('tesseract'), ocr('1.0.0')] });
      await world.worker({ cloud: [says('cloud'), ocr('3.0.0')], mailer: [says('mailer'), at('1.0.0')] });
      const definition = scatter({ actor: { capability: ['pdf', 'ocr'] } });
      const { output } = await orchestrator.execute(definition, twenty);
      const found = counts(output);
      assert.deepEqual(Object.keys(found).sort(), ['cloud', 'tesseract']);
      const named = await orchestrator.execute(
        scatter({ actor: { capability: 'ocr' }, workers: { version: '>=2' } }),
        twenty,
      );
      assert.deepEqual(counts(named.output), { cloud: 20 });
    },
  },
  {
    name: 'a version range is kept to, and without one every version helps',
    async run(world) {
      const { orchestrator } = await world.orchestrator();
      await world.worker({ read: [says('1'), at('1.4.0')] });
      await world.worker({ read: [says('2'), at('2.1.0')] });
      const old = await orchestrator.execute(scatter({ actor: 'read', workers: { version: '^1' } }), twenty);
      assert.deepEqual(counts(old.output), { 1: 20 });
      const rules = { rules: [{ when: 'item', actor: 'read' }], default: 'read' };
      const next = await orchestrator.execute(scatter({ actor: rules, workers: { version: '2.x' } }), twenty);
      assert.deepEqual(counts(next.output), { 2: 20 });
      const any = await orchestrator.execute(scatter({ actor: 'read' }), twenty);
      assert.equal((any.output as readonly string[]).length, 20);
    },
  },
  {
    name: 'labels are kept to, each task by its own data',
    async run(world) {
      const { orchestrator } = await world.orchestrator();
      await world.worker({ read: says('west') }, { zone: 'west', gpu: 'a100' });
      await world.worker({ read: says('east') }, { zone: 'east' });
      const zones = twenty.map((index) => (index % 3 === 0 ? 'west' : 'east'));
      const definition = scatter({ actor: 'read', workers: { labels: { zone: '${item}' } } });
      assert.deepEqual((await orchestrator.execute(definition, zones)).output, zones);
      const both = scatter({ actor: 'read', workers: { labels: { zone: 'west', gpu: 'a100' } } });
      assert.deepEqual(counts((await orchestrator.execute(both, twenty)).output), { west: 20 });
    },
  },
  {
    name: 'what nobody has is a reason that says what there is instead, until somebody has it',
    async run(world) {
      const { orchestrator } = await world.orchestrator();
      await world.worker({ read: [says('1'), at('1.4.0')] });
      const definition = { stages: [{ id: 's', actor: 'read', workers: { version: '^2' } }] };
      const handle = await orchestrator.start(definition, 1);
      await until(async () => {
        const [reason] = await orchestrator.executions.why(handle.id);
        return (
          reason?.kind === 'no-worker' &&
          reason.message ===
            'No live worker runs actor "read" in version ^2; 1 task of stage "s" waits for one. Actor type "read" is live in 1.4.0, and none of it has version ^2.'
        );
      }, 'the missing version is the reason');
      await world.worker({ read: [says('2'), at('2.0.0')] });
      assert.equal((await handle.result()).output, '2');
    },
  },
  {
    name: 'a label that is no text fails its task and names it',
    async run(world) {
      const { orchestrator } = await world.orchestrator();
      const definition = {
        stages: [{ id: 's', actor: 'read', workers: { labels: { zone: '${input.zone}' } } }],
      };
      await assert.rejects(orchestrator.execute(definition, {}), /Label "zone" of the workers came to null/);
    },
  },
  {
    name: 'a pinned execution stays with the version it began with, while others move on',
    async run(world) {
      const { orchestrator } = await world.orchestrator();
      const gate = new Gate();
      await world.worker({ hold: [gate.actor, at('1.0.0')], read: [says('1.0.0'), at('1.0.0')] });
      const stages = [
        { id: 'a', actor: 'hold' },
        { id: 'b', mode: 'scatter', scatter: { over: '${input}' }, actor: 'read' },
      ];
      const [exact, minor, major] = await Promise.all(
        ['exact', 'minor', 'major'].map((pinVersions) => orchestrator.start({ stages, pinVersions }, twenty)),
      );
      await until(() => gate.begun === 3, 'all three have begun');
      // Too new for any of them.
      await world.worker({ read: [says('2.0.0'), at('2.0.0')] });
      gate.open(null);
      for (const handle of [exact, minor, major])
        assert.deepEqual(counts((await handle?.result())?.output), { '1.0.0': 20 });
      const unpinned = await orchestrator.start({ stages, pinVersions: 'exact' }, twenty);
      assert.deepEqual(counts((await unpinned.result()).output), { '2.0.0': 20 });
    },
  },
  {
    name: 'a pinned execution moves to another version by its rule, and no further',
    async run(world) {
      const { orchestrator } = await world.orchestrator();
      const gate = new Gate();
      await world.worker({ hold: [gate.actor, at('1.0.0')] });
      const first = await world.worker({ read: [says('1.0.0'), at('1.0.0')] });
      const stages = [
        { id: 'a', actor: 'hold' },
        { id: 'b', actor: 'read' },
      ];
      const minor = await orchestrator.start({ stages, pinVersions: 'minor' }, 1);
      const major = await orchestrator.start({ stages, pinVersions: 'major' }, 1);
      await until(() => gate.begun === 2, 'both have begun');
      await world.worker({ read: [says('1.1.0'), at('1.1.0')] });
      await first.close();
      gate.open(null);
      assert.equal((await major.result()).output, '1.1.0');
      await until(async () => {
        const [reason] = await orchestrator.executions.why(minor.id);
        return reason?.kind === 'no-worker' && reason.message.includes('in version ~1.0.0');
      }, 'the pinned version is the reason');
      await world.worker({ read: [says('1.0.7'), at('1.0.7')] });
      assert.equal((await minor.result()).output, '1.0.7');
    },
  },
  {
    name: 'pinned is refused when nobody is there to say a version, and nothing starts',
    async run(world) {
      const { orchestrator } = await world.orchestrator();
      const definition = { stages: [{ id: 's', actor: 'nobody' }], pinVersions: 'exact' };
      await assert.rejects(
        orchestrator.start(definition, 1),
        (error) => isLoomError(error, 'LOOM_UNKNOWN_ACTOR') && /"nobody"/.test(error.message),
      );
      assert.deepEqual((await orchestrator.executions.list()).items, []);
    },
  },
  {
    name: 'what waits for workers that have gone moves to others',
    async run(world) {
      const { orchestrator } = await world.orchestrator();
      const gate = new Gate();
      const leaving = await world.worker({ read: [gate.actor, { ...at('1.0.0'), concurrency: 1 }] });
      const definition = scatter({ actor: 'read', workers: { version: '^1' } });
      const handle = await orchestrator.start(definition, twenty);
      await gate.hasBegun;
      await world.worker({ read: [says('1.5.0'), at('1.5.0')] });
      await leaving.close();
      assert.deepEqual(counts((await handle.result()).output), { '1.5.0': 20 });
    },
  },
  {
    name: 'another orchestrator finds the task where the first one sent it',
    async run(world) {
      const gate = new Gate();
      await world.worker({ read: [gate.actor, at('1.0.0')] });
      await world.worker({ read: [says('never'), at('2.0.0')] });
      const first = await world.orchestrator();
      const second = await world.orchestrator();
      const definition = { stages: [{ id: 's', actor: 'read', workers: { version: '^1' } }] };
      const { id } = await first.orchestrator.start(definition, 1);
      await gate.hasBegun;
      first.cable.cut();
      await until(() => second.orchestrator.isServing(id), 'the second serves it');
      gate.open('once');
      const handle = await second.orchestrator.executions.attach(id);
      assert.equal((await handle.result()).output, 'once');
      assert.equal(gate.begun, 1);
    },
  },
  {
    name: 'an actor that is here is taken first, when it has what is asked for',
    async run(world) {
      const { orchestrator } = await world.orchestrator({ read: [says('here'), ocr('1.0.0')] });
      await world.worker({ read: [says('there'), ocr('2.0.0')] });
      const local = await orchestrator.execute(scatter({ actor: { capability: 'ocr' } }), twenty);
      assert.deepEqual(counts(local.output), { here: 20 });
      const remote = await orchestrator.execute(
        scatter({ actor: { capability: 'ocr' }, workers: { version: '2' } }),
        twenty,
      );
      assert.deepEqual(counts(remote.output), { there: 20 });
    },
  },
  {
    name: 'a limit that counts over all workers is refused where only some may run a task',
    async run(world) {
      const { orchestrator } = await world.orchestrator({
        read: [says('here'), { ...at('1.0.0'), limit: { concurrency: 1 } }],
      });
      const definition = { stages: [{ id: 's', actor: 'read', workers: { version: '^1' } }] };
      await assert.rejects(orchestrator.execute(definition, 1), /registered with a limit/);
    },
  },
];
