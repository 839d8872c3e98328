// A worker in a process of its own. Its actors: `steady` says how far it is and ends when told by a line of input,
// `deadly` ends the process. A line "drain" has it drain. Arguments: URL, prefix, lease of the instance in milliseconds.
import { createInterface } from 'node:readline';
import { ActorWorker } from '@certoai/loom-core';
import { BullMQMessageQueue } from '@certoai/loom-storage/bullmq';
import { RedisInstanceRegistry } from '@certoai/loom-storage/redis';

const [url = '', prefix = '', leaseMs = ''] = process.argv.slice(2);
const queue = new BullMQMessageQueue(url, { prefix });
const instances = new RedisInstanceRegistry(url, { keyPrefix: prefix, leaseMs: Number(leaseMs) });
const worker = new ActorWorker('in-a-process', { queue, instances, leaseMs: 500, labels: { zone: 'west' } });
const lines = createInterface({ input: process.stdin });

worker.registerActor(
  'steady',
  async (_input, context) => {
    const { signal } = context;
    context.progress({ percent: 1 });
    console.log('running');
    const told = new Promise((resolve) => lines.once('line', resolve));
    const stopped = new Promise((_resolve, reject) =>
      signal.addEventListener('abort', () => {
        console.log(`aborted ${(signal.reason as { readonly code?: string }).code}`);
        reject(signal.reason as Error);
      }),
    );
    return Promise.race([told, stopped]);
  },
  { metadata: { version: '1.2.3', capabilities: ['wait'] } },
);
worker.registerActor('deadly', () => {
  console.log('dying');
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
});
lines.on('line', (line) => {
  if (line !== 'drain') return;
  void worker.drain().then(() => console.log('drained'));
});
await worker.start();
console.log('ready');
