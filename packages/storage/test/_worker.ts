import { BullMQMessageQueue } from '../src/bullmq/index.js';
import { writeSync } from 'node:fs';
const [url = '', mode = ''] = process.argv.slice(2);
const queue = new BullMQMessageQueue(url, { prefix: 'chaos' });
const concurrency = 20;
let running = 0;
const go = async () => { for (;;) try { await queue.consume('orders', async (d) => {
  running++;
  if (running > concurrency) writeSync(1, `over ${running}\n`);
  await new Promise((r) => setTimeout(r, Math.random() * 80));
  running--;
  writeSync(1, `h ${(d.body as any).n} ${d.attempt} ${d.signal.aborted}\n`);
  const x = Math.random();
  if (x < 0.05) throw new Error('random');
  if (x < 0.1) return { kind: 'retry', delayMs: Math.floor(Math.random() * 300) };
  if (x < 0.15) return { kind: 'release' };
}, { concurrency, maxDeliveries: 100000, retryDelayMs: 100 }); return; } catch (e) { writeSync(1, `E ${(e as Error).message}\n`); } };
await go(); writeSync(1, 'ready\n');
