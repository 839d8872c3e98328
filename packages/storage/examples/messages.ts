import { InMemoryMessageQueue } from '@certoai/loom-storage/memory';

const queue = new InMemoryMessageQueue();
const stock = new Map([['apple', 2]]);

const consumer = await queue.consume(
  'orders',
  async ({ body, attempt }) => {
    const { item } = body as { item: string };
    const left = stock.get(item);
    if (left === undefined) return { kind: 'dead-letter', reason: `There is no item "${item}".` };
    if (left === 0) throw new Error('Sold out.');
    stock.set(item, left - 1);
    console.log(`${item} sold on try ${attempt}`);
    return undefined;
  },
  { concurrency: 1, retryDelayMs: 20, maxDeliveries: 3 },
);

await queue.send('orders', [
  { body: { item: 'apple' } },
  { body: { item: 'apple' }, priority: 10, dedupeId: 'order-2' },
  { body: { item: 'apple' }, dedupeId: 'order-3' },
  { body: { item: 'pear' } },
  { body: { item: 'quince' } },
]);
while ((await queue.stats('orders')).dead < 3) await new Promise((resolve) => setTimeout(resolve, 10));

for (const { count, fingerprint } of await queue.deadLetters.groups('orders'))
  console.log(count, fingerprint);

// New apples came: what failed for want of them gets another chance.
stock.set('apple', 5);
await queue.deadLetters.redrive('orders', { fingerprint: 'Sold out.' });
await queue.deadLetters.discard('orders');
while ((await queue.stats('orders')).ready > 0) await new Promise((resolve) => setTimeout(resolve, 10));

await consumer.close();
await queue.close();
