// What an orchestrator says of a store, a queue or a registry that does not answer, or refuses.
import { ActorRegistry } from '@certoai/loom-core';
import { ManualClock } from '@certoai/loom-core/testing';
import {
  InMemoryExecutionStore,
  InMemoryInstanceRegistry,
  InMemoryMessageQueue,
} from '@certoai/loom-storage/memory';
import { describe, expect, test } from 'vitest';
import { PipelineOrchestrator } from '../../src/index.js';
import { Cable } from '../kit/cable.js';

class SharedInMemoryStore extends InMemoryExecutionStore {
  override readonly capabilities = { durable: false, shared: true };
}

/** A port that can fall silent: what is asked of it then is answered when it speaks again. */
class Silenceable<Port extends object> {
  readonly port: Port;
  #silent: Promise<void> | undefined;
  #speak: () => void = () => undefined;

  constructor(port: Port) {
    this.port = new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          await this.#silent;
          return (value as (...args: unknown[]) => unknown).apply(target, args);
        };
      },
    });
  }

  fallSilent(): void {
    this.#silent = new Promise((resolve) => (this.#speak = resolve));
  }

  speak(): void {
    this.#silent = undefined;
    this.#speak();
  }
}

const definition = { stages: [{ id: 's', actor: 'elsewhere' }] };

async function open() {
  const clock = new ManualClock();
  const store = new Silenceable(new SharedInMemoryStore({ clock }));
  const queue = new Silenceable(new InMemoryMessageQueue({ clock }));
  const instances = new Silenceable(new InMemoryInstanceRegistry({ clock }));
  const options = { clock, instances: instances.port };
  const registry = new ActorRegistry();
  const orchestrator = new PipelineOrchestrator(queue.port, registry, store.port, undefined, options);
  await orchestrator.initialize();
  const why = async (id: string): Promise<readonly string[]> =>
    (await orchestrator.executions.why(id)).map(({ kind }) => kind);
  return { clock, store, queue, instances, orchestrator, why };
}

describe('an orchestrator', () => {
  test('tells of a store that does not answer, though no step waits for it, until it does', async () => {
    const { clock, store, orchestrator, why } = await open();
    const { id } = await orchestrator.start(definition);
    await clock.advance(1_000);
    store.fallSilent();
    await clock.advance(2_000);
    expect(orchestrator.failure('store')).toBeUndefined();
    await clock.advance(1_000);
    expect(orchestrator.failure('store')).toMatchObject({
      code: 'LOOM_STORE_FAILED',
      message: expect.stringMatching(/^The store has not answered for [23]\d{3} ms; /),
    });
    expect(await why(id)).toEqual(['store-unavailable', 'no-worker']);
    store.speak();
    await clock.advance(1_000);
    expect(orchestrator.failure('store')).toBeUndefined();
    expect(await why(id)).toEqual(['no-worker']);
    await orchestrator.close();
  });

  test('tells of a queue that does not answer, until it does', async () => {
    const { clock, queue, orchestrator, why } = await open();
    queue.fallSilent();
    const { id } = await orchestrator.start(definition);
    await clock.advance(3_000);
    expect(orchestrator.failure('queue')?.message).toMatch(/^The queue has not answered for \d+ ms; /);
    expect(await why(id)).toEqual(['queue-unavailable']);
    queue.speak();
    await clock.advance(1_000);
    expect(orchestrator.failure('queue')).toBeUndefined();
    expect(await why(id)).toEqual(['no-worker']);
    await orchestrator.close();
  });

  test('answers why without what a silent registry would know', async () => {
    const { clock, instances, orchestrator, why } = await open();
    const { id } = await orchestrator.start(definition);
    instances.fallSilent();
    await clock.advance(5_000);
    let answer: readonly string[] | undefined;
    const asking = why(id).then((reasons) => (answer = reasons));
    await clock.advance(999);
    expect(answer).toBeUndefined();
    await clock.advance(1);
    await asking;
    expect(answer).toEqual(['running']);
    instances.speak();
    await orchestrator.close();
  });

  test('says of an execution elsewhere that it cannot be looked at, when the store refuses', async () => {
    const { store, queue, orchestrator } = await open();
    const { id } = await orchestrator.start(definition);
    const cable = new Cable(store.port, queue.port);
    const other = new PipelineOrchestrator(cable.queue, new ActorRegistry(), cable.store);
    await other.initialize();
    cable.cut();
    const message = 'The execution cannot be looked at: The connection is cut.';
    expect(await other.executions.why(id)).toEqual([{ kind: 'store-unavailable', message }]);
    cable.mend();
    await expect(other.executions.why('nothing')).rejects.toMatchObject({ code: 'LOOM_NOT_FOUND' });
    await other.close();
    await orchestrator.close();
  });
});
