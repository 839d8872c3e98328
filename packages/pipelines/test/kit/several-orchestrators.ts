// What holds when several processes share one store and one queue, on every store and queue that can be shared.
import assert from 'node:assert/strict';
import {
  ActorRegistry,
  ActorWorker,
  type ActorFunction,
  type ExecutionStore,
  type MessageQueue,
  type RegisterOptions,
} from '@certoai/loom-core';
import { PipelineOrchestrator, type OrchestratorOptions, type StageExecutor } from '../../src/index.js';
import { Cable } from './cable.js';

/** One process's own objects on what all share. */
export interface SharedParts {
  readonly store: ExecutionStore;
  readonly queue: MessageQueue;
}

export interface SharedPlace {
  /** What a new process would open. Closed by the place. */
  open(): Promise<SharedParts>;
}

export interface SharedCase {
  readonly name: string;
  run(world: World): Promise<void>;
}

type Actors = Readonly<Record<string, ActorFunction | readonly [ActorFunction, RegisterOptions]>>;

const leaseMs = 200;

/** Processes of one test, which end with it. */
export class World implements AsyncDisposable {
  readonly #place: SharedPlace;
  readonly #ends: (() => Promise<unknown>)[] = [];

  constructor(place: SharedPlace) {
    this.#place = place;
  }

  async orchestrator(
    actors: Actors = {},
    options: OrchestratorOptions = {},
  ): Promise<{
    readonly orchestrator: PipelineOrchestrator;
    readonly cable: Cable;
    readonly registry: ActorRegistry;
  }> {
    const { store, queue } = await this.#place.open();
    const cable = new Cable(store, queue);
    const registry = registryOf(actors);
    const orchestrator = new PipelineOrchestrator(cable.queue, registry, cable.store, undefined, {
      leaseMs,
      ...options,
    });
    await orchestrator.initialize();
    this.#ends.push(() => orchestrator.close());
    return { orchestrator, cable, registry };
  }

  async worker(actors: Actors, labels?: Readonly<Record<string, string>>): Promise<ActorWorker> {
    const { queue } = await this.#place.open();
    const registry = registryOf(actors);
    const worker = new ActorWorker('elsewhere', { queue, registry, labels, leaseMs: 500 });
    await worker.start();
    this.#ends.push(() => worker.close());
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
  }
}

function registryOf(actors: Actors): ActorRegistry {
  const registry = new ActorRegistry();
  for (const [type, actor] of Object.entries(actors)) {
    if (typeof actor === 'function') registry.register(type, actor);
    else registry.register(type, actor[0], actor[1]);
  }
  return registry;
}

/** A task that waits to be let go, and tells how often it began and whether it was told to stop. */
export class Gate {
  begun = 0;
  stopped: unknown;
  #open: (value: unknown) => void = () => undefined;
  readonly #opened = new Promise((resolve) => (this.#open = resolve));
  #noteBegun: () => void = () => undefined;
  readonly hasBegun = new Promise<void>((resolve) => (this.#noteBegun = resolve));
  #noteStopped: () => void = () => undefined;
  readonly hasStopped = new Promise<void>((resolve) => (this.#noteStopped = resolve));

  readonly actor: ActorFunction = (_input, { signal }) => {
    this.begun += 1;
    this.#noteBegun();
    signal.addEventListener('abort', () => {
      this.stopped = signal.reason;
      this.#noteStopped();
    });
    return this.#opened;
  };

  open(value: unknown): void {
    this.#open(value);
  }
}

const one = (
  actor: string,
): { readonly stages: readonly { readonly id: string; readonly actor: string }[] } => ({
  stages: [{ id: 's', actor }],
});

/** A mode of tasks for the numbers 1 and 2. */
const twice: StageExecutor = {
  plan: () => [
    { actor: 'work', input: 1 },
    { actor: 'work', input: 2 },
  ],
};

/** Why an execution is not served, or ''. */
async function notServed(orchestrator: PipelineOrchestrator, id: string): Promise<string> {
  const [reason] = await orchestrator.executions.why(id);
  return reason?.kind === 'not-served' ? reason.message : '';
}

export async function until(holds: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`it never came to pass that ${what}`);
}

export const severalOrchestrators: readonly SharedCase[] = [
  {
    name: 'what one started, another finishes when the first has died',
    async run(world) {
      const gate = new Gate();
      const first = await world.orchestrator({ work: gate.actor });
      const { id } = await first.orchestrator.start(one('work'), 1);
      await gate.hasBegun;
      first.cable.cut();
      const second = await world.orchestrator({ work: () => 'by the second' });
      const handle = await second.orchestrator.executions.attach(id);
      assert.equal((await handle.result()).output, 'by the second');
    },
  },
  {
    name: 'one that closes hands over at once, and the work in queues is not done twice',
    async run(world) {
      const gate = new Gate();
      await world.worker({ work: gate.actor });
      const first = await world.orchestrator({}, { leaseMs: 60_000 });
      const { id } = await first.orchestrator.start(one('work'), 1);
      await gate.hasBegun;
      await first.orchestrator.close();
      const second = await world.orchestrator();
      gate.open('once');
      assert.equal((await (await second.orchestrator.executions.attach(id)).result()).output, 'once');
      assert.equal(gate.begun, 1);
    },
  },
  {
    name: 'a task with a worker elsewhere outlives the orchestrator that sent it, and runs once',
    async run(world) {
      const gate = new Gate();
      await world.worker({ work: gate.actor });
      const first = await world.orchestrator();
      const { id } = await first.orchestrator.start(one('work'), 1);
      await gate.hasBegun;
      first.cable.cut();
      // Its report goes to the seat of the dead one, before anybody has taken over.
      gate.open('once');
      const second = await world.orchestrator();
      assert.equal((await (await second.orchestrator.executions.attach(id)).result()).output, 'once');
      assert.equal(gate.begun, 1);
    },
  },
  {
    name: 'a fan-out goes on where it was, and every result counts once',
    async run(world) {
      const runs = new Map<number, number>();
      const count: ActorFunction = (n) => {
        runs.set(n as number, (runs.get(n as number) ?? 0) + 1);
        return (n as number) * 2;
      };
      await world.worker({ double: count });
      await world.worker({ double: count });
      const first = await world.orchestrator();
      const items = Array.from({ length: 500 }, (_, n) => n);
      const definition = {
        stages: [{ id: 's', mode: 'scatter', scatter: { over: 'input', concurrency: 20 }, actor: 'double' }],
      };
      const { id } = await first.orchestrator.start(definition, items);
      await until(() => runs.size > 100, 'a hundred tasks have run');
      first.cable.cut();
      const second = await world.orchestrator();
      const { output } = await (await second.orchestrator.executions.attach(id)).result();
      assert.deepEqual(
        output,
        items.map((n) => n * 2),
      );
      assert.equal(runs.size, 500);
      assert.deepEqual(
        [...runs].filter(([, times]) => times > 1),
        [],
      );
    },
  },
  {
    name: 'who waits anywhere is told the result',
    async run(world) {
      const gate = new Gate();
      const first = await world.orchestrator({ work: gate.actor });
      const second = await world.orchestrator();
      const { id } = await first.orchestrator.start(one('work'), 1);
      const handle = await second.orchestrator.executions.attach(id);
      const heard: string[] = [];
      const listening = (async () => {
        for await (const event of handle.events()) heard.push(event.type);
      })();
      await gate.hasBegun;
      gate.open(7);
      assert.equal((await handle.result()).output, 7);
      await listening;
      assert.equal(heard.at(-1), 'execution:finished');
      assert.equal((await handle.status()).status, 'completed');
    },
  },
  {
    name: 'cancel from another process stops code that runs with the orchestrator',
    async run(world) {
      const gate = new Gate();
      const first = await world.orchestrator({ work: gate.actor });
      const second = await world.orchestrator();
      const handle = await first.orchestrator.start(one('work'), 1);
      await gate.hasBegun;
      await (await second.orchestrator.executions.attach(handle.id)).cancel({ reason: 'enough' });
      assert.equal((await second.orchestrator.executions.get(handle.id)).status, 'cancelled');
      await gate.hasStopped;
      assert.equal((gate.stopped as { readonly code?: string }).code, 'LOOM_CANCELLED');
      await assert.rejects(handle.result(), { status: 'cancelled' });
    },
  },
  {
    name: 'cancel stops code that runs with a worker elsewhere, and what waits there never starts',
    async run(world) {
      const gate = new Gate();
      const worker = await world.worker({ work: [gate.actor, { concurrency: 1 }] });
      const first = await world.orchestrator();
      const second = await world.orchestrator();
      const definition = {
        stages: [{ id: 's', mode: 'scatter', scatter: { over: 'input' }, actor: 'work' }],
      };
      const { id } = await first.orchestrator.start(definition, [1, 2, 3, 4, 5]);
      await gate.hasBegun;
      await (await second.orchestrator.executions.attach(id)).cancel();
      await gate.hasStopped;
      assert.equal((gate.stopped as { readonly code?: string }).code, 'LOOM_CANCELLED');
      await until(() => (worker.activity()['work']?.running ?? 0) === 0, 'the worker has nothing to do');
      assert.equal(gate.begun, 1);
    },
  },
  {
    name: 'pause and resume work from another process',
    async run(world) {
      const gate = new Gate();
      const first = await world.orchestrator({ work: gate.actor, next: () => 'done' });
      const second = await world.orchestrator();
      const { id } = await first.orchestrator.start({
        stages: [
          { id: 'a', actor: 'work' },
          { id: 'b', actor: 'next' },
        ],
      });
      await gate.hasBegun;
      const handle = await second.orchestrator.executions.attach(id);
      await handle.pause();
      gate.open(1);
      await until(async () => (await handle.status()).stages[0]?.status === 'completed', 'a has completed');
      assert.equal((await handle.status()).status, 'paused');
      assert.deepEqual(
        (await second.orchestrator.executions.why(id)).map(({ kind }) => kind),
        ['paused', 'dependency'],
      );
      await handle.resume();
      assert.equal((await handle.result()).output, 'done');
    },
  },
  {
    name: 'a report that comes while an execution is paused and taken over is not lost',
    async run(world) {
      const gate = new Gate();
      await world.worker({ work: gate.actor });
      const first = await world.orchestrator();
      const handle = await first.orchestrator.start(one('work'), 1);
      await gate.hasBegun;
      await handle.pause();
      first.cable.cut();
      const second = await world.orchestrator();
      const again = await second.orchestrator.executions.attach(handle.id);
      await until(async () => second.orchestrator.isServing(handle.id), 'the second has taken over');
      gate.open('kept');
      await until(async () => (await again.status()).stages[0]?.done === 1, 'the result is recorded');
      await again.resume();
      assert.equal((await again.result()).output, 'kept');
      assert.equal(gate.begun, 1);
    },
  },
  {
    name: 'one that was cut off too long lets go, and its late results change nothing',
    async run(world) {
      const gate = new Gate();
      const first = await world.orchestrator({ work: gate.actor });
      const handle = await first.orchestrator.start(one('work'), 1);
      await gate.hasBegun;
      first.cable.cut();
      const second = await world.orchestrator({ work: () => 'right' });
      const { output } = await (await second.orchestrator.executions.attach(handle.id)).result();
      assert.equal(output, 'right');
      first.cable.mend();
      gate.open('too late');
      assert.equal((await handle.result()).output, 'right');
      assert.equal(await first.orchestrator.executions.output(handle.id), 'right');
    },
  },
  {
    name: 'config stays what it was at the start, though another with other layers looks on and takes over',
    async run(world) {
      const gate = new Gate();
      const read: ActorFunction = (input) => input;
      const first = await world.orchestrator(
        { work: gate.actor, read },
        { layered: { get: (scope) => ({ items: ['the first'], ...scope }) } },
      );
      const second = await world.orchestrator(
        { work: () => null, read },
        { layered: { get: () => ({ items: ['the', 'second'] }) } },
      );
      const definition = {
        stages: [
          { id: 'hold', mode: 'scatter', scatter: { over: 'config.items' }, actor: 'work' },
          { id: 'read', actor: 'read', input: '${config}' },
        ],
      };
      const { id } = await first.orchestrator.start(definition, null, { tenant: 'acme' });
      await gate.hasBegun;
      const { executions } = second.orchestrator;
      assert.equal((await executions.get(id)).tenant, 'acme');
      const reasons = await executions.why(id);
      assert.ok(
        reasons.some(({ kind, stage, tasks }) => kind === 'running' && stage === 'hold' && tasks === 1),
      );
      first.cable.cut();
      const { output } = await (await executions.attach(id)).result();
      assert.deepEqual(output, { items: ['the first'], tenant: 'acme', actorType: 'read' });
    },
  },
  {
    name: 'the same key started everywhere at once is one execution',
    async run(world) {
      let runs = 0;
      const work: ActorFunction = () => (runs += 1);
      const all = await Promise.all([1, 2, 3].map(() => world.orchestrator({ work })));
      const results = await Promise.all(
        all.map(({ orchestrator }) => orchestrator.execute(one('work'), 1, { idempotencyKey: 'key' })),
      );
      assert.deepEqual(
        results.map(({ output }) => output),
        [1, 1, 1],
      );
      assert.equal(new Set(results.map(({ executionId }) => executionId)).size, 1);
      assert.equal(runs, 1);
    },
  },
  {
    name: 'an actor that no live worker hosts is a reason, until one does',
    async run(world) {
      const { orchestrator } = await world.orchestrator();
      const handle = await orchestrator.start(one('rare'), 1);
      await until(async () => {
        const [reason] = await orchestrator.executions.why(handle.id);
        return reason?.kind === 'no-worker' && reason.actor === 'rare';
      }, 'the missing worker is the reason');
      await world.worker({ rare: () => 'found' });
      assert.equal((await handle.result()).output, 'found');
    },
  },
  {
    name: 'one that cannot be read here is finished by another that has its mode, and meanwhile says why not',
    async run(world) {
      const first = await world.orchestrator({ work: () => new Promise(() => undefined) });
      first.orchestrator.registerExecutor('twice', twice);
      const { id } = await first.orchestrator.start({ stages: [{ id: 's', mode: 'twice' }] });
      const healthy = await first.orchestrator.start(one('work'), 'healthy');
      first.cable.cut();
      const second = await world.orchestrator({ work: (input) => input });
      const attached = await second.orchestrator.executions.attach(healthy.id);
      assert.equal((await attached.result()).output, 'healthy');
      await until(async () => (await notServed(second.orchestrator, id)).includes('"twice"'), 'it says why');
      await until(async () => (await second.cable.store.load(id))?.seat === undefined, 'it is released');
      assert.match(await notServed(second.orchestrator, id), /"twice"/);
      // One that looks at the same times gets it sooner or later.
      const third = await world.orchestrator({ work: (input) => input });
      third.orchestrator.registerExecutor('twice', twice);
      await until(async () => (await third.cable.store.load(id))?.status === 'completed', 'it is finished');
      assert.deepEqual(await third.orchestrator.executions.output(id), [1, 2]);
      assert.deepEqual(await third.orchestrator.executions.why(id), []);
    },
  },
  {
    name: 'one that was released is taken back at once when its mode is registered',
    async run(world) {
      const first = await world.orchestrator({ work: () => new Promise(() => undefined) });
      first.orchestrator.registerExecutor('twice', twice);
      const { id } = await first.orchestrator.start({ stages: [{ id: 's', mode: 'twice' }] });
      first.cable.cut();
      // Times to wake half a minute and more ahead, so that nothing but the registration takes it.
      const second = await world.orchestrator({ work: (input) => input }, { random: () => 60 });
      await until(
        async () => ((await second.cable.store.load(id))?.wakeAt ?? 0) > Date.now(),
        'it is released',
      );
      assert.equal((await second.cable.store.load(id))?.seat, undefined);
      second.orchestrator.registerExecutor('twice', twice);
      const handle = await second.orchestrator.executions.attach(id);
      assert.deepEqual((await handle.result()).output, [1, 2]);
      assert.equal(second.orchestrator.isServing(id), false);
    },
  },
  {
    name: 'limits by key hold over all workers, and no key keeps another waiting',
    async run(world) {
      const running = new Map<string, number>();
      const most = new Map<string, number>();
      const finished: string[] = [];
      const actor: ActorFunction = async (tenant) => {
        const key = tenant as string;
        const now = (running.get(key) ?? 0) + 1;
        running.set(key, now);
        most.set(key, Math.max(most.get(key) ?? 0, now));
        await new Promise((resolve) => setTimeout(resolve, 2));
        running.set(key, (running.get(key) ?? 0) - 1);
        finished.push(key);
        return key;
      };
      await world.worker({ work: actor });
      await world.worker({ work: actor });
      const { orchestrator } = await world.orchestrator();
      const definition = {
        stages: [
          {
            id: 's',
            mode: 'scatter',
            scatter: { over: 'input', concurrency: 1_000 },
            actor: 'work',
            limit: { key: '${item}', concurrency: 2 },
          },
        ],
      };
      const items = [...Array.from({ length: 300 }, () => 'noisy'), 'quiet', 'quiet'];
      assert.deepEqual((await orchestrator.execute(definition, items)).output, items);
      assert.equal(most.get('noisy'), 2);
      assert.ok(finished.lastIndexOf('quiet') < 100, 'the quiet key was done long before the noisy one');
    },
  },
];
