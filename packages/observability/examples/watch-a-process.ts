import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ExecutionTraceRecorder,
  HealthModel,
  joinTraceSinks,
  LoomIdGenerator,
  LoomMetrics,
  OpenTelemetryTracer,
  openSqliteTraceStore,
  prometheusRegistry,
} from '@certoai/loom-observability';

// Traces in a file, metrics for Prometheus, spans for OpenTelemetry: an orchestrator takes all of them as its tracer.
const store = await openSqliteTraceStore({ folder: await mkdtemp(join(tmpdir(), 'loom-')) });
const recorder = new ExecutionTraceRecorder(undefined, { store });
const metrics = new LoomMetrics();
const registry = await prometheusRegistry(metrics);
const ids = new LoomIdGenerator(); // new NodeTracerProvider({ idGenerator: ids, ... }).register()
const spans = new OpenTelemetryTracer({ ids });
const tracer = joinTraceSinks(recorder, metrics, spans);

// What is not an event is read when somebody asks.
metrics.watch({ kind: 'traces', read: () => recorder.loss() });
const health = new HealthModel();
health.add('traces', {
  decides: 'nothing',
  check: () => {
    const { unwrittenRecords } = recorder.loss();
    if (unwrittenRecords > 0) return { status: 'degraded', reason: `${unwrittenRecords} records are lost` };
    return { status: 'ok' };
  },
});

// A few events stand for an orchestrator, and these lines for the handlers of an HTTP server.
const executionId = '01J9F3ZK8Q5V0W2X4Y6Z8A0B2C';
tracer.observe({ type: 'execution:started', executionId, at: 1_000, name: 'orders', tags: ['gold'] });
tracer.observe({ type: 'execution:finished', executionId, at: 1_750, status: 'completed' });
const text = await registry.metrics(); // GET /metrics, with registry.contentType
console.log(text.split('\n').find((line) => line.startsWith('loom_executions_finished_total')));
const { live, ready, degraded } = await health.report(); // GET /livez and /readyz: 200 or 503
console.log(`live ${live}, ready ${ready}, degraded ${degraded}`);
const { items } = await recorder.query({ tags: ['gold'] });
console.log(`${items.length} trace of ${items[0]?.durationMs} ms in the file`);

spans.close();
metrics.close();
await recorder.close();
await store.close();
