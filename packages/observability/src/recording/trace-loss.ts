import type { Logger } from '@certoai/loom-core';

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

/** Counts losses, and reports the first of each kind; there may be a million of them. */
export class LossLedger {
  readonly #logger: Logger;
  readonly #reported = new Set<LossKind>();
  readonly #counts: Record<LossKind, number> = {
    droppedEvents: 0,
    malformedEvents: 0,
    evictedExecutions: 0,
    evictedSpans: 0,
    unwrittenRecords: 0,
  };

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Only counts: for where nothing else may happen. {@link report} it later. */
  count(kind: LossKind, by: number): void {
    this.#counts[kind] += by;
  }

  countAndReport(kind: LossKind, by: number, error?: unknown): void {
    this.count(kind, by);
    this.report(kind, error);
  }

  report(kind: LossKind, error?: unknown): void {
    if (this.#reported.has(kind)) return;
    this.#reported.add(kind);
    try {
      this.#logger.warn('Traces are incomplete', { kind, ...(error !== undefined && { error }) });
    } catch {
      // A logger that fails is no reason to stop watching.
    }
  }

  get counts(): TraceLoss {
    return { ...this.#counts };
  }
}
