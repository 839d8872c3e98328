import type { ExecutionEvent } from '@certoai/loom-core';

const error = { name: 'RateError', message: 'No rate for "EUR".', code: 'E_RATE' };

/** One stage with a task that is tried again once, and one of two tasks in another process, of which one fails. */
export function smallExecution(executionId: string, name = 'orders', at = 1_000): ExecutionEvent[] {
  const price = { executionId, stage: 'price' } as const;
  const task = { ...price, index: 0, actor: 'pricer' } as const;
  const mail = { executionId, stage: 'mail' } as const;
  const sent = { ...mail, attempt: 1, token: 1, actor: 'mailer' } as const;
  return [
    { type: 'execution:started', executionId, at, name, tags: ['gold'] },
    { ...price, type: 'stage:started', at: at + 10, tasks: 1 },
    { ...task, attempt: 1, token: 1, type: 'task:started', at: at + 20 },
    {
      ...task,
      attempt: 1,
      token: 1,
      type: 'task:failed',
      at: at + 50,
      durationMs: 30,
      error,
      willRetry: true,
      delayMs: 100,
    },
    { ...task, attempt: 2, token: 2, type: 'task:started', at: at + 150 },
    { ...task, attempt: 2, token: 2, type: 'task:completed', at: at + 210, durationMs: 60 },
    { ...price, type: 'stage:completed', at: at + 220, tasks: 1, failed: 0 },
    { ...mail, type: 'stage:started', at: at + 230, tasks: 2 },
    { ...sent, index: 0, type: 'task:started', at: at + 240 },
    { ...sent, index: 1, type: 'task:started', at: at + 240 },
    {
      ...sent,
      index: 0,
      type: 'task:completed',
      at: at + 800,
      durationMs: 200,
      queuedMs: 360,
      worker: 'w-1',
    },
    {
      ...sent,
      index: 1,
      type: 'task:failed',
      at: at + 900,
      durationMs: 300,
      queuedMs: 360,
      worker: 'w-2',
      error,
      willRetry: false,
    },
    { ...mail, type: 'stage:failed', at: at + 910, error },
    { type: 'execution:finished', executionId, at: at + 1_000, status: 'failed', error },
  ];
}
