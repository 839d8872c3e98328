import type { ExecutionStatus } from '@certoai/loom-core';
import { invalidOption } from '../internal/invalid-option.js';
import { finiteNumber, wholeNumber } from '../internal/numeric-option.js';
import type { TraceQueryFilter } from './trace-query-filter.js';

/** A filter that was checked, as a store gets it. */
export interface TraceQuery extends Omit<TraceQueryFilter, 'status' | 'limit' | 'cursor'> {
  /** Any of these; of none, none. */
  readonly status?: readonly ExecutionStatus[] | undefined;
  /** Only ids below this one, which begin the next page. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** Largest page, and most executions an analysis looks at. */
export const maxPageSize = 1_000;

const statuses: readonly string[] = [
  'running',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'timed-out',
] satisfies readonly ExecutionStatus[];

const fields = new Set<string>([
  'executionId',
  'name',
  'status',
  'stage',
  'actor',
  'errorCode',
  'tags',
  'startedFrom',
  'startedBefore',
  'minDurationMs',
  'limit',
  'cursor',
] satisfies readonly (keyof TraceQueryFilter)[]);

/** @throws LoomError `LOOM_INVALID_OPTION` for a value that is not what its field takes, and for an unknown field */
export function parseFilter(filter: TraceQueryFilter = {}, defaultLimit = 100): TraceQuery {
  if (typeof filter !== 'object' || filter === null)
    throw invalidOption('filter', filter, 'an object of filter fields');
  for (const field of Object.keys(filter)) {
    if (!fields.has(field))
      throw invalidOption('a field of the filter', field, `only ${[...fields].join(', ')}`);
  }
  return {
    executionId: text('executionId', filter.executionId),
    name: text('name', filter.name),
    status: statusList(filter.status),
    stage: text('stage', filter.stage),
    actor: text('actor', filter.actor),
    errorCode: text('errorCode', filter.errorCode),
    tags: tagList(filter.tags),
    startedFrom: finiteNumber('startedFrom', filter.startedFrom),
    startedBefore: finiteNumber('startedBefore', filter.startedBefore),
    minDurationMs: finiteNumber('minDurationMs', filter.minDurationMs, 0),
    limit: wholeNumber('limit', filter.limit, defaultLimit, maxPageSize),
    before: filter.cursor === undefined ? undefined : parseCursor(filter.cursor),
  };
}

/** What stands for "everything after this execution" on the way through a user's hands. */
export function cursorAfter(executionId: string): string {
  return Buffer.from(executionId, 'utf8').toString('base64url');
}

function parseCursor(cursor: unknown): string {
  const executionId = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString('utf8') : '';
  if (executionId !== '' && cursorAfter(executionId) === cursor) return executionId;
  throw invalidOption('cursor', cursor, 'the cursor of the previous page, unchanged');
}

function text(field: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw invalidOption(field, value, 'text');
}

function statusList(value: unknown): readonly ExecutionStatus[] | undefined {
  if (value === undefined) return undefined;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  for (const status of list) {
    if (!statuses.includes(status as string))
      throw invalidOption('status', status, `one of ${statuses.join(', ')}`);
  }
  return list as readonly ExecutionStatus[];
}

function tagList(value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((tag) => typeof tag === 'string')) return value;
  throw invalidOption('tags', value, 'a list of texts');
}
