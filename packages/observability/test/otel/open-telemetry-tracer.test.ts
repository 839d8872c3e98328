import { isLoomError, silentLogger, type ExecutionEvent } from '@certoai/loom-core';
import {
  LoomIdGenerator,
  OpenTelemetryTracer,
  PipelineTracer,
  type OpenTelemetryTracerLike,
  type OpenTelemetryTracerOptions,
} from '@certoai/loom-observability';
import { SpanStatusCode, trace as api, type Tracer } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  AlwaysOnSampler,
  SimpleSpanProcessor,
  type ReadableSpan,
  type Sampler,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, test } from 'vitest';
import { randomExecution } from '../support/random-execution.js';
import { eventfulExecution } from '../support/eventful-execution.js';
import { dice } from '../support/random.js';
import { smallExecution } from '../support/small-execution.js';

const executionId = '01J9F00000000000000000000A';
const traceId = '01925e0000000000000000000000000a';
const execution = { executionId } as const;
const stage = { executionId, stage: 'price' } as const;
const task = { ...stage, index: 0, attempt: 1, token: 1, actor: 'pricer' } as const;
const error = { name: 'RateError', message: 'No rate.', code: 'E_RATE', stack: 'RateError: No rate.' };

interface Setup {
  readonly tracer: OpenTelemetryTracer;
  readonly exported: () => readonly ReadableSpan[];
  readonly provider: BasicTracerProvider;
}

/** A real SDK that exports into memory. */
function setup({
  ids = new LoomIdGenerator(),
  sampler,
  ...options
}: OpenTelemetryTracerOptions & { readonly sampler?: Sampler } = {}): Setup {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    idGenerator: ids,
    spanProcessors: [new SimpleSpanProcessor(exporter)],
    ...(sampler !== undefined && { sampler }),
  });
  const tracer = new OpenTelemetryTracer({ tracer: provider.getTracer('test'), ids, ...options });
  return { tracer, exported: () => exporter.getFinishedSpans(), provider };
}

/** As {@link setup}, on a provider whose ids are its own. */
function setupWithoutIds(options: OpenTelemetryTracerOptions = {}): Setup {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = new OpenTelemetryTracer({ tracer: provider.getTracer('test'), ...options });
  return { tracer, exported: () => exporter.getFinishedSpans(), provider };
}

function spansOf(events: readonly ExecutionEvent[], made: Setup = setup()): readonly ReadableSpan[] {
  for (const event of events) made.tracer.observe(event);
  return made.exported();
}

function smallExecutionUnder(traceparent: string): ExecutionEvent[] {
  return smallExecution(executionId).map((event) =>
    event.type === 'execution:started' ? Object.assign({ ...event }, { traceparent }) : event,
  );
}

function find(
  spans: readonly ReadableSpan[],
  name: string,
  attributes: Readonly<Record<string, unknown>> = {},
): ReadableSpan {
  const found = spans.filter(
    (span) =>
      span.name === name &&
      Object.entries(attributes).every(([key, value]) => span.attributes[key] === value),
  );
  if (found.length !== 1) throw new Error(`${found.length} spans are "${name}".`);
  return found[0] as ReadableSpan;
}

function ms([seconds, nanoseconds]: readonly [number, number]): number {
  return Math.round(seconds * 1_000 + nanoseconds / 1e6);
}

function times(span: ReadableSpan): readonly [number, number] {
  return [ms(span.startTime), ms(span.endTime)];
}

afterEach(() => {
  api.disable();
});

describe('an execution', () => {
  test('is a root, below it its stages, below each its attempts, with the times of the events', () => {
    const spans = spansOf(smallExecution(executionId));
    expect(spans).toHaveLength(7);
    const root = find(spans, 'execution orders');
    const price = find(spans, 'stage price');
    const mail = find(spans, 'stage mail');
    expect(root.parentSpanContext).toBeUndefined();
    expect(times(root)).toEqual([1_000, 2_000]);
    expect(times(price)).toEqual([1_010, 1_220]);
    expect(times(mail)).toEqual([1_230, 1_910]);
    for (const one of [price, mail]) expect(one.parentSpanContext?.spanId).toBe(root.spanContext().spanId);
    const first = find(spans, 'task price', { 'loom.task.attempt': 1 });
    const second = find(spans, 'task price', { 'loom.task.attempt': 2 });
    expect(times(first)).toEqual([1_020, 1_050]);
    expect(times(second)).toEqual([1_150, 1_210]);
    for (const one of [first, second]) expect(one.parentSpanContext?.spanId).toBe(price.spanContext().spanId);
    expect(new Set(spans.map((span) => span.spanContext().traceId))).toEqual(new Set([traceId]));
  });

  test('has attributes with names that stay', () => {
    const spans = spansOf(smallExecution(executionId));
    expect(find(spans, 'execution orders').attributes).toEqual({
      'loom.execution.id': executionId,
      'loom.pipeline.name': 'orders',
      'loom.execution.tags': ['gold'],
      'loom.execution.status': 'failed',
      'error.type': 'E_RATE',
    });
    expect(find(spans, 'stage mail').attributes).toEqual({
      'loom.execution.id': executionId,
      'loom.stage.id': 'mail',
      'loom.stage.tasks': 2,
      'loom.stage.status': 'failed',
      'error.type': 'E_RATE',
    });
    expect(find(spans, 'task mail', { 'loom.task.index': 0 }).attributes).toEqual({
      'loom.execution.id': executionId,
      'loom.stage.id': 'mail',
      'loom.task.index': 0,
      'loom.task.attempt': 1,
      'loom.task.token': 1,
      'loom.task.actor': 'mailer',
      'loom.task.status': 'completed',
      'loom.task.worker': 'w-1',
      'loom.task.queued_ms': 360,
    });
  });

  test('that fails is an error with its cause, and so is what failed in it, and nothing else', () => {
    const spans = spansOf(smallExecution(executionId));
    const failed = spans.filter(({ status }) => status.code === SpanStatusCode.ERROR).map(({ name }) => name);
    expect(failed.sort()).toEqual(['execution orders', 'stage mail', 'task mail', 'task price']);
    const root = find(spans, 'execution orders');
    expect(root.status).toEqual({ code: SpanStatusCode.ERROR, message: 'No rate for "EUR".' });
    expect(root.events).toMatchObject([
      {
        name: 'exception',
        attributes: { 'exception.type': 'E_RATE', 'exception.message': 'No rate for "EUR".' },
      },
    ]);
  });

  test.each([
    ['completed', SpanStatusCode.UNSET],
    ['cancelled', SpanStatusCode.UNSET],
    ['failed', SpanStatusCode.ERROR],
    ['timed-out', SpanStatusCode.ERROR],
  ] as const)('that is %s has the status it deserves', (status, code) => {
    const [root] = spansOf([
      { ...execution, type: 'execution:started', at: 1 },
      { ...execution, type: 'execution:finished', at: 2, status },
    ]);
    expect(root).toMatchObject({
      name: 'execution',
      status: { code },
      attributes: { 'loom.execution.status': status },
    });
  });

  test('says when it was paused and resumed', () => {
    const [root] = spansOf([
      { ...execution, type: 'execution:started', at: 1 },
      { ...execution, type: 'execution:paused', at: 5 },
      { ...execution, type: 'execution:resumed', at: 9, reason: 'resumed' },
      { ...execution, type: 'execution:finished', at: 10, status: 'completed' },
    ]);
    expect(root?.events.map(({ name, time }) => [name, ms(time)])).toEqual([
      ['loom.execution.paused', 5],
      ['loom.execution.resumed', 9],
    ]);
  });

  test('that began elsewhere is a trace from where it was picked up, and says so', () => {
    const spans = spansOf([
      { ...execution, type: 'execution:resumed', at: 50, reason: 'recovered' },
      { ...task, type: 'task:completed', at: 70, durationMs: 15 },
      { ...execution, type: 'execution:finished', at: 90, status: 'completed' },
    ]);
    expect(find(spans, 'execution')).toMatchObject({ attributes: { 'loom.partial': true } });
    expect(times(find(spans, 'execution'))).toEqual([50, 90]);
    expect(times(find(spans, 'stage price'))).toEqual([55, 90]);
    expect(find(spans, 'task price').parentSpanContext?.spanId).toBe(
      find(spans, 'stage price').spanContext().spanId,
    );
  });

  test('that is finished is over: what is heard later begins no second trace', () => {
    const made = setup();
    const before = spansOf(smallExecution(executionId), made).length;
    made.tracer.observe({ ...task, type: 'task:cancelled', at: 3_000, durationMs: 1 });
    made.tracer.observe({ ...execution, type: 'execution:finished', at: 3_000, status: 'failed', error });
    expect(made.exported()).toHaveLength(before);
    // A redrive begins it again.
    spansOf(smallExecution(executionId), made);
    expect(made.exported()).toHaveLength(before * 2);
  });
});

describe('an attempt', () => {
  test('that is tried again says so, and the next one is linked to it', () => {
    const spans = spansOf(smallExecution(executionId));
    const first = find(spans, 'task price', { 'loom.task.attempt': 1 });
    const second = find(spans, 'task price', { 'loom.task.attempt': 2 });
    expect(first.events.map(({ name }) => name)).toEqual(['loom.task.retry', 'exception']);
    expect(first.events[0]?.attributes).toEqual({ 'loom.task.retry_delay_ms': 100 });
    expect(second.links.map(({ context }) => context.spanId)).toEqual([first.spanContext().spanId]);
    expect(first.links).toEqual([]);
  });

  test('in another process begins with its hand-out and says when a worker began with it', () => {
    const spans = spansOf(smallExecution(executionId));
    const sent = find(spans, 'task mail', { 'loom.task.index': 0 });
    expect(times(sent)).toEqual([1_240, 1_800]);
    expect(sent.events.map(({ name, time }) => [name, ms(time)])).toEqual([['loom.task.began', 1_600]]);
  });

  test('that was handed out again names the hand-out that was lost', () => {
    const spans = spansOf([
      { ...execution, type: 'execution:started', at: 1 },
      { ...task, type: 'task:started', at: 10 },
      { ...task, token: 2, type: 'task:started', at: 20 },
      { ...task, token: 2, type: 'task:completed', at: 30, durationMs: 10 },
    ]);
    expect(spans).toHaveLength(1);
    expect(spans[0]).toMatchObject({
      attributes: { 'loom.task.token': 2 },
      events: [{ name: 'loom.task.lost', attributes: { 'loom.task.token': 1 } }],
    });
  });

  test('that was cancelled is one span, whether that is heard before or after the end of its stage', () => {
    const begin: ExecutionEvent[] = [
      { ...execution, type: 'execution:started', at: 1 },
      { ...stage, type: 'stage:started', at: 2, tasks: 1 },
      { ...task, type: 'task:started', at: 3 },
    ];
    const cancelled: ExecutionEvent = {
      ...task,
      type: 'task:cancelled',
      at: 8,
      durationMs: 4,
      worker: 'w-1',
    };
    const ended: ExecutionEvent = { ...stage, type: 'stage:cancelled', at: 9 };
    const finished: ExecutionEvent = {
      ...execution,
      type: 'execution:finished',
      at: 10,
      status: 'cancelled',
    };
    for (const end of [
      [cancelled, ended, finished],
      [ended, cancelled, finished],
    ]) {
      const spans = spansOf([...begin, ...end]);
      const attempt = find(spans, 'task price');
      expect(times(attempt)).toEqual([4, 8]);
      expect(attempt.attributes).toMatchObject({
        'loom.task.status': 'cancelled',
        'loom.task.worker': 'w-1',
      });
      expect(attempt.status.code).toBe(SpanStatusCode.UNSET);
    }
    const unreported = find(spansOf([...begin, ended, finished]), 'task price');
    expect(times(unreported)).toEqual([3, 9]);
    expect(unreported.attributes).toMatchObject({
      'loom.task.status': 'cancelled',
      'loom.task.unreported': true,
    });
  });
});

describe('ids', () => {
  test('are those of the recorder, in every process', async () => {
    const spans = spansOf(smallExecution(executionId));
    await using recorded = new PipelineTracer();
    for (const event of smallExecution(executionId)) recorded.observe(event);
    const expected = await recorded.recorder.spans(executionId);
    expect(spans.map((span) => span.spanContext().spanId).sort()).toEqual(
      expected.map(({ spanId }) => spanId).sort(),
    );
  });

  test('of an execution under a traceparent belong to that trace, below that span', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const spans = spansOf(smallExecutionUnder(traceparent));
    expect(new Set(spans.map((span) => span.spanContext().traceId))).toEqual(
      new Set(['0af7651916cd43dd8448eb211c80319c']),
    );
    expect(find(spans, 'execution orders').parentSpanContext).toMatchObject({
      spanId: 'b7ad6b7169203331',
      isRemote: true,
    });
  });

  test('go to one span, though another is started on its way', () => {
    const ids = new LoomIdGenerator();
    const given = { traceId, spanId: 'b7ad6b7169203331' };
    const [first, second] = ids.use(given, () =>
      [1, 2].map(() => ({ traceId: ids.generateTraceId(), spanId: ids.generateSpanId() })),
    );
    expect(first).toEqual(given);
    expect(second?.traceId).not.toBe(traceId);
    expect(second?.spanId).not.toBe(given.spanId);
  });

  test('of other spans of the provider are random, and of their own', () => {
    const ids = new LoomIdGenerator();
    const { tracer, provider } = setup({ ids });
    const own = provider.getTracer('own');
    tracer.observe({ ...execution, type: 'execution:started', at: 1 });
    const contexts = Array.from({ length: 100 }, () => own.startSpan('own').spanContext());
    expect(new Set(contexts.map(({ spanId }) => spanId)).size).toBe(100);
    expect(contexts.map((context) => context.traceId)).not.toContain(traceId);
    for (const context of contexts) {
      expect(context.traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(context.spanId).toMatch(/^[0-9a-f]{16}$/);
    }
  });
});

describe('a traceparent for a worker', () => {
  test('is that of the span of its task, before that is made', () => {
    const { tracer, exported } = setup();
    for (const event of smallExecution(executionId).slice(0, 2)) tracer.observe(event);
    const given = tracer.traceparent({ executionId, stage: 'price', index: 0, attempt: 2 });
    for (const event of smallExecution(executionId).slice(2)) tracer.observe(event);
    const attempt = find(exported(), 'task price', { 'loom.task.attempt': 2 });
    expect(given).toBe(`00-${traceId}-${attempt.spanContext().spanId}-01`);
  });

  test('names the same span in a process that knows nothing of the execution', () => {
    const address = { executionId, stage: 'price', index: 0, attempt: 2 };
    expect(setup().tracer.traceparent(address)).toBe(new PipelineTracer().traceparent(address));
  });

  test('says that nothing is recorded when the sampler says so', () => {
    const { tracer } = setup({ sampler: new AlwaysOffSampler() });
    tracer.observe({ ...execution, type: 'execution:started', at: 1 });
    expect(tracer.traceparent({ executionId, stage: 'price', index: 0, attempt: 1 })).toMatch(/-00$/);
  });

  test('is that of the span around it where ids are random', () => {
    const { tracer, exported } = setupWithoutIds();
    const address = { executionId, stage: 'price', index: 0, attempt: 1 };
    expect(tracer.traceparent(address)).toBeUndefined();
    for (const event of smallExecution(executionId).slice(0, 2)) tracer.observe(event);
    const given = tracer.traceparent(address);
    const elsewhere = tracer.traceparent({ ...address, stage: 'mail' });
    for (const event of smallExecution(executionId).slice(2)) tracer.observe(event);
    const root = find(exported(), 'execution orders').spanContext();
    expect(given).toBe(`00-${root.traceId}-${find(exported(), 'stage price').spanContext().spanId}-01`);
    expect(elsewhere).toBe(`00-${root.traceId}-${root.spanId}-01`);
  });
});

describe('without its id generator', () => {
  test('a trace hangs together all the same', () => {
    const spans = spansOf(smallExecution(executionId), setupWithoutIds());
    const root = find(spans, 'execution orders').spanContext();
    expect(root.traceId).not.toBe(traceId);
    expect(new Set(spans.map((span) => span.spanContext().traceId))).toEqual(new Set([root.traceId]));
    expect(find(spans, 'task price', { 'loom.task.attempt': 1 }).parentSpanContext?.spanId).toBe(
      find(spans, 'stage price').spanContext().spanId,
    );
  });

  test('what is not finished is exported as partial on close, because nobody else can end it', () => {
    const { tracer, exported } = setupWithoutIds();
    for (const event of smallExecution(executionId).slice(0, 3)) tracer.observe(event);
    tracer.close();
    tracer.close();
    expect(exported().map(({ name, attributes }) => [name, attributes['loom.partial']])).toEqual([
      ['stage price', true],
      ['task price', undefined],
      ['execution orders', true],
    ]);
    tracer.observe({ ...execution, type: 'execution:started', at: 1 });
    expect(exported()).toHaveLength(3);
  });
});

test('with ids that follow from names, another process ends what this one began, once', () => {
  const [here, there] = [setup(), setup()];
  const events = smallExecution(executionId);
  for (const event of events.slice(0, 4)) here.tracer.observe(event);
  here.tracer.close();
  there.tracer.observe({ ...execution, type: 'execution:resumed', at: 1_100, reason: 'recovered' });
  for (const event of events.slice(4)) there.tracer.observe(event);
  const all = [...here.exported(), ...there.exported()];
  const ids = all.map((span) => span.spanContext().spanId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { parentSpanContext } of all) {
    if (parentSpanContext !== undefined) expect(ids).toContain(parentSpanContext.spanId);
  }
});

test('every random execution gives one span for each of the recorder, and never a dangling parent', async () => {
  for (let seed = 0; seed < 200; seed++) {
    const events = randomExecution(dice(seed), { executionId });
    if (events.at(-1)?.type !== 'execution:finished') continue;
    const spans = spansOf(events);
    const ids = spans.map((span) => span.spanContext().spanId);
    // A report that is lost with its process is a span of its own here: it had been exported.
    for (const { parentSpanContext } of spans) {
      if (parentSpanContext !== undefined && parentSpanContext.isRemote !== true)
        expect(ids).toContain(parentSpanContext.spanId);
    }
    await using recorded = new PipelineTracer();
    for (const event of events) recorded.observe(event);
    const expected = (await recorded.recorder.spans(executionId)).map(({ spanId }) => spanId);
    expect([...new Set(ids)].sort()).toEqual(expected.sort());
    for (const span of spans) expect(ms(span.endTime)).toBeGreaterThanOrEqual(ms(span.startTime));
  }
});

describe('beside tasks', () => {
  test('what models decided is on the span of the attempt, by the conventions for generative AI', () => {
    const spans = spansOf(eventfulExecution(executionId));
    const first = find(spans, 'task judge', { 'loom.task.attempt': 1 });
    expect(first.attributes).toMatchObject({
      'gen_ai.request.model': 'small',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 10,
      'loom.decisions': 1,
      'loom.cost.USD': 0.1,
    });
    const second = find(spans, 'task judge', { 'loom.task.attempt': 2 });
    expect(second.attributes).toMatchObject({
      'gen_ai.usage.input_tokens': 1_100,
      'gen_ai.usage.output_tokens': 60,
      'loom.models': ['large', 'small'],
      'loom.cost.USD': 0.3,
    });
    expect(second.attributes).not.toHaveProperty('gen_ai.request.model');
    expect(second.events.map(({ name, time, attributes }) => [name, ms(time), attributes])).toEqual([
      [
        'loom.decision',
        1_300,
        {
          'gen_ai.request.model': 'small',
          'gen_ai.usage.input_tokens': 100,
          'gen_ai.usage.output_tokens': 10,
          'loom.decision.cost': 0.1,
          'loom.decision.currency': 'USD',
        },
      ],
      [
        'loom.decision',
        1_300,
        {
          'gen_ai.request.model': 'large',
          'gen_ai.usage.input_tokens': 1_000,
          'gen_ai.usage.output_tokens': 50,
          'loom.decision.cost': 0.2,
          'loom.decision.currency': 'USD',
          'loom.decision.confidence': 0.9,
          'loom.decision.outcome': 'pay',
          'loom.decision.reasoning': 'It is covered.',
        },
      ],
    ]);
  });

  test('a decision that is told twice counts once, and is masked', () => {
    const events = eventfulExecution(executionId).flatMap((event): ExecutionEvent[] =>
      event.type === 'task:decided' ? [event, event] : [event],
    );
    const spans = spansOf(events, setup({ mask: ['decision.reasoning'] }));
    const { attributes, events: points } = find(spans, 'task judge', { 'loom.task.attempt': 2 });
    expect(attributes['loom.decisions']).toBe(2);
    expect(points).toHaveLength(2);
    expect(points[1]?.attributes?.['loom.decision.reasoning']).toBe('[masked]');
  });

  test('an approval is a span with who decided, and its escalations', () => {
    const span = find(spansOf(eventfulExecution(executionId)), 'approval approve');
    expect(times(span)).toEqual([1_310, 9_310]);
    expect(span.attributes).toMatchObject({
      'loom.approval.id': 'pay',
      'loom.approval.what': 'Pay 100 EUR',
      'loom.approval.outcome': 'approved',
      'loom.approval.by': 'bob',
      'loom.approval.note': 'Fine.',
      'loom.task.attempt': 1,
    });
    expect(span.events).toMatchObject([
      { name: 'loom.approval.escalated', attributes: { 'loom.approval.to': 'bob' } },
    ]);
  });

  test('an approval that nobody decides ends with its stage, and a decision after that changes nothing', () => {
    const place = { ...stage, approval: 'a' } as const;
    const spans = spansOf([
      { ...execution, type: 'execution:started', at: 1 },
      { ...stage, type: 'stage:started', at: 1, tasks: 1 },
      { ...place, type: 'approval:requested', at: 2 },
      { ...stage, type: 'stage:cancelled', at: 5 },
      { ...place, type: 'approval:decided', at: 6, outcome: 'approved' },
      { ...execution, type: 'execution:finished', at: 7, status: 'cancelled' },
    ]);
    const span = find(spans, 'approval price');
    expect(times(span)).toEqual([2, 5]);
    expect(span.attributes).toMatchObject({
      'loom.approval.outcome': 'cancelled',
      'loom.approval.unreported': true,
    });
  });

  test('a compensation is a span for each attempt, linked to the one before', () => {
    const spans = spansOf(eventfulExecution(executionId));
    const first = find(spans, 'compensation judge', { 'loom.task.attempt': 1 });
    const second = find(spans, 'compensation judge', { 'loom.task.attempt': 2 });
    expect([times(first), times(second)]).toEqual([
      [9_600, 9_650],
      [9_700, 9_900],
    ]);
    expect(first.status.code).toBe(SpanStatusCode.ERROR);
    expect(second.links.map(({ context }) => context.spanId)).toEqual([first.spanContext().spanId]);
    expect(second.parentSpanContext?.spanId).toBe(find(spans, 'stage judge').spanContext().spanId);
  });

  test('a breaker check is an event of the attempt that passed, or of the stage that is parked', () => {
    const spans = spansOf(eventfulExecution(executionId));
    const checks = (name: string): unknown[] =>
      find(spans, name)
        .events.filter((event) => event.name === 'loom.breaker.checked')
        .map(({ time, attributes }) => [ms(time), attributes?.['loom.breaker.passed']]);
    expect(checks('stage pay')).toEqual([[9_320, false]]);
    expect(checks('task pay')).toEqual([[9_500, true]]);
  });
});

describe('watching never interferes', () => {
  test('a sampler may drop everything', () => {
    const sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
    expect(spansOf(smallExecutionUnder(traceparent), setup({ sampler }))).toEqual([]);
  });

  test('a tracer that throws is reported once', () => {
    const lines: unknown[] = [];
    const logger = { ...silentLogger, warn: (message: string) => void lines.push(message) };
    const broken = {
      startSpan: () => {
        throw new Error('away');
      },
    };
    const tracer = new OpenTelemetryTracer({ tracer: broken, logger });
    for (const event of smallExecution(executionId)) tracer.observe(event);
    expect(lines).toEqual(['OpenTelemetry tracer failed']);
  });

  test('anything may be observed', () => {
    const { tracer, exported } = setup();
    const rude = new Proxy(
      {},
      {
        get: () => {
          throw new Error('hands off');
        },
      },
    );
    for (const event of [
      undefined,
      null,
      7,
      {},
      rude,
      { ...task, type: 'task:completed', at: Number.NaN, durationMs: 1 },
    ])
      tracer.observe(event as ExecutionEvent);
    expect(exported()).toEqual([]);
  });

  test('executions without end do not fill the memory: the oldest is let go', () => {
    const { tracer, exported } = setupWithoutIds({ maxExecutions: 10 });
    for (let one = 0; one < 100; one++)
      tracer.observe({ type: 'execution:started', executionId: `e-${one}`, at: one });
    expect(exported()).toHaveLength(90);
  });

  test('masked values are in no span', () => {
    const { tracer, exported } = setup({ mask: ['error.message', 'tags'] });
    for (const event of smallExecution(executionId)) tracer.observe(event);
    const seen = JSON.stringify(
      exported().map(({ attributes, events, status }) => ({ attributes, events, status })),
    );
    expect(seen).not.toContain('No rate');
    expect(seen).not.toContain('gold');
    expect(seen).toContain('[masked]');
  });

  test('no progress is kept', () => {
    const { tracer, exported } = setup();
    const [first, ...rest] = smallExecution(executionId);
    for (const event of [
      first as ExecutionEvent,
      { ...task, type: 'task:progressed', at: 2, progress: 'DE00' } as const,
      ...rest,
    ])
      tracer.observe(event);
    expect(JSON.stringify(exported().map(({ attributes, events }) => [attributes, events]))).not.toContain(
      'DE00',
    );
  });
});

test('the global tracer is taken when none is given', () => {
  const exporter = new InMemorySpanExporter();
  api.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  const tracer = new OpenTelemetryTracer();
  for (const event of smallExecution(executionId)) tracer.observe(event);
  expect(exporter.getFinishedSpans()).toHaveLength(7);
});

describe('options', () => {
  test.each([
    [{ maxExecutions: 0 }],
    [{ maxExecutions: Number.NaN }],
    [{ maxExecutions: Infinity }],
    [{ maxExecutions: '7' }],
    [{ tracer: {} }],
    [{ tracer: null }],
    [{ ids: {} }],
    [{ mask: 'tags' }],
  ])('%j is refused', (options) => {
    try {
      new OpenTelemetryTracer(options as OpenTelemetryTracerOptions);
      expect.unreachable();
    } catch (thrown) {
      expect(isLoomError(thrown, 'LOOM_INVALID_OPTION')).toBe(true);
    }
  });

  test('an explicit undefined is the default', () => {
    expect(
      () =>
        new OpenTelemetryTracer({
          tracer: undefined,
          ids: undefined,
          maxExecutions: undefined,
          mask: undefined,
          logger: undefined,
        }),
    ).not.toThrow();
  });

  test('a tracer is accepted by its real type, without its package being loaded', () => {
    const given: (tracer: Tracer) => OpenTelemetryTracerLike = (tracer) => tracer;
    expect(given).toBeTypeOf('function');
  });
});
