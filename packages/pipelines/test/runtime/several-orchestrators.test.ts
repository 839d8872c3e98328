import { ActorRegistry } from '@certoai/loom-core';
import { createTestSetup, ManualClock, type LogLine } from '@certoai/loom-core/testing';
import { InMemoryExecutionStore, InMemoryMessageQueue } from '@certoai/loom-storage/memory';
import { describe, expect, test } from 'vitest';
import { PipelineOrchestrator } from '../../src/index.js';
import { severalOrchestrators, World } from '../kit/several-orchestrators.js';
import { remoteEvents } from '../kit/remote-events.js';
import { workerRouting } from '../kit/worker-routing.js';
/** The store of one process, which several orchestrators of that process may share. */
class SharedInMemoryStore extends InMemoryExecutionStore {
  override readonly capabilities = { durable: false, shared: true };
}

describe('several orchestrators on one store in memory', () => {
  test.each([...severalOrchestrators, ...workerRouting, ...remoteEvents])('$name', async ({ run }) => {
    const parts = { store: new SharedInMemoryStore(), queue: new InMemoryMessageQueue() };
    await using world = new World({ open: async () => parts });
    await run(world);
  });
});

describe('an execution that one of two orchestrators cannot read', () => {
  const twice = { plan: () => [1, 2].map((input) => ({ actor: 'echo', input })) };
  const isFailure = ({ message }: LogLine): boolean => message === 'Execution could not be picked up';

  async function open(store: SharedInMemoryStore, clock: ManualClock, knows: boolean) {
    const registry = new ActorRegistry();
    registry.register('echo', (input: unknown) => input);
    const { logger, log } = createTestSetup();
    const options = { clock, logger, random: () => 1 };
    const orchestrator = new PipelineOrchestrator(undefined, registry, store, undefined, options);
    if (knows) orchestrator.registerExecutor('twice', twice);
    await orchestrator.initialize();
    return { orchestrator, log };
  }

  /** An execution that waits for whoever claims it first. */
  async function left(store: SharedInMemoryStore, clock: ManualClock): Promise<string> {
    const { orchestrator } = await open(store, clock, true);
    const { id } = await orchestrator.start({ stages: [{ id: 's', mode: 'twice' }] });
    await orchestrator.close();
    return id;
  }

  test.each([
    ['before', true],
    ['after', false],
  ])('is with the other one at its next look, when that came %s the first', async (_, otherIsFirst) => {
    const clock = new ManualClock();
    const store = new SharedInMemoryStore({ clock });
    const early = otherIsFirst ? await open(store, clock, true) : undefined;
    const id = await left(store, clock);
    const one = await open(store, clock, false);
    const other = early ?? (await open(store, clock, true));
    expect(await store.load(id)).toMatchObject({ seat: undefined, wakeAt: clock.now() + 1_000 });
    for (let ms = 0; ms < 3_000; ms += 100) await clock.advance(100);
    expect(await other.orchestrator.executions.output(id)).toEqual([1, 2]);
    expect(one.log.filter(isFailure)).toHaveLength(1);
    await one.orchestrator.close();
    await other.orchestrator.close();
  });

  test('is offered to all for as long as nobody can, less and less often, and looked at no more often for it', async () => {
    const clock = new ManualClock();
    const store = new SharedInMemoryStore({ clock });
    const id = await left(store, clock);
    // Somebody holds something else, for a week.
    await store.claim({ holder: 'somebody', now: clock.now(), leaseMs: 604_800_000, limit: 0 });
    await store.create({
      id: 'other',
      definition: { hash: 'other', text: '{}' },
      input: '1',
      state: '{}',
      createdAt: clock.now(),
      wakeAt: null,
      holder: 'somebody',
    });
    let claims = 0;
    const claim = store.claim.bind(store);
    store.claim = (request) => {
      claims += 1;
      return claim(request);
    };
    const one = await open(store, clock, false);
    for (let ms = 0; ms < 300_000; ms += 100) await clock.advance(100);
    // 1, 2, 4, 8, 16, 30, 30 … seconds, and a lease more each time.
    expect(one.log.filter(isFailure).length).toBeGreaterThan(8);
    expect(one.log.filter(isFailure).length).toBeLessThan(16);
    expect(one.log.filter((line) => isFailure(line) && line.level === 'error')).toHaveLength(1);
    expect(claims).toBeLessThan(150);
    expect((await one.orchestrator.executions.why(id))[0]).toMatchObject({ kind: 'not-served' });
    await one.orchestrator.close();
  });
});
