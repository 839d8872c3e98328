import type { ExecutionEvent } from '@certoai/loom-core';
import type { ApprovalSpan, AttemptSpan, CompensationSpan, ExecutionSpan } from '@certoai/loom-observability';
import { describe, expect, test } from 'vitest';
import { ExecutionTrace } from '../../src/recording/execution-trace.js';
import { KeptValues } from '../../src/recording/kept-values.js';
import { eventfulExecution } from '../support/eventful-execution.js';
import { drain, fold, unbounded } from '../support/fold.js';

const executionId = '01J9F00000000000000000000A';
const events = eventfulExecution(executionId);
const task = { executionId, stage: 'judge', index: 0, attempt: 1, token: 1, actor: 'judge' } as const;
const started: ExecutionEvent = { ...task, type: 'task:started', at: 1 };

function attempts(spans: readonly ExecutionSpan[]): AttemptSpan[] {
  return spans.filter((span) => span.kind === 'attempt');
}

function only<Kind extends ExecutionSpan['kind']>(
  spans: readonly ExecutionSpan[],
  kind: Kind,
): Extract<ExecutionSpan, { readonly kind: Kind }> {
  const found = spans.filter((span) => span.kind === kind);
  expect(found).toHaveLength(1);
  return found[0] as Extract<ExecutionSpan, { readonly kind: Kind }>;
}

describe('what a model decided', () => {
  test('is in the span of its attempt, and its usage in the summary, that of attempts that failed included', () => {
    const { spans, trace } = fold(events);
    const [first, second] = attempts(spans).filter(({ stage }) => stage === 'judge');
    expect(first?.decisions).toEqual([
      { token: 1, number: 0, model: 'small', inputTokens: 100, outputTokens: 10, cost: 0.1, currency: 'USD' },
    ]);
    expect(second?.decisions?.[1]).toMatchObject({
      model: 'large',
      confidence: 0.9,
      outcome: 'pay',
      reasoning: 'It is covered.',
    });
    const small = { decisions: 2, inputTokens: 200, outputTokens: 20, cost: { USD: 0.2 } };
    const large = { decisions: 1, inputTokens: 1_000, outputTokens: 50, cost: { USD: 0.2 } };
    const usage = {
      decisions: 3,
      inputTokens: 1_200,
      outputTokens: 70,
      cost: { USD: 0.4 },
      models: [
        { model: 'large', ...large },
        { model: 'small', ...small },
      ],
    };
    expect(trace.summary().usage).toEqual(usage);
    expect(trace.summary().stages.map((stage) => stage.usage)).toEqual([usage, undefined, undefined]);
  });

  test('is kept for the first 8, counted for all, and bounded in size', () => {
    const decided = Array.from({ length: 100 }, (_, number): ExecutionEvent => ({
      ...task,
      type: 'task:decided',
      at: 2,
      number,
      decision: {
        model: 'm'.repeat(5_000),
        cost: 0.01,
        outcome: 'o'.repeat(5_000),
        reasoning: 'r'.repeat(50_000),
      },
    }));
    const { spans, trace } = fold([started, ...decided, ...decided.toReversed()]);
    const span = only(spans, 'attempt');
    expect(span.decisions?.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(span.counted).toEqual([65_536, 65_635]);
    expect(trace.summary().usage).toMatchObject({ decisions: 100, cost: { USD: 1 } });
    expect(JSON.stringify(span).length).toBeLessThan(8_000);
  });

  test('of a hand-out that was repeated counts, too', () => {
    const again = { ...task, token: 2 };
    const decision = { model: 'small', cost: 1 };
    const { spans, trace } = fold([
      started,
      { ...task, type: 'task:decided', at: 2, number: 0, decision },
      { ...again, type: 'task:started', at: 3 },
      { ...again, type: 'task:decided', at: 4, number: 0, decision },
      { ...again, type: 'task:completed', at: 4, durationMs: 1 },
    ]);
    expect(only(spans, 'attempt').decisions?.map(({ token }) => token)).toEqual([1, 2]);
    expect(trace.summary().usage?.cost).toEqual({ USD: 2 });
  });

  test.each([
    [{ inputTokens: -1, outputTokens: NaN, cost: -1, confidence: 2 }, { model: 'm' }],
    [{ inputTokens: 1.5, outputTokens: Infinity, cost: Infinity, confidence: -0.1 }, { model: 'm' }],
    [{ inputTokens: '7', cost: '1', confidence: '1', outcome: 3, reasoning: {} }, { model: 'm' }],
    [{ cost: 1, currency: 'dollars' }, { model: 'm' }],
    [
      { cost: 1, currency: 'eur' },
      { model: 'm', cost: 1, currency: 'EUR' },
    ],
    [{ cost: 0.123_456_789_123 }, { model: 'm', cost: 0.123_456_789, currency: 'USD' }],
    [
      { inputTokens: 0, cost: 0, confidence: 0 },
      { inputTokens: 0, cost: 0, currency: 'USD', confidence: 0 },
    ],
    [{ model: '' }, { model: 'unknown' }],
    [{ model: undefined }, { model: 'unknown' }],
  ])('%j is kept as %j: numbers that are none are left out', (decision, expected) => {
    const kept = new KeptValues().decision({ model: 'm', ...decision } as never, true);
    expect(kept).toEqual({ model: 'm', ...expected });
  });

  test('is masked by field', () => {
    const kept = new KeptValues(['decision.reasoning', 'decision.outcome']);
    expect(kept.decision({ model: 'm', outcome: 'pay', reasoning: 'IBAN DE00' }, true)).toEqual({
      model: 'm',
      outcome: '[masked]',
      reasoning: '[masked]',
    });
  });

  test('before anything else is heard of its attempt makes a span whose start is missing, until it is heard of', () => {
    const decided: ExecutionEvent = {
      ...task,
      type: 'task:decided',
      at: 5,
      number: 0,
      decision: { model: 'm' },
    };
    const early = fold([decided]);
    expect(only(early.spans, 'attempt')).toMatchObject({
      startedAt: 5,
      startMissing: true,
      status: 'running',
    });
    expect(early.trace.summary()).toMatchObject({ partial: true, attempts: 1, usage: { decisions: 1 } });
    const { spans } = fold([decided, started]);
    expect(only(spans, 'attempt')).toMatchObject({ startedAt: 1 });
    expect(only(spans, 'attempt').startMissing).toBeUndefined();
  });
});

describe('an approval', () => {
  test('is a span from its request to its decision, below the attempt that waits, with who decided', () => {
    const { spans, trace } = fold(events);
    const waiting = attempts(spans).find(({ stage }) => stage === 'approve');
    expect(waiting).toBeDefined();
    expect(only(spans, 'approval')).toEqual({
      kind: 'approval',
      executionId,
      traceId: waiting?.traceId ?? '',
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      parentSpanId: waiting?.spanId ?? '',
      stage: 'approve',
      approval: 'pay',
      index: 0,
      attempt: 1,
      status: 'approved',
      startedAt: 1_310,
      endedAt: 9_310,
      durationMs: 8_000,
      what: 'Pay 100 EUR',
      by: 'bob',
      note: 'Fine.',
      escalations: [{ at: 5_000, to: 'bob' }],
      escalated: 1,
    } satisfies ApprovalSpan);
    expect(trace.summary().approvals).toEqual({ count: 1, open: 0, waitMs: 8_000 });
  });

  test('is open until then, and is cut off with its stage or execution', () => {
    const place = { executionId, stage: 's', approval: 'a' } as const;
    const requested: ExecutionEvent = { ...place, type: 'approval:requested', at: 5 };
    const open = fold([requested]);
    expect(only(open.spans, 'approval').status).toBe('open');
    expect(open.trace.summary().approvals).toEqual({ count: 1, open: 1, waitMs: 0 });
    for (const end of [
      { executionId, stage: 's', type: 'stage:cancelled', at: 9 },
      { executionId, type: 'execution:finished', at: 9, status: 'cancelled' },
    ] as const) {
      const { spans, trace } = fold([requested, end]);
      expect(only(spans, 'approval')).toMatchObject({ status: 'cancelled', unreported: true, endedAt: 9 });
      expect(trace.summary().approvals).toEqual({ count: 1, open: 0, waitMs: 4 });
    }
  });

  test('keeps its first decision, 8 escalations and the number of all, and short texts', () => {
    const place = { executionId, stage: 's', approval: 'a' } as const;
    const escalations = Array.from({ length: 20 }, (_, level): ExecutionEvent => ({
      ...place,
      type: 'approval:escalated',
      at: 10 + level,
      to: 'x'.repeat(999),
    }));
    const { spans } = fold([
      { ...place, type: 'approval:requested', at: 1, what: 'w'.repeat(9_999) },
      ...escalations,
      { ...place, type: 'approval:decided', at: 60, outcome: 'expired' },
      { ...place, type: 'approval:decided', at: 50, outcome: 'rejected', by: 'ann', note: 'n'.repeat(9_999) },
    ]);
    const span = only(spans, 'approval');
    expect(span).toMatchObject({ status: 'rejected', by: 'ann', endedAt: 50, escalated: 20 });
    expect(span.escalations).toHaveLength(8);
    expect(JSON.stringify(span).length).toBeLessThan(2_500);
  });

  test('is masked by field: what it is of, why, and who', () => {
    const kept = new KeptValues(['approval.what', 'approval.by', 'approval.note']);
    const trace = new ExecutionTrace(executionId, { ...unbounded, kept });
    for (const event of events) trace.fold(event);
    const text = JSON.stringify(drain(trace, new Map()));
    for (const secret of ['bob', 'Pay 100', 'Fine.']) expect(text).not.toContain(secret);
    expect(text).toContain('"by":"[masked]"');
  });
});

test('a breaker that lets an attempt pass is a point on it, and one that does not on the stage it parks', () => {
  const { spans, trace } = fold(events);
  const pay = attempts(spans).find(({ stage }) => stage === 'pay');
  expect(pay?.breakerChecks).toEqual({
    passed: 1,
    refused: 0,
    checks: [{ at: 9_500, breaker: 'bank', state: 'half-open', passed: true }],
  });
  expect(spans.find((span) => span.kind === 'stage' && span.stage === 'pay')).toMatchObject({
    breakerChecks: { passed: 0, refused: 1, checks: [{ at: 9_320, state: 'open', passed: false }] },
  });
  expect(trace.summary().breakerRefusals).toBe(1);
});

test('of many checks the first 8 are kept, and all are counted', () => {
  const checks = Array.from({ length: 50 }, (_, place): ExecutionEvent => ({
    executionId,
    stage: 's',
    type: 'breaker:checked',
    at: 50 - place,
    breaker: 'b',
    state: 'open',
    passed: false,
  }));
  const { spans, trace } = fold(checks);
  const { breakerChecks } = only(spans, 'stage');
  expect(breakerChecks?.checks.map(({ at }) => at)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(trace.summary().breakerRefusals).toBe(50);
});

test('each attempt of a compensation is a span below the stage it undoes, and none of its attempts', () => {
  const { spans, trace } = fold(events);
  const stage = spans.find((span) => span.kind === 'stage' && span.stage === 'judge');
  const undone = spans.filter((span): span is CompensationSpan => span.kind === 'compensation');
  expect(undone).toMatchObject([
    { attempt: 1, status: 'failed', startedAt: 9_600, endedAt: 9_650, willRetry: true },
    { attempt: 2, status: 'completed', startedAt: 9_700, endedAt: 9_900, retryWaitMs: 50, queueWaitMs: 0 },
  ]);
  for (const span of undone) expect(span.parentSpanId).toBe(stage?.spanId);
  const summary = trace.summary();
  expect(summary.compensations).toEqual({ attempts: 2, completed: 1, failed: 0 });
  expect(summary.stages[0]).toMatchObject({ attempts: 2, endedAt: 1_300, errorCodes: ['E_BUSY'] });
});

test('a compensation that has not ended is cut off with the execution, and not with the stage before it', () => {
  const begun = events.slice(0, 24);
  expect(begun.at(-1)?.type).toBe('compensation:started');
  expect(only(fold(begun).spans, 'compensation').status).toBe('running');
  const { spans } = fold([...begun, ...events.slice(-1)]);
  expect(only(spans, 'compensation')).toMatchObject({
    status: 'cancelled',
    unreported: true,
    endedAt: 10_000,
  });
});

test.each<[string, object]>([
  ['an approval without a stage', { type: 'approval:requested', approval: 'a' }],
  ['an approval without an id', { type: 'approval:requested', stage: 's', approval: '' }],
  [
    'an approval with an id without end',
    { type: 'approval:requested', stage: 's', approval: 'a'.repeat(257) },
  ],
  [
    'an approval of a task and no attempt',
    { type: 'approval:requested', stage: 's', approval: 'a', index: 1 },
  ],
  ['an outcome that is none', { type: 'approval:decided', stage: 's', approval: 'a', outcome: 'maybe' }],
  ['a breaker without a name', { type: 'breaker:checked', stage: 's', state: 'open', passed: true }],
  [
    'a state that is none',
    { type: 'breaker:checked', stage: 's', breaker: 'b', state: 'ajar', passed: true },
  ],
  ['a check without an answer', { type: 'breaker:checked', stage: 's', breaker: 'b', state: 'open' }],
  ['a decision without a number', { ...task, type: 'task:decided', decision: { model: 'm' } }],
  ['a number without end', { ...task, type: 'task:decided', number: 65_536, decision: { model: 'm' } }],
  ['no decision', { ...task, type: 'task:decided', number: 0 }],
  ['a compensation without an attempt', { type: 'compensation:started', stage: 's', index: 0, token: 1 }],
  ['a failed compensation without an error', { ...task, type: 'compensation:failed', durationMs: 1 }],
])('%s is no event', (_, event) => {
  const trace = new ExecutionTrace(executionId, unbounded);
  expect(trace.fold({ executionId, at: 1, ...event } as unknown as ExecutionEvent)).toBe('malformed');
  expect(trace.spans).toBe(1);
});
