import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '@certoai/loom-storage/embedded';

const path = mkdtempSync(join(tmpdir(), 'loom-example-'));
const at = Date.UTC(2026, 0, 1);
const definition = { hash: 'sha256:1f3a', text: '{"stages":["read"]}' };

{
  await using store = await openEmbeddedStore({ path });
  await store.executions.create({
    id: 'e1',
    definition,
    input: '{"files":2}',
    state: '{}',
    createdAt: at,
    wakeAt: at + 60_000,
  });
  const task = { executionId: 'e1', node: 'read', held: 1, kind: 'completed', attempt: 1, at } as const;
  console.log(await store.executions.record({ ...task, index: 0, body: '"first"' }));
  console.log(await store.executions.record({ ...task, index: 0, body: '"again"' }));
}

// Another process, after a restart or a crash, goes on where this one was.
{
  await using store = await openEmbeddedStore({ path });
  const { version, counters } = (await store.executions.load('e1'))!;
  console.log(version, counters);
  const end = {
    executionId: 'e1',
    expectedVersion: version,
    status: 'completed',
    state: '{}',
    records: [],
    at,
  } as const;
  console.log(await store.executions.commit(end));
  console.log(await store.executions.commit(end));
}
rmSync(path, { recursive: true });
