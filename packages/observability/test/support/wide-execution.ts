import type { ExecutionEvent } from '@certoai/loom-core';

/** One stage with many tasks, all of which succeed at once. */
export function wideExecution(executionId: string, tasks: number): ExecutionEvent[] {
  const stage = { executionId, stage: 'wide' } as const;
  const events: ExecutionEvent[] = [{ type: 'execution:started', executionId, at: 1 }];
  events.push({ ...stage, type: 'stage:started', at: 1, tasks });
  for (let index = 0; index < tasks; index++) {
    const task = { ...stage, index, attempt: 1, token: 1, actor: 'worker' } as const;
    events.push({ ...task, type: 'task:started', at: 2 + index });
    events.push({ ...task, type: 'task:completed', at: 3 + index, durationMs: 1 });
  }
  events.push({ ...stage, type: 'stage:completed', at: 4 + tasks, tasks, failed: 0 });
  events.push({ type: 'execution:finished', executionId, at: 4 + tasks, status: 'completed' });
  return events;
}
