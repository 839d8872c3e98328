import type { TraceQuery } from '../query/trace-query.js';
import type { SqliteValue } from './sqlite-driver.js';

/** Finds summaries that may match, newest id first: what has a column is left to SQLite, the rest is for the caller. */
export function summaryStatement(
  query: TraceQuery,
  limit: number,
): { readonly sql: string; readonly values: readonly SqliteValue[] } {
  const conditions: string[] = ['(summary IS NOT NULL OR log IS NOT NULL)'];
  const values: SqliteValue[] = [];
  const where = (condition: string, value: SqliteValue | undefined): void => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  where('execution_id < ?', query.before);
  where('execution_id = ?', query.executionId);
  where('name = ?', query.name);
  where('started_at >= ?', query.startedFrom);
  where('started_at < ?', query.startedBefore);
  where('duration_ms >= ?', query.minDurationMs);
  if (query.status !== undefined) {
    conditions.push(`status IN (${query.status.map(() => '?').join(', ')})`);
    values.push(...query.status);
  }
  const all = conditions.join(' AND ');
  const sql = `SELECT execution_id, summary, log FROM traces WHERE ${all} ORDER BY execution_id DESC LIMIT ${limit}`;
  return { sql, values };
}
