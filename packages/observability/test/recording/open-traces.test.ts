import { silentLogger } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { resolveRecorderOptions } from '../../src/execution-trace-recorder-options.js';
import { EventBuffer } from '../../src/recording/event-buffer.js';
import type { OpenTrace } from '../../src/recording/open-trace.js';
import { OpenTraces } from '../../src/recording/open-traces.js';
import { LossLedger } from '../../src/recording/trace-loss.js';
import { MemoryTraceStore } from '../../src/store/memory-trace-store.js';
import { ControlledTraceStore } from '../support/controlled-trace-store.js';

const roomy = { maxExecutions: 1_000, maxSpans: 1_000 };

function tracesOn(
  store: MemoryTraceStore | ControlledTraceStore,
  limits: { maxExecutions?: number; maxSpans?: number },
): { traces: OpenTraces; ready: OpenTrace[] } {
  const ready: OpenTrace[] = [];
  const options = resolveRecorderOptions(limits);
  const traces = new OpenTraces(store, options, new LossLedger(silentLogger), (open) => ready.push(open));
  return { traces, ready };
}

describe('room for one more', () => {
  test.each([
    ['has changes', { dirty: true }],
    ['is being written', { writing: true }],
    ['has an event folded into it', { inUse: true }],
    ['waits for the store', { waiting: new EventBuffer() }],
  ])('is not made by closing one that %s', (_, state) => {
    const { traces } = tracesOn(new MemoryTraceStore(roomy), { maxExecutions: 1 });
    const open = traces.open('a', 1);
    Object.assign(open ?? {}, state);
    expect(traces.open('b', 2)).toBeUndefined();
    expect(traces.get('a')).toBe(open);
    // It is tried again when something was written, and not before.
    Object.assign(open ?? {}, { dirty: false, writing: false, inUse: false, waiting: undefined });
    expect(traces.open('b', 3)).toBeUndefined();
    if (open !== undefined) traces.written(open);
    expect(traces.open('b', 4)).toBeDefined();
    expect(traces.get('a')).toBeUndefined();
    expect(traces.closed).toBe(1);
  });

  test('is made by closing those that were not used for the longest time', () => {
    const { traces } = tracesOn(new MemoryTraceStore(roomy), { maxExecutions: 10 });
    for (let place = 0; place < 10; place++) traces.open(`e-${place}`, place);
    Object.assign(traces.get('e-0') ?? {}, { lastUsed: 20 });
    traces.open('next', 21);
    expect(traces.get('e-0')).toBeDefined();
    expect(traces.get('e-1')).toBeUndefined();
    expect(traces.get('e-9')).toBeDefined();
  });
});

test('one that is written after its end is closed, unless something came meanwhile', () => {
  const { traces } = tracesOn(new MemoryTraceStore(roomy), {});
  const open = traces.open('a', 1);
  if (open === undefined) throw new Error('no room');
  open.trace?.fold({ type: 'execution:started', executionId: 'a', at: 1 });
  open.trace?.fold({ type: 'execution:finished', executionId: 'a', at: 1, status: 'completed' });
  open.dirty = true;
  traces.written(open);
  expect(traces.get('a')).toBe(open);
  open.dirty = false;
  traces.written(open);
  expect(traces.get('a')).toBeUndefined();
});

test('one that was removed while the store was asked for it never comes up', async () => {
  const store = new ControlledTraceStore();
  const release = store.hold();
  const { traces, ready } = tracesOn(store, { maxExecutions: 1 });
  traces.open('a', 1);
  expect(traces.lookingUp).toBe(1);
  traces.evicted({ executionId: 'a', spans: 1 });
  release();
  await settled(2);
  expect(ready).toEqual([]);
  expect(traces.lookingUp).toBe(0);
  expect(traces.isRemoved('a')).toBe(true);
});
