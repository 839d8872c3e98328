import { settled } from '@certoai/loom-core/testing';
import { expect, test } from 'vitest';
import { ExecutionTrace } from '../../src/recording/execution-trace.js';
import type { OpenTrace } from '../../src/recording/open-trace.js';
import { TraceWriter } from '../../src/recording/trace-writer.js';
import { ControlledTraceStore } from '../support/controlled-trace-store.js';
import { unbounded } from '../support/fold.js';

/** Writes wait until they are let go, one by one. */
class SlowTraceStore extends ControlledTraceStore {
  readonly maxConcurrentWrites = 2;
  readonly waiting: { readonly executionId: string; readonly go: () => void }[] = [];

  override async append(...write: Parameters<ControlledTraceStore['append']>) {
    await new Promise<void>((go) => this.waiting.push({ executionId: write[0], go }));
    return super.append(...write);
  }

  get underWay(): readonly string[] {
    return this.waiting.map(({ executionId }) => executionId);
  }

  async letGo(executionId: string): Promise<void> {
    const place = this.waiting.findIndex((one) => one.executionId === executionId);
    this.waiting.splice(place, 1)[0]?.go();
    await settled();
  }
}

function finished(executionId: string): OpenTrace & { readonly trace: ExecutionTrace } {
  const trace = new ExecutionTrace(executionId, unbounded);
  trace.fold({ type: 'execution:finished', executionId, at: 2, status: 'completed' });
  const idle = {
    waiting: undefined,
    openedAt: 1,
    lastUsed: 1,
    inUse: false,
    dirty: false,
    writing: false,
    gone: false,
  };
  return { executionId, trace, ...idle };
}

function writerOn(store: SlowTraceStore): TraceWriter {
  const nothing = (): void => undefined;
  const unfolded = (_: OpenTrace, recorded: unknown): ExecutionTrace => recorded as ExecutionTrace;
  return new TraceWriter(store, {
    evicted: nothing,
    lost: nothing,
    unfolded,
    written: nothing,
    rested: nothing,
  });
}

test('as many executions are written at a time as the store takes', async () => {
  const store = new SlowTraceStore();
  const writer = writerOn(store);
  for (const executionId of ['a', 'b', 'c']) writer.add(finished(executionId));
  const written = writer.written();
  await settled();
  expect(store.underWay).toEqual(['a', 'b']);
  await store.letGo('b');
  expect(store.underWay).toEqual(['a', 'c']);
  await store.letGo('a');
  await store.letGo('c');
  await written;
  expect(store.writtenSummaries).toBe(3);
});

test('an execution that changes while it is written is written again afterwards, and not beside it', async () => {
  const store = new SlowTraceStore();
  const writer = writerOn(store);
  const [changing, other] = [finished('changing'), finished('other')];
  for (const open of [changing, other, changing]) writer.add(open);
  writer.start(false);
  await settled();
  expect(store.underWay).toEqual(['changing', 'other']);
  changing.trace.fold({ type: 'execution:paused', executionId: 'changing', at: 1 });
  writer.add(changing);
  await store.letGo('other');
  expect(store.underWay).toEqual(['changing']);
  await store.letGo('changing');
  expect(store.underWay).toEqual(['changing']);
  await store.letGo('changing');
  expect(store.underWay).toEqual([]);
  expect(await store.summary('changing')).toEqual(changing.trace.summary());
});
