import { errorFromRecord, LoomError, type ExecutionStatus } from '@certoai/loom-core';
import type { ExecutionState } from '../engine/state.js';

/** Where an execution ended that did not complete. Fields that do not apply are absent. */
export interface PipelineExecutionErrorDetails {
  readonly executionId: string;
  readonly status: ExecutionStatus;
  readonly stage?: string | undefined;
  /** Task index in the stage, from 0. */
  readonly index?: number | undefined;
  /** The attempt that failed for good, from 1. */
  readonly attempt?: number | undefined;
  readonly actor?: string | undefined;
}

/** An execution that failed (`LOOM_EXECUTION_FAILED`), was cancelled (`LOOM_CANCELLED`) or ran out of time (`LOOM_TIMEOUT`). */
export class PipelineExecutionError extends LoomError {
  override readonly name = 'PipelineExecutionError';
  declare readonly details: PipelineExecutionErrorDetails & Readonly<Record<string, unknown>>;
  readonly executionId: string;
  readonly status: ExecutionStatus;
  readonly stage: string | undefined;
  readonly index: number | undefined;
  readonly attempt: number | undefined;
  readonly actor: string | undefined;

  constructor(executionId: string, { status, failure }: Pick<ExecutionState, 'status' | 'failure'>) {
    const { stage, index, attempt, actor, error } = failure ?? {};
    const code =
      status === 'cancelled'
        ? 'LOOM_CANCELLED'
        : status === 'timed-out'
          ? 'LOOM_TIMEOUT'
          : 'LOOM_EXECUTION_FAILED';
    const place = [
      stage === undefined ? undefined : `stage "${stage}"`,
      index === undefined ? undefined : `task ${index}`,
      attempt === undefined ? undefined : `attempt ${attempt}`,
      actor === undefined ? undefined : `actor "${actor}"`,
    ].filter((part) => part !== undefined);
    const where = place.length === 0 ? '' : ` in ${place.join(', ')}`;
    const what = status === 'cancelled' ? 'was cancelled' : status === 'timed-out' ? 'timed out' : 'failed';
    const details = { executionId, status, stage, index, attempt, actor };
    const message = `Execution "${executionId}" ${what}${where}: ${error?.message ?? 'no cause was recorded'}`;
    super(code, message, details, error === undefined ? undefined : { cause: errorFromRecord(error) });
    this.executionId = executionId;
    this.status = status;
    this.stage = stage;
    this.index = index;
    this.attempt = attempt;
    this.actor = actor;
  }
}
