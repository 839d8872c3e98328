// A worker with three actor types, and nothing to do. Argument: url of Redis.
import { ActorWorker } from '@certoai/loom-core';
import { BullMQMessageQueue } from '@certoai/loom-storage/bullmq';

// With the test, however that ends.
process.stdin.resume().once('end', () => process.exit());
const [url = ''] = process.argv.slice(2);
const worker = new ActorWorker('idle', { queue: new BullMQMessageQueue(url) });
for (const type of ['a', 'b', 'c']) worker.registerActor(type, () => null);
await worker.start();
process.stdout.write('ready\n');
