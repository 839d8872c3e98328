import type {
  Clock,
  ExecutionEvent,
  ExecutionStore,
  Logger,
  Random,
  TaskOutcome,
  TaskRequest,
} from '@certoai/loom-core';
import type { Mode } from '../modes/mode.js';
import type { Pacer } from './pacer.js';

/** What an orchestrator lends to each execution that lives in it. */
export interface ExecutionHost {
  readonly store: ExecutionStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly modes: ReadonlyMap<string, Mode>;
  readonly pacer: Pacer;
  readonly maxCrashes: number;
  readonly maxTasks: number;
  /** Whether anybody watches all executions; when not, events are not even made. */
  readonly observed: boolean;
  observe(event: ExecutionEvent): void;
  /** Runs one attempt somewhere; `undefined` when nobody can. Never rejects. */
  run(task: TaskRequest, options: RunOptions): TaskOutcome | Promise<TaskOutcome> | undefined;
  /** Calls back once `actor` can be run here. */
  whenRunnable(actor: string, callback: () => void): void;
  /** The execution needs no more attention from this process. */
  released(executionId: string): void;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: unknown) => void) | undefined;
}
