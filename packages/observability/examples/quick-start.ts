import { ExecutionTraceRecorder, PipelineTracer } from '@certoai/loom-observability';

// An orchestrator takes a recorder as its tracer and tells it everything that happens:
//   new PipelineOrchestrator(queue, registry, store, recorder)
// Here a few events stand for one.
const recorder = new ExecutionTraceRecorder();
const executionId = '01J9F3ZK8Q5V0W2X4Y6Z8A0B2C';
const price = { executionId, stage: 'price', index: 0, actor: 'pricer' } as const;
const error = { name: 'RateError', message: 'No rate for "EUR".' };
recorder.observe({ type: 'execution:started', executionId, at: 1_000, name: 'orders' });
recorder.observe({ type: 'stage:started', executionId, stage: 'price', at: 1_002, tasks: 1 });
recorder.observe({
  ...price,
  type: 'task:failed',
  attempt: 1,
  token: 1,
  at: 1_040,
  durationMs: 35,
  error,
  willRetry: true,
  delayMs: 200,
});
recorder.observe({ ...price, type: 'task:completed', attempt: 2, token: 2, at: 1_300, durationMs: 60 });
recorder.observe({ type: 'stage:completed', executionId, stage: 'price', at: 1_301, tasks: 1, failed: 0 });
recorder.observe({ type: 'execution:finished', executionId, at: 1_302, status: 'completed' });

const tracer = new PipelineTracer(recorder);
const { items } = await tracer.executions({ status: 'completed', minDurationMs: 100 });
for (const { name, durationMs, retries, runMs, retryWaitMs } of items) {
  console.log(
    `${name}: ${durationMs} ms, ${retries} retry, ${runMs} ms at work, ${retryWaitMs} ms of backoff`,
  );
}
for (const { span, durationMs } of (await tracer.criticalPath(executionId)) ?? []) {
  console.log(`  ${durationMs} ms ${span.kind}`);
}
for (const { fingerprint, count } of await tracer.failureGroups()) console.log(`${count} x ${fingerprint}`);
await recorder.close();
