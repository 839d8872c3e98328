import type { ExecutionEvent, JsonValue } from '@certoai/loom-core';
import type { ExecutionSnapshot, StageStatus } from './snapshot.js';

/** What a completed execution gives. Times are milliseconds since the epoch. */
export interface ExecutionResult {
  readonly executionId: string;
  readonly status: 'completed';
  readonly output: JsonValue;
  /** By stage id. */
  readonly stages: Readonly<Record<string, StageStatus>>;
  readonly startedAt: number;
  readonly durationMs: number;
  /** W3C trace id, 32 hex digits. */
  readonly traceId: string;
}

export interface CancelOptions {
  /** Said in errors and events. @default "cancelled by the caller" */
  readonly reason?: string | undefined;
}

/** One started execution. It can be asked from any process that shares the store. */
export interface ExecutionHandle {
  readonly id: string;
  /**
   * Resolves when the execution completes.
   * @throws PipelineExecutionError when it fails, is cancelled or runs out of time
   * @throws LoomError `LOOM_CLOSED` when this process closes first; the execution goes on after a restart
   */
  result(): Promise<ExecutionResult>;
  status(): Promise<ExecutionSnapshot>;
  /** Facts from now on; ends after `execution:finished`, and at once for a finished execution. */
  events(): AsyncIterableIterator<ExecutionEvent>;
  /** Resolves when the cancellation is stored: nothing new starts, running code sees its signal aborted. */
  cancel(options?: CancelOptions): Promise<void>;
  /** Nothing new starts; tasks that run are finished and recorded. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}
