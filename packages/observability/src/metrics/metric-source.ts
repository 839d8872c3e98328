import type { ActorInstance, QueueStats } from '@certoai/loom-core';
import type { TraceLoss } from '../recording/trace-loss.js';

export type BreakerState = 'closed' | 'open' | 'half-open';

export interface ApprovalCounts {
  /** Wait for a decision. Count, 0 or more. */
  readonly open: number;
  /** Of these, the ones that are late. Count, 0 or more. */
  readonly overdue: number;
}

/** Something whose state is read when metrics are collected. Readings of the same kind and name are added up. */
export type MetricSource =
  | {
      readonly kind: 'queue';
      readonly name: string;
      readonly read: () => Reading<
        Pick<QueueStats, 'ready' | 'delayed' | 'active' | 'dead' | 'oldestReadyAgeMs'>
      >;
    }
  | {
      readonly kind: 'workers';
      /** Those of an instance registry fit: `() => registry.list()`. */
      readonly read: () => Reading<readonly Pick<ActorInstance, 'worker' | 'slots'>[]>;
    }
  | { readonly kind: 'approvals'; readonly read: () => Reading<ApprovalCounts> }
  | {
      readonly kind: 'breakers';
      /** By name. */
      readonly read: () => Reading<Readonly<Record<string, BreakerState>>>;
    }
  | {
      readonly kind: 'traces';
      /** Of a recorder: `() => recorder.loss()`. */
      readonly read: () => Reading<TraceLoss>;
    };

export type Reading<Value> = Value | PromiseLike<Value>;
