import type { ExecutionSpan, ExecutionSummary } from '@certoai/loom-observability';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExecutionTrace } from '../../src/recording/execution-trace.js';
import { traceparentOf } from '../../src/span/traceparent.js';
import { drain, fold, sorted, unbounded } from '../support/fold.js';
import { randomExecution } from '../support/random-execution.js';
import { dice } from '../support/random.js';
import { summaryOfSpans } from '../support/summary-of-spans.js';

const executionId = '01J9F00000000000000000000A';

function everySeed(check: (seed: number) => void, numRuns = 500): void {
  fc.assert(fc.property(fc.integer(), check), { numRuns });
}

/** Position is the one thing that depends on the order of events. */
function withoutPosition(spans: readonly ExecutionSpan[]): unknown[] {
  return sorted(spans).map((span) => ({ ...span, position: 0 }));
}

function withoutOrder({ stages, criticalPath: _, ...summary }: ExecutionSummary): unknown {
  return { ...summary, stages: [...stages].sort((left, right) => (left.stage < right.stage ? -1 : 1)) };
}

test('a summary says what the spans say, after every event', () => {
  everySeed((seed) => {
    const trace = new ExecutionTrace(executionId, unbounded);
    const stored = new Map<string, ExecutionSpan>();
    for (const event of randomExecution(dice(seed), { executionId })) {
      expect(trace.fold(event)).toBe('folded');
      expect(trace.summary()).toEqual(summaryOfSpans(drain(trace, stored)));
    }
  });
});

test('events lead to the same trace in any order and any number', () => {
  everySeed((seed) => {
    const random = dice(seed);
    const events = randomExecution(random, { executionId });
    const expected = fold(events);
    const repeated = events.flatMap((event) => Array.from({ length: random.between(1, 3) }, () => event));
    const { trace, spans } = fold(random.shuffle(repeated));
    expect(withoutPosition(spans)).toEqual(withoutPosition(expected.spans));
    expect(withoutOrder(trace.summary())).toEqual(withoutOrder(expected.trace.summary()));
  });
});

test('a trace goes on from its stored spans as if it had never been put away', () => {
  everySeed((seed) => {
    const random = dice(seed);
    const events = randomExecution(random, { executionId });
    const expected = fold(events);
    const stored = new Map<string, ExecutionSpan>();
    let trace = new ExecutionTrace(executionId, unbounded);
    for (const event of events) {
      trace.fold(event);
      if (!random.chance(0.3)) continue;
      drain(trace, stored);
      trace = ExecutionTrace.from(executionId, random.shuffle([...stored.values()]), unbounded);
    }
    expect(sorted(drain(trace, stored))).toEqual(sorted(expected.spans));
    expect(trace.summary()).toEqual(expected.trace.summary());
    expect(trace.spans).toBe(expected.trace.spans);
  });
});

test('the size of batches and the time between them do not matter', () => {
  everySeed((seed) => {
    const random = dice(seed);
    const events = randomExecution(random, { executionId });
    const stored = new Map<string, ExecutionSpan>();
    const trace = new ExecutionTrace(executionId, unbounded);
    for (const event of events) {
      trace.fold(event);
      if (random.chance(0.4)) drain(trace, stored, random.between(1, 3));
    }
    const spans = drain(trace, stored, 1);
    expect(trace.hasChanges).toBe(false);
    expect(sorted(spans)).toEqual(sorted(fold(events).spans));
    expect(spans.length).toBe(trace.spans);
  });
});

test('spans lie inside their parents in name: one root, stages below it, all else below their stage', () => {
  everySeed((seed) => {
    const { spans } = fold(randomExecution(dice(seed), { executionId }));
    const roots = spans.filter(({ kind }) => kind === 'execution');
    expect(roots).toHaveLength(1);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    for (const span of spans) {
      if (span.kind === 'stage') expect(span.parentSpanId).toBe(roots[0]?.spanId);
      if (span.kind === 'execution' || span.kind === 'stage') continue;
      const stage = spans.find((one) => one.kind === 'stage' && one.stage === span.stage);
      if (span.kind !== 'approval' || span.index === undefined) {
        expect(span.parentSpanId).toBe(stage?.spanId);
        continue;
      }
      const { stage: name, index, attempt } = span;
      const one = traceparentOf({ executionId, stage: name, index, attempt: attempt as number });
      expect(one).toContain(span.parentSpanId);
    }
  });
});

test('spans and summaries are plain data that JSON keeps as it is', () => {
  everySeed((seed) => {
    const { spans, trace } = fold(randomExecution(dice(seed), { executionId }));
    const data = { spans, summary: trace.summary() };
    expect(JSON.parse(JSON.stringify(data))).toStrictEqual(data);
  });
});

test('nothing runs on in an execution that is finished', () => {
  everySeed((seed) => {
    const { spans, trace } = fold(randomExecution(dice(seed), { executionId }));
    if (!trace.finished) return;
    for (const span of spans) {
      expect(['running', 'open']).not.toContain(span.status);
      expect(span.durationMs).toBeGreaterThanOrEqual(0);
    }
  });
});
