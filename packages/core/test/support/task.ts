import type { TaskOutcome, TaskRequest } from '@certoai/loom-core';

/** A task of actor type "a" that asks for nothing special. */
export function task(fields: Partial<TaskRequest> = {}): TaskRequest {
  return {
    executionId: 'execution',
    stage: 'stage',
    index: 0,
    attempt: 1,
    token: 1,
    actor: 'a',
    input: null,
    idempotencyKey: 'key',
    ...fields,
  };
}

export function completed(output: unknown): TaskOutcome {
  return { kind: 'completed', output: JSON.stringify(output) };
}

/** Waits for all of them, those that ended at once too. */
export function outcomesOf(runs: readonly (TaskOutcome | Promise<TaskOutcome>)[]): Promise<TaskOutcome[]> {
  return Promise.all(runs.map(async (run) => run));
}
