import type { CosmosClient } from '@azure/cosmos';
import { isLoomError, type TraceSink } from '@certoai/loom-core';
import {
  ExecutionTraceRecorder,
  type CosmosClientLike,
  type TraceQueryFilter,
} from '@certoai/loom-observability';
import { describe, expect, test } from 'vitest';
import { randomExecution } from './support/random-execution.js';
import { dice } from './support/random.js';
import { summaryOfSpans } from './support/summary-of-spans.js';
import { wideExecution } from './support/wide-execution.js';

async function codeOf(run: () => unknown): Promise<string | undefined> {
  try {
    await run();
  } catch (error) {
    return isLoomError(error) ? error.code : String(error);
  }
  return undefined;
}

describe('a Cosmos client', () => {
  test('is accepted by its real type, without its package being loaded', () => {
    const given: (client: CosmosClient) => CosmosClientLike = (client) => client;
    expect(given).toBeTypeOf('function');
  });

  test('is needed for options of Cosmos DB, which are not ignored', async () => {
    const make = (): unknown => new ExecutionTraceRecorder(undefined, { cosmos: { database: 'loom' } });
    expect(await codeOf(make)).toBe('LOOM_INVALID_OPTION');
    expect(make).toThrow(/^cosmos is of type object; give a CosmosClient with it/);
  });

  test.each([null, 'https://account', { maxSpans: 5 }, 7])('that is none is refused: %j', async (client) => {
    expect(await codeOf(() => new ExecutionTraceRecorder(client as never))).toBe('LOOM_INVALID_OPTION');
  });
});

describe('options', () => {
  const counts = ['maxExecutions', 'maxSpans', 'maxBufferedEvents'] as const;
  const wrong = [Number.NaN, 0, -1, 1.5, Infinity, -Infinity, 2 ** 53, '7', null, {}];
  test.each(counts.flatMap((option) => wrong.map((value) => [option, value] as const)))(
    '%s may not be %j',
    async (option, value) => {
      const make = (): unknown => new ExecutionTraceRecorder(undefined, { [option]: value });
      expect(await codeOf(make)).toBe('LOOM_INVALID_OPTION');
      expect(make).toThrow(new RegExp(`^${option} is .*give a whole number, 1 to`));
    },
  );

  test('an explicit undefined is the default', async () => {
    const options = {
      maxExecutions: undefined,
      maxSpans: undefined,
      maxBufferedEvents: undefined,
      mask: undefined,
      logger: undefined,
    };
    await using recorder = new ExecutionTraceRecorder(undefined, options);
    for (const event of wideExecution('a', 5)) recorder.observe(event);
    expect(await recorder.summary('a')).toMatchObject({ attempts: 5 });
  });

  test('a mask that is no list, or has a field that cannot be masked, is refused', async () => {
    expect(await codeOf(() => new ExecutionTraceRecorder(undefined, { mask: 'tags' as never }))).toBe(
      'LOOM_INVALID_OPTION',
    );
    expect(await codeOf(() => new ExecutionTraceRecorder(undefined, { mask: ['actor'] as never }))).toBe(
      'LOOM_INVALID_OPTION',
    );
  });

  test('a masked value is nowhere in what can be read', async () => {
    await using recorder = new ExecutionTraceRecorder(undefined, { mask: ['error.message', 'tags'] });
    const error = { name: 'Error', message: 'IBAN DE00', stack: 'Error: IBAN DE00' };
    const place = { executionId: 'a', stage: 's' } as const;
    recorder.observe({
      type: 'execution:started',
      executionId: 'a',
      at: 1,
      tags: ['DE00'],
    });
    recorder.observe({
      ...place,
      type: 'task:failed',
      index: 0,
      attempt: 1,
      token: 1,
      actor: 'x',
      at: 2,
      durationMs: 1,
      error,
      willRetry: false,
    });
    recorder.observe({ ...place, type: 'stage:failed', at: 3, error });
    recorder.observe({ type: 'execution:finished', executionId: 'a', at: 4, status: 'failed', error });
    const read = JSON.stringify([
      await recorder.summary('a'),
      await recorder.spans('a'),
      await recorder.query(),
    ]);
    expect(read).not.toContain('DE00');
    expect(read).toContain('[masked]');
  });

  test('the latest executions are kept, and the others counted', async () => {
    await using recorder = new ExecutionTraceRecorder(undefined, { maxExecutions: 3 });
    for (let execution = 0; execution < 10; execution++) {
      for (const event of wideExecution(`e-${execution}`, 4)) recorder.observe(event);
      await recorder.flush();
    }
    const { items } = await recorder.query();
    expect(items.map(({ executionId }) => executionId)).toEqual(['e-9', 'e-8', 'e-7']);
    expect(recorder.loss()).toMatchObject({ evictedExecutions: 7, evictedSpans: 7 * 6, droppedEvents: 0 });
  });
});

describe('reading', () => {
  test('sees everything that was observed before', async () => {
    await using recorder = new ExecutionTraceRecorder();
    const events = randomExecution(dice(1), { executionId: 'a' });
    for (const event of events) {
      recorder.observe(event);
      const [summary, spans] = await Promise.all([recorder.summary('a'), recorder.spans('a')]);
      expect(summary).toEqual(summaryOfSpans(spans));
    }
  });

  test('says undefined or none of what it does not know', async () => {
    await using recorder = new ExecutionTraceRecorder();
    expect(await recorder.summary('nobody')).toBeUndefined();
    expect(await recorder.spans('nobody')).toEqual([]);
    expect(await recorder.query()).toEqual({ items: [] });
  });

  test('gives pages that together are everything, each execution once, while new ones come in', async () => {
    await using recorder = new ExecutionTraceRecorder();
    const names = Array.from({ length: 25 }, (_, place) => `execution-${place + 100}`);
    for (const executionId of names) recorder.observe({ type: 'execution:started', executionId, at: 1 });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await recorder.query({ limit: 10, cursor });
      seen.push(...page.items.map(({ executionId }) => executionId));
      cursor = page.cursor;
      recorder.observe({ type: 'execution:started', executionId: `execution-${900 + seen.length}`, at: 1 });
    } while (cursor !== undefined);
    expect(seen).toEqual(names.toReversed());
  });

  test('has no cursor on the last page, also when that is full', async () => {
    await using recorder = new ExecutionTraceRecorder();
    for (const executionId of ['a', 'b']) recorder.observe({ type: 'execution:started', executionId, at: 1 });
    expect(await recorder.query({ limit: 2 })).not.toHaveProperty('cursor');
    const { cursor } = await recorder.query({ limit: 1 });
    expect(await recorder.query({ limit: 1, cursor })).toMatchObject({ items: [{ executionId: 'a' }] });
    expect(await recorder.query({ limit: 1, cursor })).not.toHaveProperty('cursor');
  });

  test('pages over ids of any script', async () => {
    await using recorder = new ExecutionTraceRecorder();
    for (const executionId of ['ärger', 'Ω-1', '注文', '👍'])
      recorder.observe({ type: 'execution:started', executionId, at: 1 });
    let seen = 0;
    let cursor: string | undefined;
    do {
      const page = await recorder.query({ limit: 1, cursor });
      seen += page.items.length;
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(seen).toBe(4);
  });

  test.each([
    { limit: 0 },
    { limit: -1 },
    { limit: 1_001 },
    { limit: Number.NaN },
    { limit: 1.5 },
    { limit: '10' },
    { minDurationMs: -1 },
    { minDurationMs: Number.NaN },
    { minDurationMs: Infinity },
    { startedFrom: Number.NaN },
    { startedFrom: '2026-01-01' },
    { startedBefore: new Date() },
    { startedBefore: -Infinity },
    { status: 'done' },
    { status: ['completed', 'done'] },
    { status: null },
    { name: 5 },
    { stage: null },
    { tags: 'gold' },
    { tags: [1] },
    { cursor: '' },
    { cursor: 'not one of ours!' },
    { cursor: 7 },
    { stauts: 'failed' },
    null,
    'failed',
  ])('refuses the filter %j', async (filter) => {
    await using recorder = new ExecutionTraceRecorder();
    expect(await codeOf(() => recorder.query(filter as TraceQueryFilter))).toBe('LOOM_INVALID_OPTION');
  });

  test('takes a filter whose fields are all undefined as none', async () => {
    await using recorder = new ExecutionTraceRecorder();
    recorder.observe({ type: 'execution:started', executionId: 'a', at: 1 });
    const fields = [
      'executionId',
      'name',
      'status',
      'stage',
      'actor',
      'errorCode',
      'tags',
      'startedFrom',
      'startedBefore',
      'minDurationMs',
      'limit',
      'cursor',
    ];
    const filter = Object.fromEntries(fields.map((field) => [field, undefined]));
    expect((await recorder.query(filter)).items).toHaveLength(1);
  });

  test('is over once it is closed', async () => {
    const recorder = new ExecutionTraceRecorder();
    recorder.observe({ type: 'execution:started', executionId: 'a', at: 1 });
    await recorder.close();
    await recorder.close();
    expect(await codeOf(() => recorder.summary('a'))).toBe('LOOM_CLOSED');
    expect(await codeOf(() => recorder.spans('a'))).toBe('LOOM_CLOSED');
    expect(await codeOf(() => recorder.query())).toBe('LOOM_CLOSED');
    expect(await codeOf(() => recorder.flush())).toBeUndefined();
    recorder.observe({ type: 'execution:started', executionId: 'b', at: 1 });
    expect(recorder.loss()).toMatchObject({ droppedEvents: 1 });
  });
});

test('a recorder is a trace sink', () => {
  const sink: TraceSink = new ExecutionTraceRecorder();
  expect(sink.observe).toBeTypeOf('function');
});
