/** What is missing from the traces of a recorder, counted since it was made. */
export interface TraceLoss {
  /** Events that were not taken: the buffer or the memory was full, their execution had been removed, or the recorder was closed. */
  readonly droppedEvents: number;
  /** Events that were none: a type, time or place that the port does not have. */
  readonly malformedEvents: number;
  /** Executions that were removed to make room for newer ones, with all their spans. */
  readonly evictedExecutions: number;
  readonly evictedSpans: number;
  /** Spans and summaries that the store did not take. */
  readonly unwrittenRecords: number;
}

export type LossKind = keyof TraceLoss;

export function noLoss(): Record<LossKind, number> {
  return { droppedEvents: 0, malformedEvents: 0, evictedExecutions: 0, evictedSpans: 0, unwrittenRecords: 0 };
}
