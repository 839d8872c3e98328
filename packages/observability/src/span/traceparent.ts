import { attemptSpanId, rootSpanId, stageSeed, stageSpanId, traceIdOf } from './trace-ids.js';

/** Names a span: an execution, one of its stages, or one attempt of a task. */
export type SpanAddress =
  | { readonly executionId: string; readonly stage?: undefined }
  | {
      readonly executionId: string;
      readonly stage: string;
      readonly index?: undefined;
      readonly attempt?: undefined;
    }
  /** `index` from 0, `attempt` from 1. */
  | {
      readonly executionId: string;
      readonly stage: string;
      readonly index: number;
      readonly attempt: number;
    };

/** `00-<trace id>-<span id>-01`: version 0, and recorded. https://www.w3.org/TR/trace-context/#traceparent-header */
export function traceparentOf(address: SpanAddress): string {
  return `00-${traceIdOf(address.executionId)}-${spanIdOf(address)}-01`;
}

function spanIdOf(address: SpanAddress): string {
  const { executionId, stage } = address;
  if (stage === undefined) return rootSpanId(executionId);
  if (address.index === undefined) return stageSpanId(executionId, stage);
  return attemptSpanId(stageSeed(executionId, stage), address.index, address.attempt);
}
