import { OwnRedis } from './bullmq/own-redis.js';
import { ChildProgram } from './child-program.js';
import { BullMQMessageQueue } from '../src/bullmq/index.js';
const wait = (ms: number) => new Promise((r) => setTimeout(r, ms));
const redis = await new OwnRedis().start();
const program = new URL('./_worker.ts', import.meta.url);
const children: ChildProgram[] = []; const all: ChildProgram[] = [];
const start = () => { const c = new ChildProgram(program, [redis.url]); children.push(c); all.push(c); };
start(); start(); start();
const queue = new BullMQMessageQueue(redis.url, { prefix: 'chaos' });
const sent = new Set<number>(); let n = 0, stop = false;
const senders = Array.from({ length: 5 }, async () => { while (!stop) { const batch = Array.from({ length: 1 + Math.floor(Math.random() * 5) }, () => n++); try { await queue.send('orders', batch.map((b) => ({ body: { n: b }, priority: b % 3, delayMs: b % 7 === 0 ? 200 : 0 }))); batch.forEach((b) => sent.add(b)); } catch (e) { console.log('send', (e as Error).message.slice(0, 100)); await wait(100); } await wait(20); } });
const until = Date.now() + Number(process.argv[2] ?? 60) * 1000;
while (Date.now() < until) {
  await wait(2000 + Math.random() * 3000);
  const dice = Math.random();
  if (dice < 0.5) { const c = children.splice(Math.floor(Math.random() * children.length), 1)[0]!; console.log('kill worker'); await c.kill(); start(); }
  else if (dice < 0.7) { console.log('freeze redis'); redis.freeze(); await wait(1000 + Math.random() * 7000); redis.thaw(); }
  else if (dice < 0.9) { console.log('kill redis'); redis.kill(); await redis.stop(); await wait(Math.random() * 3000); await redis.start(); }
  else { console.log('cut all'); await redis.command((c) => c.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')); }
}
stop = true; await Promise.all(senders); console.log('sent', sent.size, 'draining');
const t = Date.now(); let s;
do { await wait(200); s = await queue.stats('orders'); } while (Date.now() - t < 60000 && (s.ready || s.delayed || s.active));
console.log('drained in', Date.now() - t, s);
await queue.close();
for (const c of children) await c.kill();
const lines = all.flatMap((c) => c.lines); const handled = new Map<number, number>();
for (const l of lines) { const [w, a] = l.split(' '); if (w === 'h') handled.set(Number(a), (handled.get(Number(a)) ?? 0) + 1); if (w === 'over') console.log(l); if (w === 'E') console.log(l); }
console.log('missing', [...sent].filter((x) => !handled.has(x)).length, 'handled', handled.size, 'more than thrice', [...handled.values()].filter((c) => c > 3).length);
await redis.command(async (c) => { const keys = await c.keys('chaos:*'); console.log('keys left', keys.length, keys.slice(0, 20)); });
await redis.remove(); process.exit(0);
