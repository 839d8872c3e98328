import type { ExecutionEvent, TraceSink } from '@certoai/loom-core';
import { criticalPath, type CriticalPathSegment } from './analysis/critical-path.js';
import { FailureGroups, type FailureGroup } from './analysis/failure-groups.js';
import { slowestStages, type StageTiming } from './analysis/slowest-stages.js';
import { ExecutionTraceRecorder, type TracePage } from './execution-trace-recorder.js';
import type { TraceQueryFilter } from './query/trace-query-filter.js';
import { lastEventAt } from './span/last-event-at.js';
import { spanTree, type SpanTree } from './span/span-tree.js';
import { traceparentOf, type SpanAddress } from './span/traceparent.js';
import { costOf, type ExecutionCost } from './summary/execution-cost.js';
import type { ExecutionSummary } from './summary/execution-summary.js';

/**
 * Reads what a recorder recorded, and answers questions about it. As a tracer of an orchestrator it
 * passes every event on to its recorder.
 */
export class PipelineTracer implements TraceSink, AsyncDisposable {
  readonly recorder: ExecutionTraceRecorder;
  readonly #ownsRecorder: boolean;

  /** @param recorder - stays open when the tracer is closed. @default a new one in memory, closed with it */
  constructor(recorder?: ExecutionTraceRecorder) {
    this.recorder = recorder ?? new ExecutionTraceRecorder();
    this.#ownsRecorder = recorder === undefined;
  }

  observe(event: ExecutionEvent): void {
    this.recorder.observe(event);
  }

  /**
   * Executions that `filter` selects, newest first, in pages.
   * @throws LoomError `LOOM_INVALID_OPTION`, `LOOM_CLOSED` (as every method that takes a filter)
   */
  executions(filter?: TraceQueryFilter): Promise<TracePage> {
    return this.recorder.query(filter);
  }

  /**
   * @returns undefined when the execution is not known, or not any more (as every method for one execution)
   * @throws LoomError `LOOM_CLOSED`
   */
  summary(executionId: string): Promise<ExecutionSummary | undefined> {
    return this.recorder.summary(executionId);
  }

  /** What models were used for, and what that cost, in all and by stage; nothing when no decision was recorded. */
  async cost(executionId: string): Promise<ExecutionCost | undefined> {
    const summary = await this.recorder.summary(executionId);
    return summary && costOf(summary);
  }

  /** The execution, below it its stages, below each its attempts, approvals and compensations. */
  async tree(executionId: string): Promise<SpanTree | undefined> {
    return spanTree(await this.recorder.spans(executionId));
  }

  /**
   * Why it took as long as it did: segments, oldest first, that cover its whole time without gap or overlap,
   * each with the innermost span that the time was spent on.
   */
  async criticalPath(executionId: string): Promise<readonly CriticalPathSegment[] | undefined> {
    const spans = await this.recorder.spans(executionId);
    const tree = spanTree(spans);
    return tree && criticalPath(tree, lastEventAt(spans));
  }

  /**
   * Stages by falling mean duration, over the newest `filter.limit` executions that match.
   * Give `executionId` for the stages of one execution.
   */
  async slowestStages(filter?: TraceQueryFilter): Promise<readonly StageTiming[]> {
    const { items } = await this.recorder.query(filter);
    return slowestStages(items);
  }

  /** Failures by what they have in common, most frequent first, over the newest `filter.limit` executions that match. */
  async failureGroups(filter?: TraceQueryFilter): Promise<readonly FailureGroup[]> {
    const { items } = await this.recorder.query(filter);
    const groups = new FailureGroups();
    for (const { executionId } of items.filter(hasFailures)) {
      groups.add(executionId, await this.recorder.spans(executionId));
    }
    return groups.list();
  }

  /** W3C `traceparent` of a span, known or not yet: ids follow from names. https://www.w3.org/TR/trace-context/ */
  traceparent(address: SpanAddress): string {
    return traceparentOf(address);
  }

  /** Closes the recorder when the tracer made it. Idempotent. */
  async close(): Promise<void> {
    if (this.#ownsRecorder) await this.recorder.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function hasFailures({ error, failedAttempts, compensations, stages }: ExecutionSummary): boolean {
  return (
    error !== undefined ||
    failedAttempts > 0 ||
    compensations?.attempts !== compensations?.completed ||
    stages.some(({ status }) => status === 'failed')
  );
}
