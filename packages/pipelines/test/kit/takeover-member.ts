// A process that is killed or blocked in the middle of a task, to see who goes on with it.
// Arguments: role (worker, orchestrator), url of Redis, folder of effects; of an orchestrator also the input, as
// JSON, of an execution that it starts, if it starts any. A task says `begun KEY`; one that is held ends where it begins again.
import { ActorWorker, type TaskContext } from '@certoai/loom-core';
import { Loom } from '@certoai/loom-pipelines';
import { BullMQMessageQueue } from '@certoai/loom-storage/bullmq';
import { effectsIn, noteEffect } from './effects.js';

// With the test, however that ends.
process.stdin.resume().once('end', () => process.exit());
const [role = '', url = '', folder = '', input = ''] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface TaskInput {
  /** The event loop of the process does nothing else for so long; milliseconds. */
  readonly blockMs?: number;
  readonly isHeld?: boolean;
}

async function work(
  { blockMs = 0, isHeld = false }: TaskInput,
  { idempotencyKey }: TaskContext,
): Promise<number> {
  const isFirst = !effectsIn(folder).includes(idempotencyKey);
  noteEffect(folder, idempotencyKey);
  say(`begun ${idempotencyKey}`);
  for (const until = performance.now() + blockMs; performance.now() < until;);
  if (isHeld && isFirst) await new Promise(() => undefined);
  return process.pid;
}

if (role === 'worker') {
  const worker = new ActorWorker(`worker ${process.pid}`, { queue: new BullMQMessageQueue(url) });
  worker.registerActor('work', work, { concurrency: 1 });
  await worker.start();
} else {
  const loom = new Loom({ redis: { url } });
  loom.registerActor('work', work);
  await loom.initialize();
  if (input !== '') {
    const stages = ['work', 'after'].map((id) => ({ id, actor: 'work' }));
    const { id } = await loom.startPipeline({ stages }, JSON.parse(input));
    say(`started ${id}`);
  }
}
say('ready');
