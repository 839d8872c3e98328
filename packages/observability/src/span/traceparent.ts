import { attemptSeed, rootSeed, spanIdOf, stageSeed, traceIdOf } from './trace-ids.js';

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
  const traceId = traceIdOf(address.executionId);
  return `00-${traceId}-${spanIdOf(seedOf(traceId, address))}-01`;
}

function seedOf(traceId: string, address: SpanAddress): ReturnType<typeof rootSeed> {
  const root = rootSeed(traceId);
  if (address.stage === undefined) return root;
  const stage = stageSeed(root, address.stage);
  return address.index === undefined ? stage : attemptSeed(stage, address.index, address.attempt);
}
