// What measuring costs beside a plain call: nanoseconds per observe() of LoomMetrics alone, with OpenTelemetry
// listening, and of OpenTelemetryTracer on a real SDK that exports nothing; then the time of one scrape.
import type { ExecutionEvent, TraceSink } from '@certoai/loom-core';
import {
  LoomIdGenerator,
  LoomMetrics,
  openTelemetryMetrics,
  OpenTelemetryTracer,
  prometheusRegistry,
} from '@certoai/loom-observability';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';

const executions = 2_000;
const rounds = 21;

/** Executions of five stages with four tasks each, side by side, of ten pipelines. */
function events(): ExecutionEvent[] {
  const made: ExecutionEvent[] = [];
  const ids = Array.from(
    { length: executions },
    (_, place) => `01J9F00000000000000000${String(place).padStart(4, '0')}`,
  );
  for (const [place, executionId] of ids.entries()) {
    made.push({ type: 'execution:started', executionId, at: 1, name: `pipeline-${place % 10}` });
  }
  for (const stage of ['split', 'classify', 'price', 'check', 'publish']) {
    for (const executionId of ids) {
      const base = { executionId, stage } as const;
      made.push({ ...base, type: 'stage:started', at: 2, tasks: 4 });
      for (let index = 0; index < 4; index++) {
        const task = { ...base, index, attempt: 1, token: 1, actor: 'worker' } as const;
        made.push({ ...task, type: 'task:started', at: 3 });
        made.push({ ...task, type: 'task:completed', at: 30, durationMs: 20, queuedMs: 7, worker: 'w' });
      }
      made.push({ ...base, type: 'stage:completed', at: 31, tasks: 4, failed: 0 });
    }
  }
  for (const executionId of ids)
    made.push({ type: 'execution:finished', executionId, at: 40, status: 'completed' });
  return made;
}

const stream = events();

function nanosecondsPerEvent(sink: TraceSink): number {
  const began = process.hrtime.bigint();
  for (const event of stream) sink.observe(event);
  return Number(process.hrtime.bigint() - began) / stream.length;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] as number;
}

function measure(name: string, make: () => TraceSink, times = rounds): void {
  const results = Array.from({ length: times }, () => nanosecondsPerEvent(make()));
  console.log(`${name.padEnd(44)} ${median(results).toFixed(0).padStart(6)} ns per event`);
}

console.log(
  `Median of ${rounds} rounds of ${stream.length.toLocaleString('en')} events, ${executions} executions side by side:`,
);
let seen = 0;
measure('a sink that counts', () => ({ observe: ({ at }) => void (seen += at) }));
measure('LoomMetrics', () => new LoomMetrics({ eventLoopLag: false }));
measure('LoomMetrics, OpenTelemetry listening', () => {
  const metrics = new LoomMetrics({ eventLoopLag: false });
  openTelemetryMetrics(metrics, { meter: new MeterProvider().getMeter('bench') });
  return metrics;
});
measure(
  'OpenTelemetryTracer, real SDK, no exporter',
  () => {
    const ids = new LoomIdGenerator();
    return new OpenTelemetryTracer({
      tracer: new BasicTracerProvider({ idGenerator: ids }).getTracer('bench'),
      ids,
    });
  },
  5,
);

const metrics = new LoomMetrics({ eventLoopLag: false });
for (let pipeline = 0; pipeline < 20; pipeline++) {
  for (let stage = 0; stage < 10; stage++) {
    const executionId = `${pipeline}/${stage}`;
    metrics.observe({ type: 'execution:started', executionId, at: 1, name: `p-${pipeline}` });
    const task = { executionId, stage: `s-${stage}`, index: 0, attempt: 1, token: 1, actor: 'a' } as const;
    metrics.observe({ ...task, type: 'task:completed', at: 2, durationMs: 1 });
  }
}
const registry = await prometheusRegistry(metrics);
const scrapes: number[] = [];
let text = '';
for (let round = 0; round < rounds; round++) {
  const began = performance.now();
  text = await registry.metrics();
  scrapes.push(performance.now() - began);
}
console.log(
  `one scrape of 20 pipelines with 10 stages: ${median(scrapes).toFixed(1)} ms, ${(text.length / 1_000).toFixed(0)} KB`,
);
