import type { ErrorRecord, ExecutionStatus } from '@certoai/loom-core';
import type { StageSpanStatus } from '../span/execution-span.js';
import type { Usage } from './model-usage.js';

/** What the attempts of a stage, or of a whole execution, come to. */
export interface WorkTotals {
  /** As the stages declared them; 0 for a stage that did not. */
  readonly tasks: number;
  readonly attempts: number;
  /** Attempts that were not the first of their task. */
  readonly retries: number;
  readonly failedAttempts: number;
  /** Tasks whose last attempt failed: nothing followed. */
  readonly failedTasks: number;
  /** Milliseconds, added up over attempts that ended; more than the duration when tasks run side by side. */
  readonly runMs: number;
  /** Milliseconds that attempts could have run and did not, added up where it is known. */
  readonly queueWaitMs: number;
  /** Milliseconds that attempts were handed out and no worker began with them, added up. */
  readonly queuedMs: number;
  /** Milliseconds of backoff before attempts, added up where it is known. */
  readonly retryWaitMs: number;
  /** What models were used for; absent when none decided anything. */
  readonly usage?: Usage | undefined;
  /** Absent when nobody was asked. */
  readonly approvals?: ApprovalTotals | undefined;
  /** Absent when nothing was to be undone. */
  readonly compensations?: CompensationTotals | undefined;
  /** How often a circuit breaker let a task not pass; absent when none did. */
  readonly breakerRefusals?: number | undefined;
}

/** How much humans were asked. */
export interface ApprovalTotals {
  readonly count: number;
  /** Of these, the ones that wait for a decision. */
  readonly open: number;
  /** Milliseconds from requests to decisions, or to the end of the stage, added up over those that are not open. */
  readonly waitMs: number;
}

export interface CompensationTotals {
  readonly attempts: number;
  /** Attempts that undid what they had to. */
  readonly completed: number;
  /** Compensations whose last attempt failed: nothing followed. */
  readonly failed: number;
}

/** One stage of an {@link ExecutionSummary}. */
export interface StageSummary extends WorkTotals {
  readonly stage: string;
  readonly status: StageSpanStatus;
  readonly startedAt: number;
  readonly endedAt?: number | undefined;
  /** Milliseconds from its start to its end, or to what was last seen of it while it runs. */
  readonly durationMs: number;
  /** Actors that made its attempts, sorted. */
  readonly actors: readonly string[];
  /** Codes of its own error and those of its attempts and compensations, sorted; causes do not count. */
  readonly errorCodes: readonly string[];
}

/** A stage on the critical path: it decided, from `startedAt` and for `durationMs`, how long the execution took. */
export interface CriticalStage {
  readonly stage: string;
  readonly startedAt: number;
  readonly durationMs: number;
}

/** One execution in brief. It says what its spans say, and nothing else. */
export interface ExecutionSummary extends WorkTotals {
  readonly executionId: string;
  /** W3C trace id, 32 hex digits. */
  readonly traceId: string;
  /** Name of the pipeline. */
  readonly name?: string | undefined;
  readonly tags: readonly string[];
  readonly status: ExecutionStatus;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Milliseconds since the epoch; absent while it is not finished. */
  readonly endedAt?: number | undefined;
  /** The latest start or end in its spans; milliseconds since the epoch. */
  readonly lastEventAt: number;
  /** Milliseconds from its start to its end, or to `lastEventAt` while it is not finished. */
  readonly durationMs: number;
  /** Why it did not complete. */
  readonly error?: ErrorRecord | undefined;
  /** In the order in which they were first seen. */
  readonly stages: readonly StageSummary[];
  /** Oldest first. What is missing from `durationMs` passed between stages. */
  readonly criticalPath: readonly CriticalStage[];
  /** Something of this execution was not recorded: it began in another process, or events were lost. */
  readonly partial: boolean;
}
