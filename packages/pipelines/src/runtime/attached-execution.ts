import type { StoredExecution } from '@certoai/loom-core';
import type { ControlRequest } from '../engine/decide.js';
import { isFinal } from '../engine/state.js';
import { EventStream } from './event-stream.js';
import type { CancelOptions, ExecutionHandle, ExecutionResult } from './execution-handle.js';
import type { Ending } from './awaited-end.js';
import type { LiveExecution } from './live-execution.js';
import { PipelineExecutionError } from './pipeline-execution-error.js';
import type { PlanCache } from './plan-cache.js';
import { stageStatuses, type ExecutionSnapshot } from './snapshot.js';
import { traceIdUnder } from './trace-id.js';

/** A live execution, or what stands for one that does not live in this process. */
export type Attached = Pick<LiveExecution, 'id' | 'plan' | 'ended'> & {
  /** Absent: nothing will happen any more. */
  readonly listen?: LiveExecution['listen'] | undefined;
};

/** What a handle needs beside the execution itself, wherever that lives by then. */
export interface HandleHost {
  status(): Promise<ExecutionSnapshot>;
  ask(request: ControlRequest): Promise<void>;
}

export function executionHandle(of: Attached, host: HandleHost): ExecutionHandle {
  return {
    id: of.id,
    status: () => host.status(),
    result: () => executionResult(of),
    events: () => {
      const stream = new EventStream((listener) => of.listen?.(listener) ?? (() => undefined));
      const end = (): void => stream.end();
      if (of.listen === undefined) end();
      else of.ended.then(end, end);
      return stream;
    },
    cancel: ({ reason = 'cancelled by the caller' }: CancelOptions = {}) =>
      host.ask({ kind: 'cancel', reason }),
    pause: () => host.ask({ kind: 'pause' }),
    resume: () => host.ask({ kind: 'resume' }),
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
    traceId: traceIdUnder(state.headers?.['traceparent'], id),
  };
}

/** What stands for an execution that does not live in this process. Of its events only the end is heard. */
export async function attachedElsewhere(
  { id, definition, status }: StoredExecution,
  plans: PlanCache,
  follow: () => Promise<Ending>,
): Promise<Attached> {
  const plan = await plans.pinned(definition);
  const listen: Attached['listen'] = (listener) => {
    let listening = true;
    follow().then(
      ({ state: { status, failure, finishedAt: at = 0 } }) => {
        if (!listening) return;
        listener({ type: 'execution:finished', executionId: id, at, status, error: failure?.error });
      },
      () => undefined,
    );
    return () => (listening = false);
  };
  return {
    id,
    plan,
    get ended() {
      return follow();
    },
    listen: isFinal(status) ? undefined : listen,
  };
}
