import type { Clock, ExecutionEvent, StoredExecution } from '@certoai/loom-core';
import type { ControlRequest } from '../engine/decide.js';
import { isFinal } from '../engine/state.js';
import { EventStream } from './event-stream.js';
import type { CancelOptions, ExecutionHandle, ExecutionResult } from './execution-handle.js';
import type { Ending } from './awaited-end.js';
import type { LiveExecution } from './live-execution.js';
import { PipelineExecutionError } from './pipeline-execution-error.js';
import type { PlanCache } from './plan-cache.js';
import type { RemoteEvents } from './remote-events.js';
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
      const stream: EventStream = new EventStream(
        (listener) => of.listen?.(listener, () => stream.end()) ?? (() => undefined),
      );
      if (of.listen === undefined) stream.end();
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

export interface AttachingOptions {
  readonly plans: PlanCache;
  readonly clock: Clock;
  readonly follow: () => Promise<Ending>;
  /** Absent: of its events only the end is heard. */
  readonly events: RemoteEvents | undefined;
}

/** How long the last events may be on their way when the end is known already; milliseconds. */
const lastEventsMs = 1_000;

/** What stands for an execution that does not live in this process. */
export async function attachedElsewhere(
  { id, definition, status }: StoredExecution,
  { plans, clock, follow, events }: AttachingOptions,
): Promise<Attached> {
  const plan = await plans.pinned(definition);
  const listen: Attached['listen'] = (listener, over) => {
    let listening = true;
    const hear = (event: ExecutionEvent): void => {
      if (!listening) return;
      if (event.type === 'execution:finished') end();
      listener(event);
    };
    const endRemote = events?.listen(id, hear);
    let cancelTimer: (() => void) | undefined;
    const end = (): void => {
      listening = false;
      endRemote?.();
      cancelTimer?.();
    };
    follow().then(
      ({ state: { status: ended, failure, finishedAt: at = 0 } }) => {
        const finished = { type: 'execution:finished', executionId: id, at, status: ended } as const;
        const tell = (): void => hear({ ...finished, error: failure?.error });
        if (events === undefined) tell();
        else if (listening) cancelTimer = clock.setTimer(lastEventsMs, tell);
      },
      () => over?.(),
    );
    return end;
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
