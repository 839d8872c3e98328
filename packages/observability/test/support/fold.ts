import type { ExecutionEvent } from '@certoai/loom-core';
import type { ExecutionSpan } from '@certoai/loom-observability';
import { ExecutionTrace, type TraceSurroundings } from '../../src/recording/execution-trace.js';
import { KeptValues } from '../../src/recording/kept-values.js';

export const unbounded: TraceSurroundings = { kept: new KeptValues(), maxSpans: Infinity, admit: () => true };

/** The trace of events of one execution, with every span as it was written last. */
export function fold(
  events: readonly ExecutionEvent[],
  batch = 1_000,
): { trace: ExecutionTrace; spans: ExecutionSpan[] } {
  const trace = new ExecutionTrace(events[0]?.executionId ?? 'none', unbounded);
  for (const event of events) trace.fold(event);
  return { trace, spans: drain(trace, new Map(), batch) };
}

/** Takes what changed, as a store would: the newest state of each span. */
export function drain(
  trace: ExecutionTrace,
  stored: Map<string, ExecutionSpan>,
  batch = 1_000,
): ExecutionSpan[] {
  for (let spans = trace.takeChanged(batch); spans.length > 0; spans = trace.takeChanged(batch)) {
    if (spans.length > batch) throw new Error(`${spans.length} spans were given for a batch of ${batch}.`);
    for (const span of spans) stored.set(span.spanId, span);
  }
  return [...stored.values()];
}

/** In one order, so that two traces can be compared. */
export function sorted(spans: readonly ExecutionSpan[]): ExecutionSpan[] {
  return [...spans].sort((left, right) => (left.spanId < right.spanId ? -1 : 1));
}
