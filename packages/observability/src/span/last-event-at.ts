import type { ExecutionSpan } from './execution-span.js';

/** The latest time that the spans of an execution know of. */
export function lastEventAt(spans: readonly ExecutionSpan[]): number {
  return spans.reduce((latest, span) => Math.max(latest, lastTimeOf(span)), -Infinity);
}

function lastTimeOf(span: ExecutionSpan): number {
  const { startedAt, endedAt = startedAt } = span;
  if (span.kind !== 'execution') return endedAt;
  const { pausedAt = endedAt, resumedAt = endedAt, recoveredAt = endedAt } = span;
  return Math.max(endedAt, pausedAt, resumedAt, recoveredAt);
}
