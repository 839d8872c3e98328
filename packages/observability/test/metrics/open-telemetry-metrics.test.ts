import { LoomMetrics, openTelemetryMetrics, type OpenTelemetryMeterLike } from '@certoai/loom-observability';
import { metrics as api, type Meter } from '@opentelemetry/api';
import { MeterProvider, MetricReader, type MetricData } from '@opentelemetry/sdk-metrics';
import { afterEach, expect, test } from 'vitest';
import { instruments } from '../../src/metrics/instruments.js';
import { smallExecution } from '../support/small-execution.js';

class Reader extends MetricReader {
  async read(): Promise<ReadonlyMap<string, MetricData>> {
    const { resourceMetrics, errors } = await this.collect();
    expect(errors).toEqual([]);
    return new Map(
      resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
        metrics.map((metric) => [metric.descriptor.name, metric]),
      ),
    );
  }
  override async onShutdown(): Promise<void> {}
  override async onForceFlush(): Promise<void> {}
}

afterEach(() => {
  api.disable();
});

test('a real SDK reads what Prometheus reads, under its own names and with units', async () => {
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader] });
  const metrics = new LoomMetrics({ eventLoopLag: false });
  const stop = openTelemetryMetrics(metrics, { meter: provider.getMeter('test') });
  metrics.watch({ kind: 'approvals', read: () => ({ open: 5, overdue: 2 }) });
  for (const event of smallExecution('a')) metrics.observe(event);
  const read = await reader.read();
  expect(read.get('loom.executions.started')).toMatchObject({
    descriptor: { unit: '{execution}' },
    dataPoints: [{ attributes: { pipeline: 'orders' }, value: 1 }],
  });
  expect(read.get('loom.approvals')?.dataPoints).toMatchObject([
    { attributes: { state: 'open' }, value: 5 },
    { attributes: { state: 'overdue' }, value: 2 },
  ]);
  const durations = read.get('loom.task.duration');
  expect(durations?.descriptor.unit).toBe('s');
  expect(durations?.dataPoints).toMatchObject([
    {
      attributes: { pipeline: 'orders', stage: 'price', actor: 'pricer' },
      value: { sum: 0.09, count: 2, buckets: { boundaries: instruments.taskDuration.boundaries } },
    },
    { attributes: { actor: 'mailer' }, value: { sum: 0.5, count: 2 } },
  ]);
  for (const event of smallExecution('b')) metrics.observe(event);
  expect((await reader.read()).get('loom.executions.started')?.dataPoints).toMatchObject([{ value: 2 }]);
  stop();
  stop();
  for (const event of smallExecution('c')) metrics.observe(event);
  const after = (await reader.read()).get('loom.task.duration')?.dataPoints[0]?.value;
  expect(after).toMatchObject({ count: 4 });
  await provider.shutdown();
});

test('the global meter is taken when none is given', async () => {
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader] });
  api.setGlobalMeterProvider(provider);
  const metrics = new LoomMetrics({ eventLoopLag: false });
  openTelemetryMetrics(metrics);
  for (const event of smallExecution('a')) metrics.observe(event);
  expect((await reader.read()).get('loom.stages.finished')?.dataPoints).toHaveLength(8);
  await provider.shutdown();
});

test('a meter is accepted by its real type, without its package being loaded', () => {
  const given: (meter: Meter) => OpenTelemetryMeterLike = (meter) => meter;
  expect(given).toBeTypeOf('function');
});
