import type { ExecutionSummary } from './execution-summary.js';
import type { Usage } from './model-usage.js';

/** What models were used for in one execution; `models` of it and of each stage tell models apart. */
export interface ExecutionCost extends Usage {
  readonly executionId: string;
  /** Those in which a model decided something, in the order in which they were first seen. */
  readonly stages: readonly StageCost[];
}

export interface StageCost extends Usage {
  readonly stage: string;
}

const none: Usage = { decisions: 0, inputTokens: 0, outputTokens: 0, cost: {}, models: [] };

export function costOf({ executionId, usage = none, stages }: ExecutionSummary): ExecutionCost {
  const costs: StageCost[] = [];
  for (const { stage, usage: ofStage } of stages) {
    if (ofStage !== undefined) costs.push({ stage, ...ofStage });
  }
  return { executionId, ...usage, stages: costs };
}
