export type { CriticalPathSegment } from './analysis/critical-path.js';
export type { FailureGroup } from './analysis/failure-groups.js';
export type { StageTiming } from './analysis/slowest-stages.js';
export type { CosmosClientLike } from '@certoai/loom-core/cosmos';
export type { CosmosTraceOptions } from './cosmos/cosmos-trace-options.js';
export { ExecutionTraceRecorder } from './execution-trace-recorder.js';
export type { TracePage } from './execution-trace-recorder.js';
export type { ExecutionTraceRecorderOptions } from './execution-trace-recorder-options.js';
export type { CheckReport, CheckResult, HealthCheck, HealthReport } from './health/health-check.js';
export { HealthModel } from './health/health-model.js';
export type { HealthModelOptions } from './health/health-model.js';
export type { Instrument, InstrumentKey } from './metrics/instruments.js';
export { LoomMetrics } from './metrics/loom-metrics.js';
export type { MetricFamily, MetricSeries } from './metrics/loom-metrics.js';
export type { LoomMetricsOptions } from './metrics/loom-metrics-options.js';
export type { ApprovalCounts, BreakerState, MetricSource, Reading } from './metrics/metric-source.js';
export { openTelemetryMetrics } from './metrics/open-telemetry-metrics.js';
export type {
  OpenTelemetryMeterLike,
  OpenTelemetryMetricsOptions,
} from './metrics/open-telemetry-metrics.js';
export { prometheusRegistry } from './metrics/prometheus-registry.js';
export type { PrometheusRegistryLike } from './metrics/prometheus-registry.js';
export { LoomIdGenerator } from './otel/loom-id-generator.js';
export { OpenTelemetryTracer } from './otel/open-telemetry-tracer.js';
export type {
  OpenTelemetryTracerLike,
  OpenTelemetryTracerOptions,
} from './otel/open-telemetry-tracer-options.js';
export { joinTraceSinks } from './join-trace-sinks.js';
export { PipelineTracer } from './pipeline-tracer.js';
export type { TraceQuery } from './query/trace-query.js';
export type { TraceQueryFilter } from './query/trace-query-filter.js';
export type { MaskedField } from './recording/kept-values.js';
export type { TraceLoss } from './recording/trace-loss.js';
export type {
  ApprovalDecision,
  ApprovalSpan,
  AttemptSpan,
  AttemptSpanStatus,
  BreakerCheck,
  BreakerChecks,
  CompensationSpan,
  Escalation,
  ExecutionSpan,
  RootSpan,
  SpanAttributes,
  SpanDecision,
  StageSpan,
  StageSpanStatus,
} from './span/execution-span.js';
export type { SpanTree } from './span/span-tree.js';
export type { SpanAddress } from './span/traceparent.js';
export type { TraceSqliteDriver } from './store/sqlite-driver.js';
export { openSqliteTraceStore, SqliteTraceStore } from './store/sqlite-trace-store.js';
export type { SqliteTraceStoreOptions } from './store/sqlite-trace-store-options.js';
export type { EvictedTrace, TraceStore, WriteReply } from './store/trace-store.js';
export type { ExecutionCost, StageCost } from './summary/execution-cost.js';
export type {
  ApprovalTotals,
  CompensationTotals,
  CriticalStage,
  ExecutionSummary,
  StageSummary,
  WorkTotals,
} from './summary/execution-summary.js';
export type { ModelUsage, Usage, UsageTotals } from './summary/model-usage.js';
