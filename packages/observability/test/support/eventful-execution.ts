import type { ExecutionEvent } from '@certoai/loom-core';

/**
 * A model judges a claim, twice because the first attempt failed; ann is asked, and bob when she does not answer; the
 * bank's breaker parks the payment once; it fails, and the booking before it is undone at the second attempt.
 */
export function eventfulExecution(executionId: string): ExecutionEvent[] {
  const judge = { executionId, stage: 'judge', index: 0, actor: 'judge' } as const;
  const [first, second] = [
    { ...judge, attempt: 1, token: 1 },
    { ...judge, attempt: 2, token: 2 },
  ] as const;
  const approval = { ...{ executionId, stage: 'approve' }, approval: 'pay', index: 0, attempt: 1 } as const;
  const ask = { executionId, stage: 'approve', index: 0, attempt: 1, token: 1, actor: 'human' } as const;
  const pay = { executionId, stage: 'pay', index: 0, attempt: 1, token: 1, actor: 'bank' } as const;
  const bank = { executionId, stage: 'pay', type: 'breaker:checked', breaker: 'bank' } as const;
  const undo = { executionId, stage: 'judge', index: 0, actor: 'undo' } as const;
  const error = { name: 'BankError', message: 'The bank is closed.', code: 'E_BANK' };
  const small = { model: 'small', inputTokens: 100, outputTokens: 10, cost: 0.1 };
  const large = { model: 'large', inputTokens: 1_000, outputTokens: 50, cost: 0.2 };
  return [
    { type: 'execution:started', executionId, at: 1_000, name: 'claims' },
    { executionId, stage: 'judge', type: 'stage:started', at: 1_000, tasks: 1 },
    { ...first, type: 'task:started', at: 1_000 },
    { ...first, type: 'task:decided', at: 1_100, number: 0, decision: small },
    {
      ...first,
      type: 'task:failed',
      at: 1_100,
      durationMs: 100,
      error: { name: 'Error', message: 'No JSON.' },
      willRetry: true,
      delayMs: 0,
    },
    { ...second, type: 'task:started', at: 1_100 },
    { ...second, type: 'task:decided', at: 1_300, number: 0, decision: small },
    {
      ...second,
      type: 'task:decided',
      at: 1_300,
      number: 1,
      decision: { ...large, confidence: 0.9, outcome: 'pay', reasoning: 'It is covered.' },
    },
    { ...second, type: 'task:completed', at: 1_300, durationMs: 200 },
    { executionId, stage: 'judge', type: 'stage:completed', at: 1_300, tasks: 1, failed: 0 },
    { executionId, stage: 'approve', type: 'stage:started', at: 1_300, tasks: 1 },
    { ...ask, type: 'task:started', at: 1_300 },
    { ...approval, type: 'approval:requested', at: 1_310, what: 'Pay 100 EUR' },
    { ...approval, type: 'approval:escalated', at: 5_000, to: 'bob' },
    { ...approval, type: 'approval:decided', at: 9_310, outcome: 'approved', by: 'bob', note: 'Fine.' },
    { ...ask, type: 'task:completed', at: 9_320, durationMs: 8_020 },
    { executionId, stage: 'approve', type: 'stage:completed', at: 9_320, tasks: 1, failed: 0 },
    { executionId, stage: 'pay', type: 'stage:started', at: 9_320, tasks: 1 },
    { ...bank, at: 9_320, state: 'open', passed: false, index: 0, attempt: 1 },
    { ...bank, at: 9_500, state: 'half-open', passed: true, index: 0, attempt: 1 },
    { ...pay, type: 'task:started', at: 9_500 },
    { ...pay, type: 'task:failed', at: 9_600, durationMs: 100, error, willRetry: false },
    { executionId, stage: 'pay', type: 'stage:failed', at: 9_600, error },
    { ...undo, attempt: 1, token: 1, type: 'compensation:started', at: 9_600 },
    {
      ...undo,
      attempt: 1,
      token: 1,
      type: 'compensation:failed',
      at: 9_650,
      durationMs: 50,
      error: { name: 'Error', message: 'Busy.', code: 'E_BUSY' },
      willRetry: true,
      delayMs: 50,
    },
    { ...undo, attempt: 2, token: 2, type: 'compensation:started', at: 9_700 },
    { ...undo, attempt: 2, token: 2, type: 'compensation:completed', at: 9_900, durationMs: 200 },
    { type: 'execution:finished', executionId, at: 10_000, status: 'failed', error },
  ];
}
