import { LoomMetrics, prometheusRegistry } from '@certoai/loom-observability';
import { Counter, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { instruments, prometheusName, type Instrument } from '../../src/metrics/instruments.js';
import { smallExecution } from '../support/small-execution.js';

function measured(): LoomMetrics {
  const metrics = new LoomMetrics({ eventLoopLag: false });
  for (const event of smallExecution('a')) metrics.observe(event);
  return metrics;
}

test('a registry of our own gives the text that Prometheus scrapes', async () => {
  const registry = await prometheusRegistry(measured());
  expect(registry.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = (await registry.metrics()).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      '# TYPE loom_executions_started_total counter',
      'loom_executions_started_total{pipeline="orders"} 1',
      '# TYPE loom_executions_active gauge',
      'loom_executions_active{pipeline="orders",state="running"} 0',
      'loom_tasks_finished_total{pipeline="orders",stage="mail",actor="mailer",outcome="failed"} 1',
      '# TYPE loom_task_duration_seconds histogram',
      'loom_task_duration_seconds_bucket{pipeline="orders",stage="price",actor="pricer",le="0.005"} 0',
      'loom_task_duration_seconds_bucket{pipeline="orders",stage="price",actor="pricer",le="0.025"} 0',
      'loom_task_duration_seconds_bucket{pipeline="orders",stage="price",actor="pricer",le="0.1"} 2',
      'loom_task_duration_seconds_bucket{pipeline="orders",stage="price",actor="pricer",le="+Inf"} 2',
      'loom_task_duration_seconds_sum{pipeline="orders",stage="price",actor="pricer"} 0.09',
      'loom_task_duration_seconds_count{pipeline="orders",stage="price",actor="pricer"} 2',
    ]),
  );
});

test('a registry of the user keeps what it has, and counts go on at every scrape', async () => {
  const own = new Registry();
  new Counter({ name: 'own_total', help: 'Own.', registers: [own] }).inc(3);
  const metrics = measured();
  expect(await prometheusRegistry(metrics, own)).toBe(own);
  expect(await own.metrics()).toContain('own_total 3');
  for (const event of smallExecution('b')) metrics.observe(event);
  expect(await own.metrics()).toContain('loom_executions_started_total{pipeline="orders"} 2');
});

test('every instrument is there, each line once, and no label holds an id', async () => {
  const metrics = measured();
  metrics.watch({ kind: 'breakers', read: () => ({ 'a "quoted"\nname': 'open' }) });
  const registry = await prometheusRegistry(metrics);
  const text = await registry.metrics();
  for (const instrument of Object.values(instruments))
    expect(text).toContain(`# TYPE ${prometheusName(instrument)} ${instrument.kind}`);
  const names = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')));
  expect(new Set(names).size).toBe(names.length);
  expect(text).toContain(String.raw`{breaker="a \"quoted\"\nname",state="open"} 1`);
  expect(text).not.toMatch(/"a"/);
});

test('the OpenMetrics format of prom-client is right too', async () => {
  const registry = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  await prometheusRegistry(measured(), registry);
  const text = await registry.metrics();
  expect(text).toContain(
    '# TYPE loom_executions_started counter\nloom_executions_started_total{pipeline="orders"} 1',
  );
  expect(text.endsWith('# EOF\n')).toBe(true);
});

test('registering twice with one registry is refused, and so is what is no registry', async () => {
  const own = new Registry();
  await prometheusRegistry(measured(), own);
  await expect(prometheusRegistry(measured(), own)).rejects.toMatchObject({ code: 'LOOM_INVALID_OPTION' });
  await expect(prometheusRegistry(measured(), {} as never)).rejects.toMatchObject({
    code: 'LOOM_INVALID_OPTION',
  });
});

test('names and labels are what Prometheus and OpenTelemetry take', () => {
  for (const instrument of Object.values<Instrument>(instruments)) {
    expect(instrument.name).toMatch(/^loom(\.[a-z_]+)+$/);
    expect(prometheusName(instrument)).toMatch(/^loom_[a-z_]+$/);
    expect(instrument.labels.filter((label) => !/^[a-z]+$/.test(label))).toEqual([]);
    const { boundaries = [] } = instrument;
    expect(instrument.kind === 'histogram').toBe(boundaries.length > 0);
    expect([...boundaries].sort((left, right) => left - right)).toEqual(boundaries);
  }
});
