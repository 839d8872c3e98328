// Takes messages of "orders" and notes in Redis, by key, what it handles and in which order messages were done.
// Arguments: URL, prefix, name of this process, deliveries of one key at the same time.
import { Redis } from 'ioredis';
import { BullMQMessageQueue } from '../../../src/bullmq/index.js';

const [url = '', prefix = '', name = '', most = ''] = process.argv.slice(2);
const notes = new Redis(url);
const queue = new BullMQMessageQueue(url, { prefix });
await queue.consume(
  'orders',
  async ({ id, body }) => {
    const { key } = body as { readonly key: string };
    const running = `${prefix}:test:running:${key}`;
    await notes.sadd(running, `${name} ${id}`);
    const now = await notes.scard(running);
    if (now > Number(most)) await notes.rpush(`${prefix}:test:wrong`, `${now} at once of ${key}`);
    await new Promise((resolve) => setTimeout(resolve, 4));
    await notes.rpush(`${prefix}:test:done`, key);
    await notes.srem(running, `${name} ${id}`);
  },
  { concurrency: 5, leaseMs: 1_500 },
);
console.log('ready');
