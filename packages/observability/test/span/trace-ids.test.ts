import { createHash } from 'node:crypto';
import { createIdSource } from '@certoai/loom-core';
import { PipelineTracer } from '@certoai/loom-observability';
import { expect, test } from 'vitest';
import { attemptSpanId, rootSpanId, stageSeed, stageSpanId, traceIdOf } from '../../src/span/trace-ids.js';

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
  expect(rootSpanId(executionId)).toBe(sha64(`execution\0${executionId}`));
  expect(stageSpanId(executionId, 'price')).toBe(sha64(`stage\0${executionId}\0price`));
  expect(attemptSpanId(stageSeed(executionId, 'price'), 0, 1)).toBe('d67f6c0a78797bed');
  expect(attemptSpanId(stageSeed(executionId, 'price'), 9_999, 3)).toBe('d2bd4b5c73db2559');
});

test('no two attempts of a stage share a span id', () => {
  const seed = stageSeed(executionId, 'price');
  const ids = new Set<string>();
  for (let index = 0; index < 50_000; index++) {
    for (let attempt = 1; attempt <= 3; attempt++) ids.add(attemptSpanId(seed, index, attempt));
  }
  expect(ids.size).toBe(150_000);
  for (const id of ids) if (!/^[0-9a-f]{16}$/.test(id)) throw new Error(id);
});

test('one more task changes about half of the bits of the id', () => {
  const seed = stageSeed(executionId, 'price');
  let changed = 0;
  for (let index = 0; index < 1_000; index++) {
    const [left, right] = [index, index + 1].map((one) => BigInt(`0x${attemptSpanId(seed, one, 1)}`)) as [
      bigint,
      bigint,
    ];
    changed += (left ^ right).toString(2).replaceAll('0', '').length;
  }
  expect(changed / 1_000).toBeGreaterThan(28);
  expect(changed / 1_000).toBeLessThan(36);
});

test('a traceparent names a span that may not exist yet', () => {
  const tracer = new PipelineTracer();
  const traceId = traceIdOf(executionId);
  const seed = stageSeed(executionId, 'price');
  expect(tracer.traceparent({ executionId })).toBe(`00-${traceId}-${rootSpanId(executionId)}-01`);
  expect(tracer.traceparent({ executionId, stage: 'price' })).toBe(
    `00-${traceId}-${stageSpanId(executionId, 'price')}-01`,
  );
  expect(tracer.traceparent({ executionId, stage: 'price', index: 4, attempt: 2 })).toBe(
    `00-${traceId}-${attemptSpanId(seed, 4, 2)}-01`,
  );
});

function sha64(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
