import { randomUUID } from 'node:crypto';
import { actorQueueName } from '@certoai/loom-core';
import type { ActorInstance, JsonValue, TaskProgress, TaskReport, TaskReports } from '@certoai/loom-core';
import { BullMQMessageQueue } from '@certoai/loom-storage/bullmq';
import { afterEach, expect, inject, test, vi } from 'vitest';
import { ChildProgram } from '../child-program.js';

const { url } = inject('redis');
const leaseMs = 1_500;
const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

interface Opened {
  readonly queue: BullMQMessageQueue;
  readonly reports: TaskReport[];
  readonly progress: unknown[];
  startWorker(): Promise<ChildProgram>;
  sendTask(actor: string): Promise<string>;
  instances(actorType?: string): Promise<readonly ActorInstance[]>;
}

async function open(): Promise<Opened> {
  const prefix = `test-${randomUUID()}`;
  const queue = new BullMQMessageQueue(url, { prefix });
  releases.push(() => queue.close());
  const reports: TaskReport[] = [];
  const progress: unknown[] = [];
  await queue.consume('reports', async ({ body }) => {
    const message = body as unknown as TaskReports | TaskProgress;
    if ('progress' in message) progress.push(message.progress);
    else reports.push(...message.reports);
  });
  const task = {
    executionId: 'e',
    stage: 's',
    index: 0,
    attempt: 1,
    token: 1,
    input: null,
    idempotencyKey: 'k',
  };
  return {
    queue,
    reports,
    progress,
    async startWorker() {
      const child = new ChildProgram(new URL('./programs/worker.ts', import.meta.url), [
        url,
        prefix,
        String(leaseMs),
      ]);
      releases.push(() => child.kill());
      await child.line('ready');
      return child;
    },
    async sendTask(actor) {
      const body = { kind: 'task', task: { ...task, actor }, replyTo: 'reports' } as JsonValue;
      const [id = ''] = await queue.send(actorQueueName(actor), [{ body }]);
      return id;
    },
    instances: (actorType) => queue.instances.list({ actorType }),
  };
}

test(
  'a worker that is killed is gone when its lease is over, and one that lives is not',
  { timeout: 60_000 },
  async () => {
    const { startWorker, instances } = await open();
    const [killed, alive] = [await startWorker(), await startWorker()];
    const before = await instances('steady');
    expect(before).toHaveLength(2);
    expect(before[0]).toMatchObject({
      worker: 'in-a-process',
      labels: { zone: 'west' },
      status: 'ready',
      actors: [
        { type: 'steady', version: '1.2.3', capabilities: ['wait'] },
        { type: 'deadly', version: '0.0.0' },
      ],
    });
    await killed.kill();
    await vi.waitFor(async () => expect(await instances()).toHaveLength(1), { timeout: 20_000 });
    const [left] = await instances();
    await new Promise((resolve) => setTimeout(resolve, leaseMs * 2));
    expect(await instances()).toEqual([left]);
    expect(alive.lines).toEqual(['ready']);
  },
);

test('a worker says that it drains, and what its task is doing', { timeout: 60_000 }, async () => {
  const { startWorker, instances, sendTask, reports, progress } = await open();
  const worker = await startWorker();
  await sendTask('steady');
  await worker.line('running');
  await vi.waitFor(() => expect(progress).toEqual([{ percent: 1 }]), { timeout: 20_000 });
  await vi.waitFor(async () => expect((await instances())[0]?.slots.used).toBe(1), { timeout: 20_000 });
  worker.say('drain');
  await vi.waitFor(async () => expect((await instances())[0]?.status).toBe('draining'), { timeout: 20_000 });
  await worker.line('drained');
  await vi.waitFor(() => expect(reports).toHaveLength(1), { timeout: 20_000 });
  expect(reports[0]).toMatchObject({
    executionId: 'e',
    worker: 'in-a-process',
    outcome: { kind: 'completed', output: '"drain"' },
    durationMs: expect.any(Number) as number,
  });
});

test(
  'a task that is withdrawn is aborted in the process that has it, and nobody reports it',
  { timeout: 60_000 },
  async () => {
    const { queue, startWorker, sendTask, reports } = await open();
    const worker = await startWorker();
    const id = await sendTask('steady');
    await worker.line('running');
    expect(await queue.withdraw(actorQueueName('steady'), [id])).toBe(1);
    expect(await worker.line('aborted')).toBe('aborted LOOM_CANCELLED');
    worker.say('drain');
    await worker.line('drained');
    expect(reports).toEqual([]);
    expect(await queue.stats(actorQueueName('steady'))).toMatchObject({
      ready: 0,
      active: 0,
      delayed: 0,
      dead: 0,
    });
  },
);

test('a task that kills five workers is reported as failed by the sixth', { timeout: 120_000 }, async () => {
  const { queue, startWorker, sendTask, reports } = await open();
  await sendTask('deadly');
  for (let death = 1; death <= 5; death++) {
    const worker = await startWorker();
    await worker.line('dying');
    await worker.exit();
  }
  expect(reports).toEqual([]);
  const sixth = await startWorker();
  await vi.waitFor(() => expect(reports).toHaveLength(1), { timeout: 30_000 });
  expect(reports[0]).toMatchObject({
    token: 1,
    outcome: { kind: 'failed', error: { code: 'LOOM_TASK_CRASHED', retryable: false } },
  });
  expect(sixth.lines).toEqual(['ready']);
  expect(await queue.stats(actorQueueName('deadly'))).toMatchObject({ ready: 0, delayed: 0, dead: 0 });
});
