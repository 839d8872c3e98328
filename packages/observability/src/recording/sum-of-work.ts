import type { Draft } from '../internal/draft.js';
import type { ApprovalTotals, CompensationTotals, WorkTotals } from '../summary/execution-summary.js';
import { UsageCounts } from './usage-counts.js';

/** Field by field: this is made for every execution, and a loop over names is several times slower. */
export function sumOfWork(parts: readonly WorkTotals[]): WorkTotals {
  let tasks = 0;
  let attempts = 0;
  let retries = 0;
  let failedAttempts = 0;
  let failedTasks = 0;
  let runMs = 0;
  let queueWaitMs = 0;
  let queuedMs = 0;
  let retryWaitMs = 0;
  let rare = false;
  for (const part of parts) {
    tasks += part.tasks;
    attempts += part.attempts;
    retries += part.retries;
    failedAttempts += part.failedAttempts;
    failedTasks += part.failedTasks;
    runMs += part.runMs;
    queueWaitMs += part.queueWaitMs;
    queuedMs += part.queuedMs;
    retryWaitMs += part.retryWaitMs;
    rare ||= hasRare(part);
  }
  const totals = {
    tasks,
    attempts,
    retries,
    failedAttempts,
    failedTasks,
    runMs,
    queueWaitMs,
    queuedMs,
    retryWaitMs,
  };
  return rare ? { ...totals, ...sumOfRare(parts) } : totals;
}

type Rare = Pick<WorkTotals, 'usage' | 'approvals' | 'compensations' | 'breakerRefusals'>;

function hasRare({ usage, approvals, compensations, breakerRefusals }: WorkTotals): boolean {
  return (usage ?? approvals ?? compensations ?? breakerRefusals) !== undefined;
}

function sumOfRare(parts: readonly WorkTotals[]): Rare {
  const sum: Draft<Rare> = {};
  let usages: UsageCounts | undefined;
  for (const { usage, approvals, compensations, breakerRefusals } of parts) {
    if (usage !== undefined) (usages ??= new UsageCounts()).addUsage(usage);
    if (approvals !== undefined) sum.approvals = sumOfApprovals(sum.approvals, approvals);
    if (compensations !== undefined) sum.compensations = sumOfCompensations(sum.compensations, compensations);
    if (breakerRefusals !== undefined) sum.breakerRefusals = (sum.breakerRefusals ?? 0) + breakerRefusals;
  }
  if (usages !== undefined) sum.usage = usages.toUsage();
  return sum;
}

function sumOfApprovals(
  { count, open, waitMs }: ApprovalTotals = { count: 0, open: 0, waitMs: 0 },
  more: ApprovalTotals,
): ApprovalTotals {
  return { count: count + more.count, open: open + more.open, waitMs: waitMs + more.waitMs };
}

function sumOfCompensations(
  { attempts, completed, failed }: CompensationTotals = { attempts: 0, completed: 0, failed: 0 },
  more: CompensationTotals,
): CompensationTotals {
  return {
    attempts: attempts + more.attempts,
    completed: completed + more.completed,
    failed: failed + more.failed,
  };
}
