// A relay. Its send number `hangAt` stores what it was given and never returns; 0 for none. It says what it does.
import { BullMQMessageQueue, OutboxPattern } from '@certoai/loom-storage';
import { RedisOutboxStore } from '@certoai/loom-storage/redis';

const [url = '', prefix = '', hangAt = '0'] = process.argv.slice(2);
const queue = new BullMQMessageQueue(url, { prefix });
const store = new RedisOutboxStore(url, { keyPrefix: prefix });
const send = queue.send.bind(queue);
let sends = 0;
queue.send = async (name, messages) => {
  const ids = await send(name, messages);
  sends += 1;
  process.stdout.write(`stored ${sends}\n`);
  if (sends === Number(hangAt)) await new Promise(() => {});
  return ids;
};
await new OutboxPattern(store, queue, { relay: { batchSize: 7, leaseMs: 500, idleMs: 100 } }).start();
process.stdout.write('ready\n');
