import { ActorRegistry, LoomError, type ExecutionStore, type MessageQueue } from '@certoai/loom-core';
import { createTestSetup, ManualClock } from '@certoai/loom-core/testing';
import { OutboxPattern } from '@certoai/loom-storage';
import { InMemoryExecutionStore, InMemoryMessageQueue } from '@certoai/loom-storage/memory';
import { describe, expect, test, vi } from 'vitest';
import {
  PipelineOrchestrator,
  type ExecutionFinished,
  type Notify,
  type OrchestratorOptions,
} from '../../src/index.js';
import { crashingStore } from '../kit/crashing-store.js';
import { stores } from '../kit/stores.js';

const quick = { name: 'quick', stages: [{ id: 's', actor: 'echo' }] };
const notify: Notify = { queue: 'ended' };

function orchestratorOn(
  store: ExecutionStore,
  messages: MessageQueue | undefined,
  options: OrchestratorOptions = {},
): PipelineOrchestrator {
  const registry = new ActorRegistry();
  registry.register('echo', (input: unknown) => input);
  registry.register('hang', () => new Promise(() => undefined));
  registry.register('boom', () => {
    throw new Error('no luck');
  });
  return new PipelineOrchestrator(undefined, registry, store, undefined, {
    messages: messages && (() => messages),
    ...options,
  });
}

/** What comes to a queue, in the order in which it comes. */
async function listen(messages: MessageQueue, queue = 'ended'): Promise<readonly ExecutionFinished[]> {
  const told: ExecutionFinished[] = [];
  await messages.consume(queue, async ({ body }) => void told.push(body as unknown as ExecutionFinished));
  return told;
}

/** Resolves when nothing is on its way: what came by then is all that comes. */
async function allSent(orchestrator: PipelineOrchestrator, messages: MessageQueue): Promise<void> {
  const outbox = await orchestrator.outbox();
  await vi.waitFor(async () => expect((await outbox.stats()).waiting).toBe(0), { timeout: 10_000 });
  await vi.waitFor(async () => expect(await messages.stats('ended')).toMatchObject({ ready: 0, active: 0 }));
}

describe.each(stores)('a queue is told on a store $name', ({ open }) => {
  test('how an execution ended, whichever way', async () => {
    await using under = await open();
    await using messages = new InMemoryMessageQueue();
    await using orchestrator = orchestratorOn(under.store, messages);
    const told = await listen(messages);
    const headers = { 'x-order': '7' };
    const done = await orchestrator.start(
      quick,
      { n: 1 },
      { tags: ['a', 'b'], notify: { queue: 'ended', headers } },
    );
    await done.result();
    await vi.waitFor(() => expect(told).toHaveLength(1));
    const status = await done.status();
    expect(told[0]).toEqual({
      kind: 'execution-finished',
      executionId: done.id,
      name: 'quick',
      status: 'completed',
      output: { n: 1 },
      tags: ['a', 'b'],
      finishedAt: status.finishedAt,
      headers,
    });

    const failed = await orchestrator.start({ stages: [{ id: 's', actor: 'boom' }] }, 1, { notify });
    await vi.waitFor(() => expect(told).toHaveLength(2));
    expect(told[1]).toMatchObject({
      executionId: failed.id,
      status: 'failed',
      error: { message: 'no luck' },
    });
    expect(Object.keys(told[1] ?? {}).sort()).toEqual([
      'error',
      'executionId',
      'finishedAt',
      'kind',
      'status',
    ]);

    const hanging = { stages: [{ id: 's', actor: 'hang' }] };
    const cancelled = await orchestrator.start(hanging, 1, { notify });
    await cancelled.cancel({ reason: 'enough' });
    await vi.waitFor(() => expect(told).toHaveLength(3));
    expect(told[2]).toMatchObject({
      executionId: cancelled.id,
      status: 'cancelled',
      error: { code: 'LOOM_CANCELLED' },
    });

    const late = await orchestrator.start(hanging, 1, { notify, timeoutMs: 20 });
    await vi.waitFor(() => expect(told).toHaveLength(4));
    expect(told[3]).toMatchObject({
      executionId: late.id,
      status: 'timed-out',
      error: { code: 'LOOM_TIMEOUT' },
    });

    // The first decision ends it, and there is no output.
    const nothing = await orchestrator.start({ stages: [{ id: 's', actor: 'echo', when: '`false`' }] }, 1, {
      notify,
    });
    await vi.waitFor(() => expect(told).toHaveLength(5));
    expect(told[4]).toMatchObject({ executionId: nothing.id, status: 'completed', output: null });

    await orchestrator.execute(quick, 'nobody asked');
    await allSent(orchestrator, messages);
    expect(told).toHaveLength(5);
  });

  test('once, wherever the process dies on the way', async () => {
    const definition = {
      stages: [
        { id: 'a', actor: 'echo' },
        { id: 'b', mode: 'scatter', scatter: { over: 'stages.a.output' }, actor: 'echo' },
      ],
    };
    let writes = Number.POSITIVE_INFINITY;
    for (let write = 0; write < writes; write += 1) {
      for (const applied of [false, true]) {
        await using under = await open();
        await using messages = new InMemoryMessageQueue();
        const told = await listen(messages);
        let died: () => void = () => undefined;
        const dead = new Promise<void>((resolve) => (died = resolve));
        const store = crashingStore(under.store, { write, applied }, () => died());
        const first = orchestratorOn(store, messages);
        const started = first.start(definition, [1, 2, 3], { idempotencyKey: 'once', notify });
        const ended = started.then(({ result }) => result()).then(() => 'ended' as const);
        if ((await Promise.race([dead, ended])) === 'ended') {
          writes = write;
          await first.close();
          continue;
        }
        await using second = orchestratorOn(await under.reopen(), messages);
        const handle = await second.start(definition, [1, 2, 3], { idempotencyKey: 'once', notify });
        expect((await handle.result()).output).toEqual([1, 2, 3]);
        await allSent(second, messages);
        expect(
          told.map(({ executionId }) => executionId),
          `write ${write}, ${applied}`,
        ).toEqual([handle.id]);
      }
    }
    expect(writes).toBeGreaterThan(4);
  });

  test('in the order in which executions of one key ended', async () => {
    await using under = await open();
    await using messages = new InMemoryMessageQueue();
    await using orchestrator = orchestratorOn(under.store, messages);
    const told = await listen(messages);
    const ids: string[] = [];
    for (let n = 0; n < 20; n += 1) {
      const { executionId } = await orchestrator.execute(quick, n, {
        notify: { queue: 'ended', key: 'order-7' },
      });
      ids.push(executionId);
    }
    await vi.waitFor(() => expect(told).toHaveLength(20));
    expect(told.map(({ executionId }) => executionId)).toEqual(ids);
  });

  test('what a later process finds in the store', async () => {
    await using under = await open();
    await using messages = new InMemoryMessageQueue();
    // This one cannot send, as another orchestrator that has no queue.
    const started = orchestratorOn(under.store, messages);
    const { id } = await started.start({ stages: [{ id: 's', actor: 'hang' }] }, 1, { notify });
    await started.close();
    const mute = orchestratorOn(await under.reopen(), undefined);
    await (await mute.executions.attach(id)).cancel();
    await mute.close();
    expect((await messages.stats('ended')).ready).toBe(0);
    const told = await listen(messages);
    await using last = orchestratorOn(await under.reopen(), messages);
    await last.initialize();
    await vi.waitFor(() => expect(told).toMatchObject([{ executionId: id, status: 'cancelled' }]));
  });
});

test('an output is told that is larger than what users may commit', async () => {
  await using messages = new InMemoryMessageQueue();
  await using orchestrator = orchestratorOn(new InMemoryExecutionStore(), messages);
  const told = await listen(messages);
  const large = 'x'.repeat(3_000_000);
  await orchestrator.execute(quick, large, { notify });
  await vi.waitFor(() => expect(told).toHaveLength(1));
  expect(told[0]?.output === large).toBe(true);
});

test('what the queue refuses is parked where it can be seen, and sent when asked for', async () => {
  await using messages = new InMemoryMessageQueue();
  let refuses = true;
  const choosy = new Proxy(messages, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (name === 'send' && refuses) throw new LoomError('LOOM_UNSUPPORTED', 'Not today.');
        return (value as (...args: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  const { logger, log } = createTestSetup();
  await using orchestrator = orchestratorOn(new InMemoryExecutionStore(), choosy, { logger });
  const told = await listen(messages);
  const { executionId } = await orchestrator.execute(quick, 1, { notify });
  const outbox = await orchestrator.outbox();
  await vi.waitFor(async () => expect(await outbox.stats()).toMatchObject({ waiting: 0, parked: 1 }));
  expect(await outbox.parked.list()).toMatchObject([
    { queue: 'ended', reason: 'Not today.', body: { executionId } },
  ]);
  expect(log.filter(({ level }) => level === 'error')).toMatchObject([{ message: 'Outbox message parked' }]);
  refuses = false;
  expect(await outbox.parked.retry()).toBe(1);
  await vi.waitFor(() => expect(told).toMatchObject([{ executionId }]));
});

describe('nothing is started', () => {
  test.each<readonly [string, unknown]>([
    ['notify', 'ended'],
    ['notify', null],
    ['notify.queue', {}],
    ['notify.queue', { queue: '' }],
    ['notify.queue', { queue: 'a:b' }],
    ['notify.queue', { queue: 'x'.repeat(201) }],
    ['notify.queue', { queue: 'loom.actors.echo' }],
    ['notify.key', { queue: 'q', key: '' }],
    ['notify.key', { queue: 'q', key: 7 }],
    ['notify.key', { queue: 'q', key: 'nul\0' }],
    ['notify.key', { queue: 'q', key: '\ud800' }],
    ['notify.key', { queue: 'q', key: 'x'.repeat(257) }],
    ['notify.headers', { queue: 'q', headers: null }],
    ['notify.headers', { queue: 'q', headers: 'text' }],
    ['notify.headers', { queue: 'q', headers: { n: 7 } }],
    [
      'notify.headers',
      { queue: 'q', headers: Object.fromEntries([...Array(51).keys()].map((n) => [n, ''])) },
    ],
  ])('with a %s that makes no sense (%#)', async (option, given) => {
    const store = new InMemoryExecutionStore();
    await using orchestrator = orchestratorOn(store, new InMemoryMessageQueue());
    await expect(orchestrator.start(quick, 1, { notify: given as Notify })).rejects.toMatchObject({
      code: 'LOOM_INVALID_OPTION',
      details: { option },
    });
    expect((await store.list({})).items).toEqual([]);
  });

  test('without a queue, or on a store without an outbox', async () => {
    const store = new InMemoryExecutionStore();
    await using alone = orchestratorOn(store, undefined);
    await expect(alone.start(quick, 1, { notify })).rejects.toMatchObject({ code: 'LOOM_UNSUPPORTED' });
    await expect(alone.outbox()).rejects.toMatchObject({ code: 'LOOM_UNSUPPORTED' });
    class WithoutOutbox extends InMemoryExecutionStore {
      override get outbox(): never {
        return undefined as never;
      }
    }
    await using bare = orchestratorOn(new WithoutOutbox(), new InMemoryMessageQueue());
    await expect(bare.start(quick, 1, { notify })).rejects.toMatchObject({ code: 'LOOM_UNSUPPORTED' });
    await expect(bare.execute(quick, 1)).resolves.toMatchObject({ output: 1 });
    expect((await store.list({})).items).toEqual([]);
  });

  test('what it was given may change afterwards', async () => {
    await using messages = new InMemoryMessageQueue();
    await using orchestrator = orchestratorOn(new InMemoryExecutionStore(), messages);
    const told = await listen(messages);
    const given = { queue: 'ended', headers: { a: '1' } };
    const handle = await orchestrator.start(quick, 1, { notify: given });
    given.queue = 'elsewhere';
    given.headers.a = '2';
    await handle.result();
    await vi.waitFor(() => expect(told).toMatchObject([{ headers: { a: '1' } }]));
  });
});

describe('an orchestrator with nothing to tell', () => {
  class Watched extends InMemoryExecutionStore {
    override readonly capabilities = { durable: false, shared: true };
    readonly calls: string[] = [];
    override get outbox(): InMemoryExecutionStore['outbox'] {
      return new Proxy(super.outbox, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name, target);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) => {
            this.calls.push(String(name));
            return (value as (...args: unknown[]) => unknown).apply(target, args);
          };
        },
      });
    }
  }

  test('looks twice a minute for what others have left, and sends it', async () => {
    const clock = new ManualClock();
    const store = new Watched({ clock });
    await using messages = new InMemoryMessageQueue();
    await using orchestrator = orchestratorOn(store, messages, { clock, leaseMs: 600_000 });
    await orchestrator.execute(quick, 1);
    for (let minute = 0; minute < 3; minute += 1) await clock.advance(60_000);
    expect(store.calls).toEqual(Array.from({ length: 7 }, () => 'stats'));
    // As a process does that dies before it has sent it.
    await new OutboxPattern(store.outbox, messages, { clock }).commit({
      messages: [{ queue: 'ended', body: 'left behind' }],
    });
    await clock.advance(30_000);
    await vi.waitFor(async () => expect((await messages.stats('ended')).ready).toBe(1));
    store.calls.length = 0;
    await clock.advance(60_000);
    // From now on the relay looks by itself.
    expect(store.calls.length).toBeLessThanOrEqual(4);
    expect(store.calls).not.toContain('stats');
  });

  test('starts and works when it cannot look, and looks again', async () => {
    const clock = new ManualClock();
    let isFull = true;
    class Full extends InMemoryExecutionStore {
      override get outbox(): InMemoryExecutionStore['outbox'] {
        if (isFull) throw new LoomError('LOOM_STORE_FULL', 'No room for tables.');
        return super.outbox;
      }
    }
    const { logger, log } = createTestSetup();
    const store = new Full({ clock });
    await using messages = new InMemoryMessageQueue();
    await using orchestrator = orchestratorOn(store, messages, { clock, logger });
    await orchestrator.execute(quick, 1);
    await expect(orchestrator.start(quick, 1, { notify })).rejects.toMatchObject({ code: 'LOOM_STORE_FULL' });
    isFull = false;
    await new OutboxPattern(store.outbox, messages, { clock }).commit({
      messages: [{ queue: 'ended', body: 'left behind' }],
    });
    await clock.advance(30_000);
    await vi.waitFor(async () => expect((await messages.stats('ended')).ready).toBe(1));
    expect(log.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  test('looks no more once it is closed', async () => {
    const clock = new ManualClock();
    const store = new Watched({ clock });
    const orchestrator = orchestratorOn(store, new InMemoryMessageQueue(), { clock, leaseMs: 600_000 });
    await orchestrator.initialize();
    await orchestrator.close();
    await clock.advance(120_000);
    expect(store.calls).toEqual(['stats']);
    await expect(orchestrator.outbox()).rejects.toMatchObject({ code: 'LOOM_CLOSED' });
  });
});
