import type { ExecutionPage, ExecutionQuery, ExecutionStatus } from '@certoai/loom-core';
import { encodeCursor, parseCursor } from '../internal/execution-cursor.js';
import type { ExecutionCursor } from '../internal/execution-cursor.js';
import { resolveExecutionQuery } from '../internal/execution-input.js';
import type { EmbeddedDatabase } from './embedded-database.js';
import { headColumns, headOf } from './execution-rows.js';
import type { HeadRow } from './execution-rows.js';
import type { SqliteValue } from './sqlite-driver.js';

const allStatuses: readonly ExecutionStatus[] = [
  'running',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'timed-out',
];
/** Index entries looked at in one turn of the event loop at most, when some of them may not match. */
const largestChunk = 2_000;

/** Part of the index in the order of the page: sequence numbers from `from` down. */
interface Range {
  readonly statuses: readonly ExecutionStatus[];
  readonly createdAfter: number;
  readonly from: ExecutionCursor;
}

/** Pages of heads, newest first. Long searches give way to other work between two chunks. */
export class ExecutionListing {
  readonly #database: EmbeddedDatabase;

  constructor(database: EmbeddedDatabase) {
    this.#database = database;
  }

  /** @throws LoomError `LOOM_INVALID_OPTION` */
  async page(query: ExecutionQuery): Promise<ExecutionPage> {
    const {
      limit,
      cursor,
      status,
      createdAfter = -Number.MAX_VALUE,
      createdBefore,
      name,
      tags,
    } = resolveExecutionQuery(query);
    const statuses = [...new Set(status ?? allStatuses)];
    if (statuses.length === 0) return { items: [] };
    const isSearch = name !== undefined || (tags !== undefined && tags.length > 0);
    // Nothing has sequence 0, so this is where everything that was created before `createdBefore` starts.
    const start = { createdAt: createdBefore ?? Number.MAX_VALUE, sequence: 0 };
    const rows: HeadRow[] = [];
    let from: ExecutionCursor | undefined =
      cursor === undefined ? start : earliest(parseCursor(cursor), start);
    for (let size = limit + 1; from !== undefined; size = Math.min(4 * size, largestChunk)) {
      const range: Range = { statuses, createdAfter, from };
      const chunk = size;
      // Together, as what is written between the two would move the end.
      const { found, end } = await this.#database.read(() => ({
        found: this.#search(range, chunk, query),
        end: isSearch ? this.#endOf(range, chunk) : undefined,
      }));
      rows.push(...found);
      from = rows.length > limit ? undefined : end;
      if (from) await new Promise(setImmediate);
    }
    const items = rows.slice(0, limit).map(headOf);
    const last = rows[limit - 1];
    if (rows.length <= limit || !last) return { items };
    return { items, cursor: encodeCursor({ createdAt: last.created_at, sequence: last.sequence }) };
  }

  #search(range: Range, size: number, { name, tags = [] }: ExecutionQuery): readonly HeadRow[] {
    const { sql, values } = entries(range, size);
    const conditions: string[] = ['TRUE'];
    const wanted: SqliteValue[] = [];
    if (name !== undefined) {
      conditions.push('entry.name = ?');
      wanted.push(name);
    }
    if (tags.length > 0) {
      conditions.push(
        'NOT EXISTS (SELECT 1 FROM json_each(?) AS t WHERE t.value NOT IN (SELECT value FROM json_each(e.tags)))',
      );
      wanted.push(JSON.stringify(tags));
    }
    const statement = this.#database.prepare(
      `SELECT ${headColumns} FROM (${sql}) AS entry
       JOIN executions AS e ON e.sequence = entry.sequence JOIN definitions AS d ON d.id = e.definition
       WHERE ${conditions.join(' AND ')} ORDER BY entry.created_at DESC, entry.sequence DESC`,
    );
    return statement.all<HeadRow>([...values, ...wanted]);
  }

  /** Where the next chunk begins; `undefined` when this one was the last. */
  #endOf(range: Range, size: number): ExecutionCursor | undefined {
    const { sql, values } = entries(range, size);
    const statement = this.#database.prepare(
      `SELECT created_at AS createdAt, sequence FROM (${sql}) LIMIT 1 OFFSET ?`,
    );
    return statement.all<{ readonly createdAt: number; readonly sequence: number }>([...values, size - 1])[0];
  }
}

/** The first `size` index entries of a range. SQLite merges the statuses, each of which is in order already. */
function entries(
  { statuses, createdAfter, from }: Range,
  size: number,
): { readonly sql: string; readonly values: SqliteValue[] } {
  const one = `SELECT created_at, sequence, name FROM executions
    WHERE status = ? AND created_at > ? AND created_at <= ? AND (created_at, sequence) < (?, ?)`;
  const sql = `${statuses.map(() => one).join(' UNION ALL ')} ORDER BY created_at DESC, sequence DESC LIMIT ?`;
  const bounds = [createdAfter, from.createdAt, from.createdAt, from.sequence];
  return { sql, values: [...statuses.flatMap((status) => [status, ...bounds]), size] };
}

function earliest(a: ExecutionCursor, b: ExecutionCursor): ExecutionCursor {
  return a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.sequence < b.sequence) ? a : b;
}
