// Asks an actor in another process. Arguments: URL, prefix, type of the actor.
import { ActorWorker } from '@certoai/loom-core';
import { BullMQMessageQueue } from '../../../src/bullmq/index.js';

const [url = '', prefix = '', type = ''] = process.argv.slice(2);
const worker = new ActorWorker('asker', { queue: new BullMQMessageQueue(url, { prefix }) });
console.log('answered', await worker.ask(type, 1, { timeoutMs: 60_000 }));
