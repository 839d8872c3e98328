import { actorQueueName, ActorWorker, LoomError, silentLogger } from '@certoai/loom-core';
import type { ActorInstance, ActorWorkerOptions, Logger } from '@certoai/loom-core';
import { ManualClock, settled } from '@certoai/loom-core/testing';
import { InMemoryInstanceRegistry, InMemoryMessageQueue } from '@certoai/loom-storage/memory';
import { describe, expect, onTestFinished, test } from 'vitest';

const leaseMs = 900;

/** Counts the calls, and refuses them when told to. */
class WatchedRegistry extends InMemoryInstanceRegistry {
  registrations = 0;
  heartbeats = 0;
  refusal: Error | undefined;
  hold: Promise<void> | undefined;

  override async register(instance: ActorInstance): Promise<{ readonly replaced: boolean }> {
    this.registrations++;
    await this.hold;
    if (this.refusal) throw this.refusal;
    return super.register(instance);
  }
  override async deregister(id: string): Promise<{ readonly known: boolean }> {
    const reply = await super.deregister(id);
    await this.hold;
    return reply;
  }
  override async heartbeat(...args: Parameters<InMemoryInstanceRegistry['heartbeat']>) {
    this.heartbeats++;
    if (this.refusal) throw this.refusal;
    return super.heartbeat(...args);
  }
}

interface Opened {
  readonly clock: ManualClock;
  readonly queue: InMemoryMessageQueue;
  readonly instances: WatchedRegistry;
  readonly worker: ActorWorker;
  readonly lines: string[];
  only(): Promise<ActorInstance | undefined>;
}

function open(options: ActorWorkerOptions = {}): Opened {
  const clock = new ManualClock();
  const queue = new InMemoryMessageQueue({ clock });
  const instances = new WatchedRegistry({ clock, leaseMs });
  const lines: string[] = [];
  const warn: Logger['warn'] = (message) => void lines.push(message);
  const logger: Logger = { ...silentLogger, warn, error: warn, child: () => logger };
  const worker = new ActorWorker('printing', { clock, queue, instances, logger, ...options });
  onTestFinished(async () => {
    const closing = worker.close();
    await clock.advance(60_000);
    await closing;
    await queue.close();
    await instances.close();
    expect(clock.pendingTimers).toBe(0);
  });
  return { clock, queue, instances, worker, lines, only: async () => (await instances.list())[0] };
}

const lane = (type: string): string =>
  expect.stringMatching(new RegExp(`^loom\\.lanes\\.${type}\\.[\\w-]{43}$`)) as string;

describe('a worker that has started', () => {
  test('is known: its name, its types, its labels and how much it can take', async () => {
    const { clock, worker, only } = open({ concurrency: 7, labels: { zone: 'west' } });
    worker.registerActor('plain', () => 1);
    worker.registerActor('described', () => 1, {
      concurrency: 3,
      metadata: { version: '1.4.0-rc.1', capabilities: ['ocr'], tags: ['slow'], owner: 'documents' },
    });
    worker.registerActor('single', { onReceive: () => 1 });
    expect(await only()).toBeUndefined();
    await worker.start();
    expect(await only()).toEqual({
      id: expect.any(String) as string,
      worker: 'printing',
      actors: [
        { type: 'plain', version: '0.0.0', capabilities: [], tags: [], lane: lane('plain') },
        {
          type: 'described',
          version: '1.4.0-rc.1',
          capabilities: ['ocr'],
          tags: ['slow'],
          lane: lane('described'),
        },
        { type: 'single', version: '0.0.0', capabilities: [], tags: [], lane: lane('single') },
      ],
      labels: { zone: 'west' },
      capabilities: [],
      status: 'ready',
      slots: { used: 0, total: 11 },
      startedAt: clock.now(),
    });
  });

  test('is known to the registry of its queue, unless it is given another', async () => {
    const clock = new ManualClock();
    await using queue = new InMemoryMessageQueue({ clock });
    await using worker = new ActorWorker('w', { clock, queue });
    await worker.start();
    expect((await queue.instances.list()).map(({ worker: name }) => name)).toEqual(['w']);
    await worker.close();
    expect(await queue.instances.list()).toEqual([]);
  });

  test('needs no queue to be known', async () => {
    const { clock, worker, only } = open({ queue: undefined });
    worker.registerActor('a', () => 1);
    await worker.start();
    expect((await only())?.actors.map(({ type }) => type)).toEqual(['a']);
    expect(clock.pendingTimers).toBe(1);
    await worker.close();
    expect(clock.pendingTimers).toBe(0);
  });

  test('stays known for as long as it lives, by three heartbeats in a lease', async () => {
    const { clock, worker, instances, only } = open();
    await worker.start();
    await clock.advance(leaseMs * 100);
    expect(await only()).toMatchObject({ status: 'ready' });
    expect([instances.registrations, instances.heartbeats]).toEqual([1, 300]);
  });

  test('says with each heartbeat how many of its places are in use, and never more than it has', async () => {
    const { clock, queue, worker, only } = open();
    const handler = (): Promise<void> => new Promise(() => {});
    worker.registerActor('a', handler, { concurrency: 3 });
    await worker.start();
    const task = {
      executionId: 'e',
      stage: 's',
      index: 0,
      attempt: 1,
      token: 1,
      actor: 'a',
      input: null,
      idempotencyKey: 'k',
    };
    const body = { kind: 'task', task, replyTo: 'reports' };
    await queue.send(actorQueueName('a'), [{ body }, { body }, { body }, { body }]);
    await clock.advance(leaseMs / 3);
    expect((await only())?.slots).toEqual({ used: 3, total: 3 });
    worker.registerActor('a', handler, { concurrency: 1 });
    await clock.advance(leaseMs / 3);
    expect((await only())?.slots).toEqual({ used: 1, total: 1 });
  });

  test('says at once which types come, change and go', async () => {
    const { worker, instances, only } = open();
    worker.registerActor('a', () => 1);
    await worker.start();
    const types = async (): Promise<unknown> => {
      await settled();
      return (await only())?.actors.map(({ type, version }) => `${type}@${version}`);
    };
    worker.registerActor('b', () => 1);
    expect(await types()).toEqual(['a@0.0.0', 'b@0.0.0']);
    worker.registerActor('b', () => 1, { metadata: { version: '2.0.0' } });
    expect(await types()).toEqual(['a@0.0.0', 'b@2.0.0']);
    worker.registry.unregister('a');
    expect(await types()).toEqual(['b@2.0.0']);
    const { registrations } = instances;
    for (let n = 0; n < 50; n++) worker.registerActor(`c${n}`, () => 1);
    await settled();
    expect((await only())?.actors).toHaveLength(51);
    expect(instances.registrations - registrations).toBeLessThanOrEqual(2);
  });

  test('is registered again when the registry has forgotten it', async () => {
    const { clock, worker, instances, only } = open();
    await worker.start();
    const before = await only();
    await instances.deregister(before?.id ?? '');
    await clock.advance(leaseMs / 3);
    expect(await only()).toEqual(before);
  });

  test('says that it drains at once, and is gone when it has closed', async () => {
    const { clock, worker, instances, only } = open();
    worker.registerActor('a', () => new Promise(() => {}));
    await worker.start();
    void worker.run({
      executionId: 'e',
      stage: 's',
      index: 0,
      attempt: 1,
      token: 1,
      actor: 'a',
      input: null,
      idempotencyKey: 'k',
    });
    const draining = worker.drain();
    await settled();
    expect(await only()).toMatchObject({ status: 'draining', slots: { used: 1 } });
    await clock.advance(leaseMs * 5);
    expect(await only()).toMatchObject({ status: 'draining' });
    const closing = worker.close();
    await clock.advance(10_000);
    await Promise.all([draining, closing]);
    expect(await only()).toBeUndefined();
    const { registrations, heartbeats } = instances;
    await clock.advance(leaseMs * 5);
    expect([instances.registrations, instances.heartbeats]).toEqual([registrations, heartbeats]);
  });
});

describe('a registry of instances that fails', () => {
  test('is told again, is logged, and keeps nobody from working', async () => {
    const { clock, worker, instances, lines, only } = open();
    worker.registerActor('a', (n: number) => n + 1);
    instances.refusal = new LoomError('LOOM_STORE_FAILED', 'away');
    await worker.start();
    expect(await worker.ask('a', 1)).toBe(2);
    expect(await only()).toBeUndefined();
    await clock.advance(leaseMs);
    expect(lines).toEqual(Array.from({ length: 4 }, () => 'Worker could not make itself known'));
    instances.refusal = undefined;
    await clock.advance(leaseMs / 3);
    expect(await only()).toMatchObject({ status: 'ready' });
    instances.refusal = new LoomError('LOOM_STORE_FAILED', 'away');
    await clock.advance(leaseMs * 3);
    instances.refusal = undefined;
    await clock.advance(leaseMs / 3);
    expect(await only()).toMatchObject({ status: 'ready' });
  });

  test('keeps the worker from starting only when it refuses what there is to tell', async () => {
    const { worker, lines } = open({ labels: { zone: 7 as unknown as string } });
    await expect(worker.start()).rejects.toMatchObject({
      code: 'LOOM_INVALID_OPTION',
      message: 'labels.zone of an actor instance is 7; give text.',
    });
    expect(lines).toHaveLength(1);
  });

  test('is nothing to complain about once it is closed', async () => {
    const { clock, worker, instances, lines } = open();
    await worker.start();
    await instances.close();
    await clock.advance(leaseMs * 3);
    expect(instances.heartbeats).toBe(9);
    expect(lines).toEqual([]);
  });

  test('holds up the end of the worker no longer than closeTimeoutMs', async () => {
    const { clock, worker, instances } = open({ closeTimeoutMs: 2_000 });
    let letGo = (): void => {};
    instances.hold = new Promise((resolve) => (letGo = resolve));
    void worker.start().catch(() => {});
    await settled();
    let isClosed = false;
    const closing = worker.close().then(() => (isClosed = true));
    await clock.advance(1_999);
    expect(isClosed).toBe(false);
    await clock.advance(1);
    await settled();
    expect(isClosed).toBe(true);
    letGo();
    await closing;
    await settled();
    expect(await instances.list()).toEqual([]);
  });
});

test('a worker that closes while it starts leaves nothing behind', async () => {
  const { clock, worker, instances } = open();
  worker.registerActor('a', () => 1);
  const starting = worker.start();
  await worker.close();
  await starting.catch(() => {});
  await clock.advance(leaseMs);
  expect(await instances.list()).toEqual([]);
});

test('a type that is registered while its worker closes does not bring the worker back', async () => {
  const { worker, instances } = open();
  await worker.start();
  let letGo = (): void => {};
  instances.hold = new Promise((resolve) => (letGo = resolve));
  const closing = worker.close();
  await settled();
  worker.registry.register('late', () => 1);
  await settled();
  letGo();
  await closing;
  expect(await instances.list()).toEqual([]);
});

test('a worker that never started is not known, also when it drains or closes', async () => {
  const { worker, instances } = open();
  worker.registerActor('a', () => 1);
  await worker.drain();
  await worker.close();
  expect([instances.registrations, instances.heartbeats]).toEqual([0, 0]);
});
