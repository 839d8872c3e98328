import { ActorWorker, type MessageQueue } from '@certoai/loom-core';
import type { OutboxPattern } from '@certoai/loom-storage';
import { expect, vi } from 'vitest';
import type { DefinitionInput, ExecutionFinished, ExecutionHandle, StartOptions } from '../../src/index.js';

/** What is tried out, and the queue of a process that is not the orchestrator's. */
export interface TriedOut {
  readonly start: (
    definition: DefinitionInput,
    input: unknown,
    options?: StartOptions,
  ) => Promise<ExecutionHandle>;
  readonly outbox: () => Promise<OutboxPattern>;
  readonly queue: MessageQueue;
}

const patience = { timeout: 20_000, interval: 20 };
const empty = { ready: 0, delayed: 0, active: 0, dead: 0 };
const limit = { key: '${item.tenant}', concurrency: 2, rate: { limit: 50, perMs: 1_000 } };
const retry = { maxAttempts: 3, initialDelayMs: 10, jitter: false };
const items = Array.from({ length: 12 }, (_, n) => ({ tenant: `tenant-${n % 3}`, n }));
/** Too large for a message or the state of an execution. */
const large = 'x'.repeat(400_000);

/** Uses everything that the adapters for Redis do, with a worker that is reached by the queue alone. */
export async function useAllOfRedis({ start, outbox, queue }: TriedOut): Promise<void> {
  await using worker = new ActorWorker('elsewhere', { queue });
  worker.registerActor('flaky', ({ n }: { readonly n: number }, { attempt }) => {
    if (attempt === 1 && n % 2 === 0) throw new Error('not the first time');
    return n;
  });
  worker.registerActor('echo', (value: unknown) => value);
  let held = 0;
  worker.registerActor(
    'hold',
    (_input: unknown, { signal }) =>
      new Promise((_resolve, reject) => {
        held += 1;
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      }),
    { concurrency: 1 },
  );
  worker.registerActor('greet', (name: string) => `hello ${name}`);
  await worker.start();

  const told: ExecutionFinished[] = [];
  await queue.consume('ended', async ({ body }) => void told.push(body as unknown as ExecutionFinished));
  const ordinary = await start(
    {
      stages: [
        { id: 'each', mode: 'scatter', scatter: { over: 'input.items' }, actor: 'flaky', limit, retry },
        { id: 'large', dependsOn: [], actor: 'echo', input: '${input.large}' },
        { id: 'both', dependsOn: ['each', 'large'], actor: 'echo', input: '${length(stages.large.output)}' },
      ],
    },
    { items, large },
    { notify: { queue: 'ended', key: 'order' } },
  );
  expect((await ordinary.result()).output).toBe(large.length);
  expect((await ordinary.status()).stages[0]).toMatchObject({ status: 'completed' });
  await vi.waitFor(() => expect(told).toHaveLength(1), patience);
  expect(told[0]).toMatchObject({ executionId: ordinary.id, status: 'completed', output: large.length });

  const endless = await start(
    { stages: [{ id: 'held', mode: 'scatter', scatter: { over: 'input' }, actor: 'hold', limit }] },
    items,
  );
  await vi.waitFor(() => expect(held).toBe(1), patience);
  await endless.cancel();
  await expect(endless.result()).rejects.toMatchObject({ code: 'LOOM_CANCELLED' });
  const ofHold = async (): Promise<unknown> => queue.stats('loom.actors.hold');
  await vi.waitFor(async () => expect(await ofHold()).toMatchObject(empty), patience);
  expect(held, 'what was withdrawn began').toBe(1);

  await using asker = new ActorWorker('asker', { queue });
  expect(await asker.ask('greet', 'you')).toBe('hello you');

  const mine: unknown[] = [];
  await queue.consume('mine', async ({ body }) => void mine.push(body));
  const messages = [1, 2, 3].map((body) => ({ queue: 'mine', body, key: 'order' }));
  await (await outbox()).commit({ writes: [{ key: 'state', value: 'new' }], messages });
  await vi.waitFor(() => expect(mine).toEqual([1, 2, 3]), patience);
  expect(await (await outbox()).stats()).toMatchObject({ waiting: 0, parked: 0 });
}
