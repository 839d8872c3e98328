// A worker that needs no pipelines: actor "measure", by a queue.
// Arguments: url of Redis, folder of effects, lease in milliseconds.
import { ActorWorker } from '@certoai/loom-core';
import { BullMQMessageQueue } from '@certoai/loom-storage/bullmq';
import { doubling } from './effects.js';

// With the test, however that ends.
process.stdin.resume().once('end', () => process.exit());
const [url = '', folder = '', leaseMs = ''] = process.argv.slice(2);
const queue = new BullMQMessageQueue(url);
const worker = new ActorWorker('measuring', { queue, leaseMs: Number(leaseMs) });
worker.registerActor('measure', doubling(folder));
await worker.start();
process.stdout.write('ready\n');
