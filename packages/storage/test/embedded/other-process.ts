// Another process beside the test: `hold` keeps a folder open, `open` tries to, `write` writes until it is killed.
import { writeSync } from 'node:fs';
import type { ExecutionStore, RecordEntry } from '@certoai/loom-core';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';
import type { SqliteDriverName } from '@certoai/loom-storage/embedded';

const [mode = 'open', path = '', driver, round = '0'] = process.argv.slice(2);

/** At once, whatever happens to this process next. */
function say(...words: readonly (string | number)[]): void {
  writeSync(1, `${words.join(' ')}\n`);
}

async function write(store: ExecutionStore, id: string): Promise<void> {
  const definition = { hash: 'hash', text: '{}' };
  const record = (index: number, more: Partial<RecordEntry> = {}): RecordEntry => ({
    executionId: id,
    node: 'work',
    index,
    held: 1,
    kind: 'completed',
    attempt: 1,
    body: `"${'b'.repeat(index * 50)}"`,
    at: Date.now(),
    ...more,
  });
  await store.create({
    id,
    definition,
    input: '1',
    state: '{"step":0}',
    createdAt: Date.now(),
    wakeAt: null,
  });
  say('created', id);
  for (let step = 1; step <= 5; step += 1) {
    await store.record(record(100 + step, { kind: 'pending', next: 2 }));
    say('pending', id, 100 + step);
    await store.commit({
      executionId: id,
      expectedVersion: step,
      status: step === 5 ? 'completed' : 'running',
      state: `{"step":${step}}`,
      records: [record(step), record(100 + step, { held: 2 })],
      at: Date.now(),
    });
    say('committed', id, step);
  }
}

try {
  const store = await openEmbeddedStore({ path, driver: driver as SqliteDriverName });
  say('open', store.driver);
  if (mode === 'write') {
    let count = 0;
    const writer = async (): Promise<void> => {
      for (;;) await write(store.executions, `${round}-${(count += 1)}`);
    };
    await Promise.all(Array.from({ length: 15 }, writer));
  }
  if (mode === 'hold') process.stdin.resume();
  else await store.close();
} catch (error) {
  const { code, message } = error as Error & { readonly code: string };
  say('error', code, message);
}
