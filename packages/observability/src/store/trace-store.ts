import type { TraceQuery } from '../query/trace-query.js';
import type { LoggedExecution } from '../recording/logged-execution.js';
import type { ExecutionSpan } from '../span/execution-span.js';
import type { ExecutionSummary } from '../summary/execution-summary.js';

/**
 * Where traces are kept. A recorder writes the spans of one execution at a time, newest state of each;
 * the adapter keeps what it was given last, and never looks into it beyond what a query names.
 * Every promise settles in bounded time: what cannot be done rejects with `LOOM_STORE_FAILED`, and the
 * recorder counts it as loss and goes on. After {@link close} every method rejects with `LOOM_CLOSED`.
 */
export interface TraceStore extends AsyncDisposable {
  /** Most spans one {@link append} takes; 1 or more. */
  readonly maxBatch: number;

  /** Executions that are written at the same time; 1 or more. @default 1 */
  readonly maxConcurrentWrites?: number;

  /**
   * Whether {@link spans} may find something. A store that cannot tell without asking says `true`;
   * `false` spares it the question for every new execution.
   */
  mayHave(executionId: string): boolean;

  /**
   * Stores spans of one execution, each id at most once in a call. One whose `spanId` is stored replaces it. Either all are stored or the
   * promise rejects; after a rejection any part of them may be stored.
   * @param spans - 1 to `maxBatch`
   */
  append(executionId: string, spans: readonly ExecutionSpan[]): Promise<WriteReply>;

  /**
   * Stores finished executions, each whole, of which it has nothing yet; they are read as if their spans and
   * summaries had been stored. Either all are stored or the promise rejects. Absent: it takes spans only, and a
   * recorder makes them for all executions, which is most of its work.
   */
  keep?(logs: readonly LoggedExecution[]): Promise<WriteReply>;

  /** Stores the summary of an execution, in place of an earlier one. */
  upsert(summary: ExecutionSummary): Promise<WriteReply>;

  /** `undefined` when unknown. */
  summary(executionId: string): Promise<ExecutionSummary | undefined>;

  /** All spans of one execution, in no particular order; none when it is unknown. */
  spans(executionId: string): Promise<readonly ExecutionSpan[]>;

  /**
   * The first `query.limit` summaries that match, by falling execution id, which is newest first
   * because ids rise with time. An order that no later write changes is what makes paging stable.
   */
  query(query: TraceQuery): Promise<readonly ExecutionSummary[]>;

  /** Releases what the store opened itself. Idempotent. */
  close(): Promise<void>;
}

export interface WriteReply {
  /** Executions that were removed to make room, with all their spans. A store that removes by age has none. */
  readonly evicted: readonly EvictedTrace[];
}

export interface EvictedTrace {
  readonly executionId: string;
  readonly spans: number;
}
