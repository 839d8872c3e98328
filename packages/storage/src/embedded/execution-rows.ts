import type { ExecutionHead, ExecutionStatus } from '@certoai/loom-core';

/** Of `executions AS e JOIN definitions AS d`; in the shape that {@link headOf} reads. */
export const headColumns = `e.sequence, e.id, e.version, e.status, e.created_at, e.updated_at, e.finished_at, e.wake_at,
  e.priority, e.name, e.idempotency_key, e.tags, d.hash`;

export interface HeadRow {
  readonly sequence: number;
  readonly id: string;
  readonly version: number;
  readonly status: ExecutionStatus;
  readonly created_at: number;
  readonly updated_at: number;
  readonly finished_at: number | null;
  readonly wake_at: number | null;
  readonly priority: number;
  readonly name: string | null;
  readonly idempotency_key: string | null;
  readonly tags: string | null;
  readonly hash: string;
}

export function headOf(row: HeadRow): ExecutionHead {
  return {
    id: row.id,
    version: row.version,
    status: row.status,
    name: row.name ?? undefined,
    definitionHash: row.hash,
    idempotencyKey: row.idempotency_key ?? undefined,
    priority: row.priority,
    tags: row.tags === null ? [] : (JSON.parse(row.tags) as readonly string[]),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    finishedAt: row.finished_at ?? undefined,
    wakeAt: row.wake_at,
  };
}
