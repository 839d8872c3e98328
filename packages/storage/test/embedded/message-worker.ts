// Sends and handles messages without an end, and says what is certain. Arguments: folder, round.
//   sent N       message N is on disk
//   handled N    the handler of message N has begun
//   gone N       message N was acknowledged, and that is on disk
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import { writeSync } from 'node:fs';

const [path = '', round = '0'] = process.argv.slice(2);
const store = await openEmbeddedStore({ path });
const queue = store.messages;
const settled: number[] = [];

// A pipe would lose what a killed process had written to it only in memory.
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

await queue.consume(
  'orders',
  async ({ body, attempt }) => {
    const { n } = body as { n: number };
    say(`handled ${n} ${attempt}`);
    if (n % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
    settled.push(n);
    return n % 7 === 0 && attempt === 1 ? { kind: 'retry', delayMs: 5 } : undefined;
  },
  { concurrency: 8, maxDeliveries: 1_000 },
);
say('ready');
for (let n = Number(round) * 1_000_000; ; n += 1) {
  const before = settled.splice(0);
  // Lets the outcomes of these be asked to be written, which comes a moment after their handlers return.
  await new Promise((resolve) => setImmediate(resolve));
  await queue.send('orders', [{ body: { n } }]);
  say(`sent ${n}`);
  // What handlers returned before was written before this message, so it is on disk with it.
  for (const one of before) if (one % 7 !== 0) say(`gone ${one}`);
}
