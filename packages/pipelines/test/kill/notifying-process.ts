// A process whose executions are to be told of, and which ends with kill -9 at a moment of its choice.
// Arguments: when ("before" or "after" the message is sent, or "never"), then where: a folder, or the settings of a
// Redis as JSON. Without a moment it waits in the task, until somebody else kills it.
import { ActorRegistry, type ExecutionStore, type MessageQueue } from '@certoai/loom-core';
import { BullMQMessageQueue } from '@certoai/loom-storage/bullmq';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';
import { PipelineOrchestrator } from '../../src/index.js';

const [moment, where = ''] = process.argv.slice(2);

async function open(): Promise<{ readonly store: ExecutionStore; readonly messages: MessageQueue }> {
  if (!where.startsWith('{')) {
    const { executions: store, messages } = await openEmbeddedStore({ path: where });
    return { store, messages };
  }
  const redis = JSON.parse(where) as object;
  return { store: new RedisExecutionStore(redis), messages: new BullMQMessageQueue(redis) };
}

const { store, messages } = await open();
const send = messages.send.bind(messages);
messages.send = async (...args) => {
  if (moment === 'before') process.kill(process.pid, 'SIGKILL');
  const ids = await send(...args);
  if (moment === 'after') process.kill(process.pid, 'SIGKILL');
  return ids;
};

const registry = new ActorRegistry();
registry.register('work', (input: unknown) => {
  console.log('begun');
  return moment === 'never' ? new Promise(() => undefined) : input;
});
const orchestrator = new PipelineOrchestrator(undefined, registry, store, undefined, {
  messages: () => messages,
  leaseMs: 500,
});
const { id } = await orchestrator.start({ stages: [{ id: 's', actor: 'work' }] }, moment, {
  notify: { queue: 'ended', key: 'k' },
});
console.log(`started ${id}`);
// A process lives for as long as it has something to do.
setInterval(() => undefined, 60_000);
