// Takes messages of "orders" and never ends with them; or, told to, blocks its event loop and then acknowledges.
// Arguments: URL, prefix, milliseconds to block (0: hang).
import { BullMQMessageQueue } from '../../../src/bullmq/index.js';

const [url = '', prefix = '', blockMs = '0'] = process.argv.slice(2);
const queue = new BullMQMessageQueue(url, { prefix });
await queue.consume('orders', async ({ id, attempt, signal }) => {
  console.log(`delivered ${id} ${attempt}`);
  if (Number(blockMs) === 0) return new Promise(() => {});
  // One turn later: the line above must get out first.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const until = performance.now() + Number(blockMs);
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 200));
  console.log(`done ${id} ${signal.aborted ? 'aborted' : 'in time'}`);
  return undefined;
});
console.log('ready');
