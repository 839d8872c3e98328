export type { CriticalPathSegment } from './analysis/critical-path.js';
export type { FailureGroup } from './analysis/failure-groups.js';
export type { StageTiming } from './analysis/slowest-stages.js';
export type { CosmosClientLike } from './cosmos-client-like.js';
export { ExecutionTraceRecorder } from './execution-trace-recorder.js';
export type { TracePage } from './execution-trace-recorder.js';
export type { ExecutionTraceRecorderOptions } from './execution-trace-recorder-options.js';
export { PipelineTracer } from './pipeline-tracer.js';
export type { TraceQueryFilter } from './query/trace-query-filter.js';
export type { MaskedField } from './recording/kept-values.js';
export type { TraceLoss } from './recording/trace-loss.js';
export type {
  AttemptSpan,
  AttemptSpanStatus,
  ExecutionSpan,
  RootSpan,
  SpanAttributes,
  StageSpan,
  StageSpanStatus,
} from './span/execution-span.js';
export type { SpanTree } from './span/span-tree.js';
export type { SpanAddress } from './span/traceparent.js';
export type {
  CriticalStage,
  ExecutionSummary,
  StageSummary,
  WorkTotals,
} from './summary/execution-summary.js';
