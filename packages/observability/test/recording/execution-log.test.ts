import type { ExecutionEvent } from '@certoai/loom-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveRecorderOptions } from '../../src/execution-trace-recorder-options.js';
import { ExecutionLog } from '../../src/recording/execution-log.js';
import { ExecutionTrace } from '../../src/recording/execution-trace.js';
import { KeptValues } from '../../src/recording/kept-values.js';
import {
  spansIn,
  spansOfLog,
  summaryOfLog,
  type LoggedExecution,
} from '../../src/recording/logged-execution.js';
import { TraceRecording } from '../../src/recording/trace-recording.js';
import { MemoryTraceStore } from '../../src/store/memory-trace-store.js';
import { drain, fold, sorted, unbounded } from '../support/fold.js';
import { randomExecution } from '../support/random-execution.js';
import { dice } from '../support/random.js';
import { smallExecution } from '../support/small-execution.js';
import { wideExecution } from '../support/wide-execution.js';

const executionId = '01J9F00000000000000000000A';

function logOf(events: readonly ExecutionEvent[]): ExecutionLog {
  const log = new ExecutionLog(executionId, unbounded);
  for (const event of events) expect(log.fold(event)).toBe('folded');
  return log;
}

describe('a log', () => {
  test('says what the trace of the same events says, after every event and in one piece as JSON', () => {
    let finished = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const events = randomExecution(dice(seed), { executionId });
        const log = new ExecutionLog(executionId, unbounded);
        for (const [place, event] of events.entries()) {
          const outcome = log.fold(event);
          if (outcome !== 'folded') expect(outcome).toBe('outgrown');
          // What it cannot note changes nothing.
          const noted = outcome === 'folded' ? place + 1 : place;
          if (noted === 0) return;
          const expected = fold(events.slice(0, noted));
          const { trace, spans } = fold([...log.events]);
          expect(sorted(spans)).toEqual(sorted(expected.spans));
          expect(trace.summary()).toEqual(expected.trace.summary());
          expect(log.spans).toBe(spans.length);
          if (outcome !== 'folded') return;
        }
        if (!log.finished) return;
        finished += 1;
        const stored = JSON.parse(JSON.stringify(log.logged)) as LoggedExecution;
        const expected = fold(events);
        expect(spansIn(stored)).toBe(expected.spans.length);
        expect(sorted(spansOfLog(stored))).toEqual(sorted(expected.spans));
        expect(summaryOfLog(stored)).toEqual(expected.trace.summary());
      }),
      { numRuns: 400, seed: 7 },
    );
    expect(finished).toBeGreaterThan(40);
  });

  test('takes retries, failures, and work in other processes', () => {
    const events = smallExecution(executionId);
    const expected = fold(events);
    expect(sorted(spansOfLog(logOf(events).logged))).toEqual(sorted(expected.spans));
  });

  test('keeps no value that is masked, and cuts what is long', () => {
    const kept = new KeptValues(['error.message', 'tags']);
    const log = new ExecutionLog(executionId, { ...unbounded, kept });
    const secret = `secret ${'x'.repeat(10_000)}`;
    const error = { name: 'E', message: secret, stack: secret };
    for (const event of smallExecution(executionId)) {
      const tagged = event.type === 'execution:started' ? { ...event, tags: [secret] } : event;
      log.fold('error' in tagged ? { ...tagged, error } : tagged);
    }
    expect(log.finished).toBe(true);
    expect(JSON.stringify(log.logged)).not.toContain('secret');
    expect(summaryOfLog(log.logged)).toMatchObject({ tags: ['[masked]'], error: { message: '[masked]' } });
  });

  test('takes what models decided, cut and masked as in a trace', () => {
    const kept = new KeptValues(['decision.reasoning']);
    const task = { executionId, stage: 'wide', index: 0, attempt: 1, token: 1, actor: 'worker', at: 3 };
    const decided = Array.from({ length: 20 }, (_, number): ExecutionEvent => {
      const decision = { model: 'm', cost: 0.1, outcome: 'o'.repeat(9_000), reasoning: 'secret' };
      return { ...task, type: 'task:decided', number, decision };
    });
    const events = wideExecution(executionId, 1);
    const all = [...events.slice(0, 3), ...decided, ...events.slice(3)];
    const log = new ExecutionLog(executionId, { ...unbounded, kept });
    const trace = new ExecutionTrace(executionId, { ...unbounded, kept });
    for (const event of all) {
      expect(log.fold(event)).toBe('folded');
      trace.fold(event);
    }
    const text = JSON.stringify(log.logged);
    expect(text).not.toContain('secret');
    expect(text.length).toBeLessThan(4_000);
    const stored = JSON.parse(text) as LoggedExecution;
    expect(sorted(spansOfLog(stored))).toEqual(sorted(drain(trace, new Map())));
    expect(summaryOfLog(stored)).toEqual(trace.summary());
    expect(summaryOfLog(stored).usage).toMatchObject({ decisions: 20, cost: { USD: 2 } });
  });

  test('is outgrown by more decisions than a turn can take', () => {
    const task = { executionId, stage: 'wide', index: 0, attempt: 1, token: 1, actor: 'worker', at: 3 };
    const log = logOf(wideExecution(executionId, 1).slice(0, 3));
    for (let number = 0; number <= 1_024; number++) {
      const outcome = log.fold({ ...task, type: 'task:decided', number, decision: { model: 'm' } });
      expect(outcome).toBe(number < 1_024 ? 'folded' : 'outgrown');
    }
  });

  const [started, ...rest] = wideExecution(executionId, 2) as [ExecutionEvent, ...ExecutionEvent[]];
  const [stage, task, report] = rest as [ExecutionEvent, ExecutionEvent, ExecutionEvent];
  const before = [started, stage, task];
  const decidedAs = (fields: object): object => ({
    ...task,
    type: 'task:decided',
    number: 0,
    decision: { model: 'm' },
    ...fields,
  });
  test.each<[string, ExecutionEvent[], object]>([
    ['a start that comes twice', [started], started],
    ['a stage that starts twice', [started, stage], stage],
    ['a task that starts twice', before, task],
    ['a report without its start', [started, stage], report],
    ['a report that comes twice', [...before, report], report],
    ['a report of another hand-out', before, { ...report, token: 2 }],
    ['a report by another actor', before, { ...report, actor: 'other' }],
    ['anything before the start', [], stage],
    ['anything after the end', wideExecution(executionId, 2), { ...task, index: 2 }],
    ['attributes', before, { ...report, attributes: { tokens: 3 } }],
    ['a time between two milliseconds', before, { ...report, at: 3.5 }],
    ['a decision out of order', before, decidedAs({ number: 1 })],
    ['a decision of another hand-out', before, decidedAs({ token: 2 })],
    ['a decision after the report', [...before, report], decidedAs({})],
    ['an approval', before, { type: 'approval:requested', executionId, stage: 'wide', at: 5, approval: 'a' }],
    ['a compensation', before, { ...task, type: 'compensation:started' }],
    ['a pause', before, { type: 'execution:paused', executionId, at: 5 }],
    ['a task that is cancelled', before, { ...report, type: 'task:cancelled' }],
    ['an index beyond all it may hold', [started, stage], { ...task, index: 4_096 }],
  ])('is outgrown by %s', (_, events, event) => {
    expect(logOf(events).fold(event as ExecutionEvent)).toBe('outgrown');
  });

  test('is outgrown by a fan-out that takes long to read, when it begins, and by retries that add up to as much', () => {
    const wide = wideExecution(executionId, 5_000).slice(0, 2);
    expect(wide.map((event) => new ExecutionLog(executionId, unbounded).fold(event))).toEqual([
      'folded',
      'outgrown',
    ]);
    const log = logOf(before.slice(0, 2));
    const error = { name: 'Error', message: 'again' };
    const outcomes = Array.from({ length: 5_000 }, (_, place) => {
      const one = { ...task, attempt: place + 1, token: place + 1 } as ExecutionEvent;
      const end = { ...report, attempt: place + 1, token: place + 1, error, willRetry: true };
      return [log.fold(one), log.fold({ ...end, type: 'task:failed' } as ExecutionEvent)];
    }).flat();
    expect(outcomes.indexOf('outgrown')).toBe(2 * 4_094);
    expect(log.spans).toBe(4_096);
  });

  test('needs room for every span, and changes nothing without it', () => {
    let room = 2;
    const admit = (): boolean => room-- > 0;
    const log = new ExecutionLog(executionId, { ...unbounded, admit });
    const outcomes = wideExecution(executionId, 2)
      .slice(0, 5)
      .map((event) => log.fold(event));
    expect(outcomes).toEqual(['folded', 'folded', 'folded', 'folded', 'no-room']);
    expect(log.spans).toBe(3);
  });
});

describe('a recording on a store that keeps logs', () => {
  function recordingOn(store: MemoryTraceStore): TraceRecording {
    return new TraceRecording(store, resolveRecorderOptions());
  }
  const roomy = { maxExecutions: 1_000, maxSpans: 100_000 };

  test('leads to the same traces, whenever it is read and whatever comes late', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = dice(seed);
      await using recording = recordingOn(new MemoryTraceStore(roomy));
      const ids = Array.from({ length: 4 }, (_, place) => `e-${seed}-${place}`);
      const streams = ids.map((id) => randomExecution(random, { executionId: id, startAt: 1_000 }));
      const seen = new Map<string, ExecutionEvent[]>(ids.map((id) => [id, []]));
      const left = streams.map((events) => [...events]);
      while (left.some((events) => events.length > 0)) {
        const event = random.pick(left.filter((events) => events.length > 0)).shift() as ExecutionEvent;
        const events = seen.get(event.executionId) ?? [];
        const late = random.chance(0.05) ? random.pick([...events, event]) : event;
        for (const one of late === event ? [event] : [event, late]) {
          recording.observe(one);
          events.push(one);
        }
        if (random.chance(0.05)) await recording.flush();
        else if (random.chance(0.1)) await new Promise((resolve) => void setImmediate(resolve));
      }
      await recording.flush();
      for (const [id, events] of seen) {
        const expected = fold(events);
        expect(sorted(await recording.store.spans(id))).toEqual(sorted(expected.spans));
        expect(await recording.store.summary(id)).toEqual(expected.trace.summary());
      }
      expect(Object.values(recording.loss())).toEqual([0, 0, 0, 0, 0]);
    }
  });

  test('writes what is finished in few calls, by itself', async () => {
    const store = new MemoryTraceStore(roomy);
    const sizes: number[] = [];
    const keep = store.keep.bind(store);
    const written = new Promise<void>((resolve) => {
      store.keep = async (logs) => {
        sizes.push(logs.length);
        const reply = await keep(logs);
        if (sizes.reduce((sum, size) => sum + size, 0) === 400) resolve();
        return reply;
      };
    });
    await using recording = recordingOn(store);
    for (let place = 0; place < 400; place++) {
      for (const event of smallExecution(`e-${place}`)) recording.observe(event);
    }
    await written;
    expect(sizes.length).toBeLessThan(40);
  });

  test('counts what the store does not keep, spans and summaries, and goes on', async () => {
    const store = new MemoryTraceStore(roomy);
    const keep = store.keep.bind(store);
    store.keep = () => Promise.reject(new Error('away'));
    await using recording = recordingOn(store);
    for (const event of [...wideExecution('a', 10), ...wideExecution('b', 3)]) recording.observe(event);
    await recording.flush();
    expect(recording.loss()).toMatchObject({ unwrittenRecords: 12 + 1 + 5 + 1, droppedEvents: 0 });
    store.keep = keep;
    for (const event of wideExecution('c', 3)) recording.observe(event);
    await recording.flush();
    expect(await store.summary('a')).toBeUndefined();
    expect(await store.summary('c')).toMatchObject({ attempts: 3, partial: false });
  });

  test('forgets what makes room, and counts its spans', async () => {
    await using recording = recordingOn(new MemoryTraceStore({ maxExecutions: 2, maxSpans: 100_000 }));
    for (const id of ['a', 'b', 'c']) for (const event of wideExecution(id, 3)) recording.observe(event);
    await recording.flush();
    expect(recording.loss()).toMatchObject({ evictedExecutions: 1, evictedSpans: 5 });
    expect(await recording.store.spans('a')).toEqual([]);
    expect(await recording.store.spans('c')).toHaveLength(5);
  });
});
