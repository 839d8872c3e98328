import type { ExecutionHead, ExecutionStatus, NodeCounters } from '@certoai/loom-core';
import type { ExecutionState, Failure } from '../engine/state.js';
import type { Plan } from '../plan/plan.js';

/** An execution as it stands. Plain data; times are milliseconds since the epoch. */
export interface ExecutionSnapshot {
  readonly id: string;
  readonly name: string | undefined;
  readonly status: ExecutionStatus;
  readonly tags: readonly string[];
  readonly priority: number;
  /** For whom it runs. */
  readonly tenant: string | undefined;
  readonly definitionHash: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly finishedAt: number | undefined;
  readonly failure: Failure | undefined;
  /** In the order in which they may run. */
  readonly stages: readonly StageStatus[];
}

export interface StageStatus {
  readonly id: string;
  readonly mode: string;
  readonly status: 'waiting' | 'running' | 'completed' | 'failed' | 'skipped' | 'cancelled';
  /** 0 while it waits. */
  readonly tasks: number;
  readonly done: number;
  /** Tasks that failed for good. */
  readonly failed: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly failure: Failure | undefined;
}

export function snapshot(
  head: ExecutionHead,
  plan: Plan,
  state: ExecutionState,
  counters: (node: string) => NodeCounters,
): ExecutionSnapshot {
  return {
    id: head.id,
    name: head.name,
    status: state.status,
    tags: head.tags,
    priority: head.priority,
    tenant: state.tenant,
    definitionHash: head.definitionHash,
    createdAt: head.createdAt,
    updatedAt: head.updatedAt,
    finishedAt: state.finishedAt,
    failure: state.failure,
    stages: stageStatuses(plan, state, counters),
  };
}

export function stageStatuses(
  plan: Plan,
  state: ExecutionState,
  counters: (node: string) => NodeCounters,
): readonly StageStatus[] {
  return plan.nodes.map(({ id, spec }) => {
    const node = state.nodes[id];
    const begun = node !== undefined && 'tasks' in node ? node : undefined;
    const { done, failed } = counters(id);
    return {
      id,
      mode: spec.mode === 'custom' ? spec.name : spec.mode,
      status: node?.kind ?? 'waiting',
      tasks: begun?.tasks ?? 0,
      done: node?.kind === 'completed' ? node.tasks : done,
      failed: begun !== undefined && 'failed' in begun ? begun.failed : failed,
      startedAt: begun?.startedAt,
      finishedAt: node !== undefined && 'finishedAt' in node ? node.finishedAt : undefined,
      failure: node?.kind === 'failed' ? node.failure : undefined,
    };
  });
}
