import type { ExecutionEvent, ExecutionSnapshot } from '@certoai/loom';

/** How far an audit is, stage by stage. Plain data: made from events, drawn by `renderProgress`. */
export interface AuditProgress {
  readonly stages: readonly StageProgress[];
  /** Tasks finished while this process watched. */
  readonly finishedHere: number;
}

export interface StageProgress {
  readonly id: string;
  readonly status: 'waiting' | 'running' | 'completed' | 'failed' | 'skipped' | 'cancelled';
  readonly tasks: number;
  /** Finished tasks, failed ones included. */
  readonly done: number;
  readonly failed: number;
}

/** Takes over what is stored: the beginning, and from time to time what is really so. */
export function progressOf(snapshot: Pick<ExecutionSnapshot, 'stages'>, finishedHere = 0): AuditProgress {
  return {
    finishedHere,
    stages: snapshot.stages.map(({ id, status, tasks, done, failed }) => ({
      id,
      status,
      tasks,
      done,
      failed,
    })),
  };
}

export function doneTasks({ stages }: AuditProgress): number {
  return stages.reduce((sum, { done }) => sum + done, 0);
}

/** The progress after an event. */
export function applyEvent(progress: AuditProgress, event: ExecutionEvent): AuditProgress {
  switch (event.type) {
    case 'stage:started':
      return change(progress, event.stage, () => ({ status: 'running', tasks: event.tasks }));
    case 'stage:completed':
      return change(progress, event.stage, () => ({
        status: 'completed',
        tasks: event.tasks,
        done: event.tasks,
        failed: event.failed,
      }));
    case 'stage:skipped':
      return change(progress, event.stage, () => ({ status: 'skipped' }));
    case 'stage:failed':
      return change(progress, event.stage, () => ({ status: 'failed' }));
    case 'stage:cancelled':
      return change(progress, event.stage, () => ({ status: 'cancelled' }));
    case 'task:completed':
      return change(finished(progress), event.stage, ({ done, tasks }) => ({
        done: Math.min(done + 1, tasks),
      }));
    case 'task:failed':
      if (event.willRetry) return progress;
      return change(finished(progress), event.stage, ({ done, tasks, failed }) => ({
        done: Math.min(done + 1, tasks),
        failed: failed + 1,
      }));
    default:
      return progress;
  }
}

function finished(progress: AuditProgress): AuditProgress {
  return { ...progress, finishedHere: progress.finishedHere + 1 };
}

function change(
  progress: AuditProgress,
  id: string,
  to: (stage: StageProgress) => Partial<StageProgress>,
): AuditProgress {
  return {
    ...progress,
    stages: progress.stages.map((stage) => (stage.id === id ? { ...stage, ...to(stage) } : stage)),
  };
}
