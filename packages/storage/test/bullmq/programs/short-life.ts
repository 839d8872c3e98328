// Uses a queue for a moment. Arguments: URL, prefix.
import { createRequire } from 'node:module';
import { BullMQMessageQueue } from '../../../src/bullmq/index.js';

const drivers = ['bullmq', 'ioredis', 'libsql'];
const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) =>
  drivers.some((driver) => file.includes(`/node_modules/${driver}/`)),
);
console.log(`loaded before use: ${loaded.length === 0 ? 'none' : loaded.join(' ')}`);
const [url = '', prefix = ''] = process.argv.slice(2);
const queue = new BullMQMessageQueue(url, { prefix });
await queue.send('orders', [{ body: 1 }, { body: 2, delayMs: 60_000 }]);
const handled = new Promise<void>((resolve, reject) => {
  queue.consume('orders', async () => resolve()).catch(reject);
});
await handled;
await queue.close();
console.log('closed');
