// Takes messages of "orders", one after the other, and does with each what its body says. Arguments: URL, prefix.
import { isLoomError } from '@certoai/loom-core';
import { BullMQMessageQueue } from '../../../src/bullmq/index.js';

const [url = '', prefix = ''] = process.argv.slice(2);
const queue = new BullMQMessageQueue(url, {
  prefix,
  logger: {
    debug() {},
    info() {},
    warn: (message) => console.log(`warned ${message}`),
    error() {},
    child() {
      return this;
    },
  },
});
await queue.consume(
  'orders',
  async ({ body, signal }) => {
    console.log(`began ${body as string}`);
    if (body === 'blocks') {
      const until = performance.now() + 1_500;
      while (performance.now() < until);
    } else if (body !== 'ends') {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      console.log(`aborted ${body as string} ${isLoomError(signal.reason, 'LOOM_CANCELLED')}`);
    }
    return { kind: 'dead-letter', reason: 'settled after all' };
  },
  { leaseMs: 3_000 },
);
console.log('ready');
