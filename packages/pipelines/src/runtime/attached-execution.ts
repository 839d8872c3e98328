import { LoomError, type StoredExecution } from '@certoai/loom-core';
import { isFinal, type ExecutionState } from '../engine/state.js';
import { EventStream } from './event-stream.js';
import type { CancelOptions, ExecutionHandle, ExecutionResult } from './execution-handle.js';
import type { ExecutionHost } from './execution-host.js';
import type { LiveExecution } from './live-execution.js';
import { PipelineExecutionError } from './pipeline-execution-error.js';
import type { PlanCache } from './plan-cache.js';
import { loadOutputs } from './revive.js';
import { stageStatuses, type ExecutionSnapshot } from './snapshot.js';
import { traceIdOf } from './trace-id.js';

/** A live execution, or what stands for one that is finished. */
export type Attached = Pick<LiveExecution, 'id' | 'plan' | 'ended' | 'request'> & {
  /** Absent: nothing will happen any more. */
  readonly listen?: LiveExecution['listen'] | undefined;
};

export function executionHandle(of: Attached, status: () => Promise<ExecutionSnapshot>): ExecutionHandle {
  return {
    id: of.id,
    status,
    result: () => executionResult(of),
    events: () => {
      const stream = new EventStream((listener) => of.listen?.(listener) ?? (() => undefined));
      const end = (): void => stream.end();
      if (of.listen === undefined) end();
      else of.ended.then(end, end);
      return stream;
    },
    cancel: ({ reason = 'cancelled by the caller' }: CancelOptions = {}) =>
      of.request({ kind: 'cancel', reason }),
    pause: () => of.request({ kind: 'pause' }),
    resume: () => of.request({ kind: 'resume' }),
  };
}

/** @throws PipelineExecutionError */
export async function executionResult({ id, plan, ended }: Attached): Promise<ExecutionResult> {
  const { state, output } = await ended;
  if (state.status !== 'completed') throw new PipelineExecutionError(id, state);
  const { startedAt, finishedAt = startedAt } = state;
  const stages = stageStatuses(plan, state, () => ({ done: 0, failed: 0 }));
  return {
    executionId: id,
    status: 'completed',
    output: output?.copy() ?? null,
    stages: Object.fromEntries(stages.map((stage) => [stage.id, stage])),
    startedAt,
    durationMs: finishedAt - startedAt,
    traceId: traceIdOf(id),
  };
}

/** What stands for an execution that does not live in this process. */
export async function storedExecution(
  host: ExecutionHost,
  plans: PlanCache,
  stored: StoredExecution,
): Promise<Attached> {
  const { id } = stored;
  const plan = await plans.pinned(stored.definition);
  const state = JSON.parse(stored.state) as ExecutionState;
  const refuseUnlessFinal = (): void => {
    if (isFinal(state.status)) return;
    const message = `Execution "${id}" is not finished and no orchestrator of this process serves it.`;
    throw new LoomError('LOOM_NOT_FOUND', message, { executionId: id });
  };
  return {
    id,
    plan,
    get ended() {
      return (async () => {
        refuseUnlessFinal();
        const output = state.status === 'completed' ? await loadOutputs(host, stored, plan) : undefined;
        return { state, output: output?.() };
      })();
    },
    request: async () => refuseUnlessFinal(),
  };
}
