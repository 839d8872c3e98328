import { createHash } from 'node:crypto';
import { createIdSource } from '@certoai/loom-core';
import { PipelineTracer } from '@certoai/loom-observability';
import { expect, test } from 'vitest';
import { attemptSeed, rootSeed, spanIdOf, stageSeed, traceIdOf } from '../../src/span/trace-ids.js';

const executionId = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

test.each([
  // The example of https://github.com/ulid/spec; as a UUID 01563e3a-b5d3-d676-4c61-efb99302bd5b.
  ['01ARZ3NDEKTSV4RRFFQ69G5FAV', '01563e3ab5d3d6764c61efb99302bd5b'],
  ['00000000000000000000000001', '00000000000000000000000000000001'],
  ['7ZZZZZZZZZZZZZZZZZZZZZZZZZ', 'ffffffffffffffffffffffffffffffff'],
])('the trace id of the ULID %s is its 128 bits', (ulid, traceId) => {
  expect(traceIdOf(ulid)).toBe(traceId);
});

test.each([
  'order-7',
  '',
  '01arz3ndektsv4rrffq69g5fav',
  '8ZZZZZZZZZZZZZZZZZZZZZZZZZ',
  '01ARZ3NDEKTSV4RRFFQ69G5FAU',
  '01ARZ3NDEKTSV4RRFFQ69G5FAVX',
])('the trace id of %j, which is no ULID, begins its hash', (id) => {
  const digest = createHash('sha256').update(id).digest('hex');
  expect(traceIdOf(id)).toBe(digest.slice(0, 32));
});

test('ids of an id source give trace ids in the same order', () => {
  const ids = createIdSource();
  const traceIds = Array.from({ length: 1_000 }, () => traceIdOf(ids.next()));
  expect([...traceIds].sort()).toEqual(traceIds);
});

test('span ids never change: another process, or another version, names the same span', () => {
  const tracer = new PipelineTracer();
  const traceparents = [
    tracer.traceparent({ executionId }),
    tracer.traceparent({ executionId, stage: 'price' }),
    tracer.traceparent({ executionId, stage: 'price', index: 0, attempt: 1 }),
    tracer.traceparent({ executionId, stage: 'price', index: 9_999, attempt: 3 }),
    tracer.traceparent({ executionId: 'order-7', stage: 'prüfen' }),
  ];
  // From a second implementation, in Python.
  expect(traceparents).toEqual([
    '00-01563e3ab5d3d6764c61efb99302bd5b-7d8f291f1f669aa5-01',
    '00-01563e3ab5d3d6764c61efb99302bd5b-f96e200d94cb987b-01',
    '00-01563e3ab5d3d6764c61efb99302bd5b-a53c029a28de7499-01',
    '00-01563e3ab5d3d6764c61efb99302bd5b-65f73c1235c2c1c2-01',
    '00-df8cf80227ec3237922df0ecd88385c5-3216ba0407c0c5f8-01',
  ]);
});

test('a traceparent goes on with the trace an execution was started under, and with its sampling', () => {
  const tracer = new PipelineTracer();
  const task = { executionId, stage: 'price', index: 0, attempt: 1 };
  const under = (startedUnder: string): string => tracer.traceparent({ ...task, startedUnder });
  const [, , spanId] = tracer.traceparent(task).split('-');
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  expect(under(`00-${traceId}-b7ad6b7169203331-01`)).toBe(`00-${traceId}-${spanId}-01`);
  expect(under(`00-${traceId}-b7ad6b7169203331-00`)).toBe(`00-${traceId}-${spanId}-00`);
  // A later version may say more; what it begins with is the same.
  expect(under(`01-${traceId}-b7ad6b7169203331-03-more`)).toBe(`00-${traceId}-${spanId}-01`);
  expect(under('nothing of the kind')).toBe(tracer.traceparent(task));
});

test('a traceparent names a span that is recorded later', async () => {
  await using tracer = new PipelineTracer();
  tracer.observe({
    type: 'task:started',
    executionId,
    stage: 'price',
    index: 4,
    attempt: 2,
    token: 1,
    actor: 'x',
    at: 1,
  });
  const spans = await tracer.recorder.spans(executionId);
  expect(spans.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`).sort()).toEqual(
    [
      tracer.traceparent({ executionId }),
      tracer.traceparent({ executionId, stage: 'price' }),
      tracer.traceparent({ executionId, stage: 'price', index: 4, attempt: 2 }),
    ].sort(),
  );
});

test('no two attempts of a stage share a span id', () => {
  const stage = stageSeed(rootSeed(traceIdOf(executionId)), 'price');
  const ids = new Set<string>();
  for (let index = 0; index < 50_000; index++) {
    for (let attempt = 1; attempt <= 3; attempt++) ids.add(spanIdOf(attemptSeed(stage, index, attempt)));
  }
  expect(ids.size).toBe(150_000);
  for (const id of ids) if (!/^[0-9a-f]{16}$/.test(id)) throw new Error(id);
});

test('no two spans of many executions share a span id', () => {
  const source = createIdSource();
  const ids = new Set<string>();
  for (let execution = 0; execution < 5_000; execution++) {
    const root = rootSeed(traceIdOf(source.next()));
    ids.add(spanIdOf(root));
    for (const name of ['a', 'b', 'ab', 'ba', 'a#map', 'price', 'prices', '']) {
      const stage = stageSeed(root, name);
      ids.add(spanIdOf(stage));
      ids.add(spanIdOf(attemptSeed(stage, 0, 1)));
      ids.add(spanIdOf(attemptSeed(stage, 1, 1)));
    }
  }
  expect(ids.size).toBe(5_000 * 25);
});

test('one more task changes about half of the bits of the id', () => {
  const stage = stageSeed(rootSeed(traceIdOf(executionId)), 'price');
  let changed = 0;
  for (let index = 0; index < 1_000; index++) {
    const [left, right] = [index, index + 1].map((one) =>
      BigInt(`0x${spanIdOf(attemptSeed(stage, one, 1))}`),
    );
    changed += ((left ?? 0n) ^ (right ?? 0n)).toString(2).replaceAll('0', '').length;
  }
  expect(changed / 1_000).toBeGreaterThan(28);
  expect(changed / 1_000).toBeLessThan(36);
});

test('a seed of zeros is no valid span id, and is not given', () => {
  expect(spanIdOf({ high: 0, low: 0 })).toBe('0000000000000001');
});
