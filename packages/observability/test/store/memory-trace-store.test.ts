import type { ExecutionSpan, ExecutionSummary } from '@certoai/loom-observability';
import { expect, test } from 'vitest';
import { parseFilter } from '../../src/query/trace-query.js';
import { MemoryTraceStore } from '../../src/store/memory-trace-store.js';
import { fold } from '../support/fold.js';

function traceOf(executionId: string, tasks: number): { spans: ExecutionSpan[]; summary: ExecutionSummary } {
  const { spans, trace } = fold([
    { type: 'execution:started', executionId, at: 1 },
    ...Array.from({ length: tasks }, (_, index) => {
      return {
        type: 'task:started',
        executionId,
        stage: 's',
        index,
        attempt: 1,
        token: 1,
        actor: 'a',
        at: 2,
      } as const;
    }),
  ]);
  return { spans, summary: trace.summary() };
}

async function write(store: MemoryTraceStore, executionId: string, tasks = 3): Promise<unknown[]> {
  const { spans, summary } = traceOf(executionId, tasks);
  const { evicted } = await store.append(executionId, spans);
  return [...evicted, ...(await store.upsert(summary)).evicted];
}

async function kept(store: MemoryTraceStore): Promise<string[]> {
  return (await store.query(parseFilter())).map(({ executionId }) => executionId);
}

test('the execution that was not written to for the longest time makes room, and is named with its spans', async () => {
  await using store = new MemoryTraceStore({ maxExecutions: 2, maxSpans: 1_000 });
  expect(await write(store, 'a')).toEqual([]);
  expect(await write(store, 'b')).toEqual([]);
  expect(await write(store, 'a')).toEqual([]);
  expect(await write(store, 'c')).toEqual([{ executionId: 'b', spans: 5 }]);
  expect(await kept(store)).toEqual(['c', 'a']);
  expect(await store.spans('b')).toEqual([]);
});

test('as many executions make room as it takes for the spans of one', async () => {
  await using store = new MemoryTraceStore({ maxExecutions: 100, maxSpans: 20 });
  for (const executionId of ['a', 'b', 'c']) await write(store, executionId);
  expect(await write(store, 'd', 10)).toEqual([
    { executionId: 'a', spans: 5 },
    { executionId: 'b', spans: 5 },
  ]);
  expect(await kept(store)).toEqual(['d', 'c']);
});

test('a span that is written again takes no more room', async () => {
  await using store = new MemoryTraceStore({ maxExecutions: 2, maxSpans: 10 });
  await write(store, 'a');
  for (let times = 0; times < 20; times++) await write(store, 'b');
  expect(await kept(store)).toEqual(['b', 'a']);
});

test('the execution that is written stays, also when it alone is too large', async () => {
  await using store = new MemoryTraceStore({ maxExecutions: 2, maxSpans: 10 });
  await write(store, 'a');
  expect(await write(store, 'b', 30)).toEqual([{ executionId: 'a', spans: 5 }]);
  expect(await store.spans('b')).toHaveLength(32);
});
