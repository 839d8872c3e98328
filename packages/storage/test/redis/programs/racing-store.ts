// One of several processes that all want the same: `race` once, or `work` until it is killed. It says what it got.
import type { ExecutionStore, RecordEntry } from '@certoai/loom-core';
import { RedisExecutionStore } from '@certoai/loom-storage/redis';

const [mode = '', url = '', keyPrefix = '', holder = '', leaseMs = ''] = process.argv.slice(2);
const definition = { hash: 'hash', text: '{}' };

function say(...words: readonly (string | number)[]): void {
  process.stdout.write(`${words.join(' ')}\n`);
}

function record(executionId: string, index: number): RecordEntry {
  const at = Date.now();
  return { executionId, node: 'work', index, held: 1, kind: 'completed', attempt: 1, body: '1', at };
}

async function create(store: ExecutionStore, id: string): Promise<boolean> {
  const now = Date.now();
  const reply = await store.create({ id, definition, input: '1', state: '0', createdAt: now, wakeAt: null });
  return reply.created;
}

async function race(store: ExecutionStore): Promise<void> {
  const ids = Array.from({ length: 200 }, (_, n) => `e${n}`);
  await Promise.all(ids.map(async (id) => (await create(store, id)) && say('created', id)));
  for (;;) {
    const reply = await store.claim({ holder, now: Date.now(), leaseMs: 60_000, limit: 7 });
    if (reply.ids.length === 0) break;
    for (const id of reply.ids) say('claimed', id, reply.seat);
  }
  const indexes = Array.from({ length: 1_000 }, (_, n) => n);
  await Promise.all(
    indexes.map(async (index) => {
      const reply = await store.record(record('e0', index));
      if (reply.accepted) say('counted', reply.counters.done);
    }),
  );
  for (let version = 1; version <= 100;) {
    const step = { executionId: 'e1', status: 'running', records: [], at: Date.now() } as const;
    const reply = await store.commit({ ...step, expectedVersion: version, state: `"${holder}"` });
    if (reply.committed) say('committed', reply.version);
    version = reply.committed ? reply.version : ((await store.load('e1'))?.version ?? 0);
  }
}

async function work(store: ExecutionStore): Promise<void> {
  await store.claim({ holder, now: Date.now(), leaseMs: Number(leaseMs), limit: 0 });
  for (let count = 1; ; count += 1) {
    const id = `e${count}`;
    const now = Date.now();
    await store.create({ id, definition, input: '1', state: '0', createdAt: now, wakeAt: null, holder });
    say('created', id);
    await store.record(record(id, 0));
    say('recorded', id);
    const step = { executionId: id, status: 'running', records: [record(id, 1)], at: Date.now() } as const;
    await store.commit({ ...step, expectedVersion: 1, state: '"stepped"' });
    say('stepped', id);
  }
}

const store = new RedisExecutionStore(url, { keyPrefix });
await store.load('ready');
say('ready');
process.stdin.once('data', () => {
  const running = mode === 'race' ? race(store) : work(store);
  void running.then(() => store.close()).then(() => process.stdin.destroy());
});
