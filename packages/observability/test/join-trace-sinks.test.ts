import type { ExecutionEvent, TraceSink } from '@certoai/loom-core';
import { joinTraceSinks, PipelineTracer } from '@certoai/loom-observability';
import { expect, test } from 'vitest';

const event: ExecutionEvent = { type: 'execution:started', executionId: 'a', at: 1 };

test('every sink gets every event, also after one that throws, and who observes hears of it', () => {
  const seen: string[] = [];
  const note = (name: string): TraceSink => ({ observe: ({ type }) => void seen.push(`${name} ${type}`) });
  const broken: TraceSink = {
    observe: () => {
      throw new Error('away');
    },
  };
  const joined = joinTraceSinks(note('one'), broken, note('two'));
  expect(() => joined.observe(event)).toThrow('away');
  expect(seen).toEqual(['one execution:started', 'two execution:started']);
  expect(() => joinTraceSinks(note('three')).observe(event)).not.toThrow();
});

test('the first sink that knows where a worker goes on is asked', async () => {
  await using tracer = new PipelineTracer();
  const address = { executionId: 'a', stage: 's', index: 0, attempt: 1 };
  const unsure = { observe: () => undefined, traceparent: () => undefined };
  expect(joinTraceSinks(unsure, tracer).traceparent(address)).toBe(tracer.traceparent(address));
  expect(joinTraceSinks({ observe: () => undefined }).traceparent(address)).toBeUndefined();
});
