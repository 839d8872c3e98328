// One process of the chaos suite, which may be killed or frozen at any time.
// Arguments: role (orchestrator, worker, client), url of Redis, folder of effects, seed; of a client also the
// first and the last run, and milliseconds between two starts.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { ActorRegistry, ActorWorker, type Logger, type TaskContext } from '@certoai/loom-core';
import { BullMQMessageQueue } from '@certoai/loom-storage/bullmq';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import { PipelineOrchestrator } from '../../src/index.js';
import { randomPipeline, registerActors, seeded } from '../kit/random-pipeline.js';

const [role = '', url = '', folder = '', seed = '0', ...range] = process.argv.slice(2);
const [first = 0, last = 0, everyMs = 0] = range.map(Number);
const random = seeded(Number(seed));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** What a process that fails would be asked first. */
const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (message, fields) => say(`error ${message} ${String(fields?.['error'])}`),
  child: () => logger,
};

/** An effect by key: a line in a file of this process; some fail once, some take a while. */
async function work(task: string, { idempotencyKey, attempt }: TaskContext): Promise<void> {
  appendFileSync(join(folder, `${process.pid}.begun`), `${idempotencyKey}\n`);
  const chance = random();
  if (chance < 0.2) await new Promise((resolve) => setTimeout(resolve, 5 + random() * 60));
  if (chance > 0.9 && attempt < 4) throw new Error(`attempt ${attempt} of ${task} fails`);
  appendFileSync(join(folder, `${process.pid}.done`), `${idempotencyKey}\n`);
}

const queue = new BullMQMessageQueue(url, { logger });
const registry = new ActorRegistry();
const register = (): void => registerActors((...actor) => registry.register(...actor), work);

if (role === 'worker') {
  register();
  await new ActorWorker(`worker ${process.pid}`, { queue, registry, logger }).start();
} else {
  // Some orchestrators run tasks themselves; a client starts executions and runs nothing.
  if (role === 'orchestrator' && random() < 0.5) register();
  const store = new RedisExecutionStore(url, { logger });
  const orchestrator = new PipelineOrchestrator(queue, registry, store, undefined, { logger });
  await insist(() => orchestrator.initialize());
  // Asked for when something is stuck: what this process serves, and why that is not finished.
  const tellAll = async (): Promise<void> => {
    const { items } = await orchestrator.executions.list({ status: ['running', 'paused'] });
    for (const { id } of items) {
      const serves = orchestrator.isServing(id);
      say(
        `${id} ${serves ? 'served' : 'not served'} ${JSON.stringify(await orchestrator.executions.why(id))}`,
      );
    }
    say(`failures ${JSON.stringify([orchestrator.failure('store'), orchestrator.failure('queue')])}`);
  };
  process.on('SIGUSR2', () => void tellAll());
  if (role === 'client') {
    for (let run = first; run < last; run += 1) {
      const { definition, input } = randomPipeline(run, 6);
      const options = { idempotencyKey: `run-${run}`, notify: { queue: 'ended' } };
      await insist(() => orchestrator.start(definition, input, options));
      say(`started ${run}`);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
    say('done');
  }
}
say('ready');

/** A caller tries until what he wants is acknowledged. */
async function insist<Result>(operation: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await operation();
    } catch (error) {
      say(`again ${String(error)}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
