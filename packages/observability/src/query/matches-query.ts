import type { ExecutionSummary } from '../summary/execution-summary.js';
import type { TraceQuery } from './trace-query.js';

/** Whether a query selects an execution, apart from its limit. Stores that query elsewhere must say the same. */
export function matchesQuery(summary: ExecutionSummary, query: TraceQuery): boolean {
  const { executionId, before, name, status, tags, startedFrom, startedBefore, minDurationMs } = query;
  return (
    (executionId === undefined || summary.executionId === executionId) &&
    (before === undefined || summary.executionId < before) &&
    (name === undefined || summary.name === name) &&
    (status === undefined || status.includes(summary.status)) &&
    (startedFrom === undefined || summary.startedAt >= startedFrom) &&
    (startedBefore === undefined || summary.startedAt < startedBefore) &&
    (minDurationMs === undefined || summary.durationMs >= minDurationMs) &&
    (tags === undefined || tags.every((tag) => summary.tags.includes(tag))) &&
    matchesWork(summary, query)
  );
}

function matchesWork(summary: ExecutionSummary, { stage, actor, errorCode }: TraceQuery): boolean {
  if (stage === undefined && actor === undefined && errorCode === undefined) return true;
  const whole = stage === undefined && actor === undefined;
  if (whole && summary.error?.code === errorCode) return true;
  return summary.stages.some(
    (one) =>
      (stage === undefined || one.stage === stage) &&
      (actor === undefined || one.actors.includes(actor)) &&
      (errorCode === undefined || one.errorCodes.includes(errorCode)),
  );
}
