import type { NodeCounters } from '@certoai/loom-core';
import type { PlanNode } from '../plan/plan.js';

/** Whether a node's barrier is released, from its counters alone, so that every process says the same. */
export function settle(node: PlanNode, tasks: number, { done, failed }: NodeCounters): Settlement {
  const { onTaskFailure, minSuccess } = tolerance(node);
  if (failed > 0 && onTaskFailure === 'fail') return 'failed';
  if (failed > tasks - minSuccess) return 'failed';
  return done < tasks ? 'running' : 'completed';
}

export type Settlement = 'running' | 'completed' | 'failed';

function tolerance({ spec }: PlanNode): { onTaskFailure: 'fail' | 'continue'; minSuccess: number } {
  return spec.mode === 'scatter' ? spec : { onTaskFailure: 'fail', minSuccess: 0 };
}
