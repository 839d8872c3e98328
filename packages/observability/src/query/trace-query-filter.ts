import type { ExecutionStatus } from '@certoai/loom-core';

/**
 * Which executions to select. Absent fields do not restrict; fields given together all hold.
 * `stage`, `actor` and `errorCode` given together hold for one and the same stage of the execution.
 */
export interface TraceQueryFilter {
  readonly executionId?: string | undefined;
  /** Name of the pipeline, exactly. */
  readonly name?: string | undefined;
  /** One status, or any of several. */
  readonly status?: ExecutionStatus | readonly ExecutionStatus[] | undefined;
  /** Has a stage of this id. */
  readonly stage?: string | undefined;
  /** Has an attempt by this actor. */
  readonly actor?: string | undefined;
  /** Has an attempt, a compensation or a stage that failed with this code; without `stage` and `actor`, or failed with it itself. */
  readonly errorCode?: string | undefined;
  /** Has all of these. */
  readonly tags?: readonly string[] | undefined;
  /** Started at this time or later; milliseconds since the epoch. */
  readonly startedFrom?: number | undefined;
  /** Started before this time; milliseconds since the epoch. */
  readonly startedBefore?: number | undefined;
  /** Took at least this long, or runs for at least this long by what was last seen of it; milliseconds, 0 or more. */
  readonly minDurationMs?: number | undefined;
  /** Size of a page; 1 to 1000. @default 100 */
  readonly limit?: number | undefined;
  /** From the previous page. */
  readonly cursor?: string | undefined;
}
