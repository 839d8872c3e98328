import type { ExecutionSummary } from '../summary/execution-summary.js';

/** How long a stage of a pipeline takes. */
export interface StageTiming {
  /** Name of the pipeline. */
  readonly name?: string | undefined;
  readonly stage: string;
  /** Executions it was measured in. */
  readonly executions: number;
  /** Milliseconds from start to end, as every duration here. */
  readonly meanDurationMs: number;
  readonly longestDurationMs: number;
  /** Where it took the longest. */
  readonly longestExecutionId: string;
  /** Milliseconds that attempts ran, could have run, and waited for a retry: mean over the executions. */
  readonly meanRunMs: number;
  readonly meanQueueWaitMs: number;
  readonly meanRetryWaitMs: number;
}

/** Stages by falling mean duration; those that were skipped do not count. Of equal ones the first by name. */
export function slowestStages(summaries: readonly ExecutionSummary[]): StageTiming[] {
  const groups = new Map<string, StageMeasures>();
  for (const { name, executionId, stages } of summaries) {
    for (const measured of stages) {
      if (measured.status === 'skipped') continue;
      const key = JSON.stringify([name ?? null, measured.stage]);
      const group = groups.get(key) ?? new StageMeasures(name, measured.stage);
      groups.set(key, group);
      group.add(executionId, measured);
    }
  }
  return [...groups.values()].map((group) => group.timing()).sort(byDuration);
}

class StageMeasures {
  readonly #name: string | undefined;
  readonly #stage: string;
  #executions = 0;
  #durationMs = 0;
  #runMs = 0;
  #queueWaitMs = 0;
  #retryWaitMs = 0;
  #longestDurationMs = -1;
  #longestExecutionId = '';

  constructor(name: string | undefined, stage: string) {
    this.#name = name;
    this.#stage = stage;
  }

  add(
    executionId: string,
    { durationMs, runMs, queueWaitMs, retryWaitMs }: ExecutionSummary['stages'][number],
  ): void {
    this.#executions += 1;
    this.#durationMs += durationMs;
    this.#runMs += runMs;
    this.#queueWaitMs += queueWaitMs;
    this.#retryWaitMs += retryWaitMs;
    if (durationMs <= this.#longestDurationMs) return;
    this.#longestDurationMs = durationMs;
    this.#longestExecutionId = executionId;
  }

  timing(): StageTiming {
    const executions = this.#executions;
    return {
      ...(this.#name !== undefined && { name: this.#name }),
      stage: this.#stage,
      executions,
      meanDurationMs: this.#durationMs / executions,
      longestDurationMs: this.#longestDurationMs,
      longestExecutionId: this.#longestExecutionId,
      meanRunMs: this.#runMs / executions,
      meanQueueWaitMs: this.#queueWaitMs / executions,
      meanRetryWaitMs: this.#retryWaitMs / executions,
    };
  }
}

function byDuration(left: StageTiming, right: StageTiming): number {
  return (
    right.meanDurationMs - left.meanDurationMs ||
    compare(left.stage, right.stage) ||
    compare(left.name ?? '', right.name ?? '')
  );
}

function compare(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
