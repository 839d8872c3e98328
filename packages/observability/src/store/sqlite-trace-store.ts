import { LoomError, type Clock } from '@certoai/loom-core';
import { matchesQuery } from '../query/matches-query.js';
import type { TraceQuery } from '../query/trace-query.js';
import { spansIn, spansOfLog, summaryOfLog, type LoggedExecution } from '../recording/logged-execution.js';
import { TurnBudget } from '../recording/turn-budget.js';
import type { ExecutionSpan } from '../span/execution-span.js';
import type { ExecutionSummary } from '../summary/execution-summary.js';
import type { SqliteStatement, SqliteValue } from './sqlite-driver.js';
import {
  resolveSqliteTraceStoreOptions,
  type SqliteTraceStoreOptions,
} from './sqlite-trace-store-options.js';
import { summaryStatement } from './summary-statement.js';
import { TraceDatabase } from './trace-database.js';
import type { EvictedTrace, TraceStore, WriteReply } from './trace-store.js';

/** Summaries that are looked at before others get their turn. */
const rowsPerLook = 100;
/** How often what is too old is looked for; milliseconds. */
const agePauseMs = 60_000;
/** Executions that are removed at a time because they are too old. */
const removedAtOnce = 10;
/** Logs that one statement stores: most of what a small one takes is the call. */
const logsAtOnce = 16;
/** Share of `maxBytes` that is left when something had to make room, so that this is not done for every write. */
const relaxedAt = 0.95;

/**
 * Opens traces in a folder.
 * @throws LoomError `LOOM_INVALID_OPTION`, `LOOM_MISSING_DEPENDENCY` without an SQLite, `LOOM_STORE_CORRUPT` when
 *   `traces.db` is not ours, `LOOM_STORE_FAILED`
 */
export async function openSqliteTraceStore(options: SqliteTraceStoreOptions): Promise<SqliteTraceStore> {
  const { folder, driver, ...limits } = resolveSqliteTraceStoreOptions(options);
  return new SqliteTraceStore(TraceDatabase.open(folder, driver), limits);
}

interface StoreLimits {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly clock: Clock;
}

/**
 * Traces in a file, for one process that writes and any that read. Every write is one transaction, removals
 * to make room included.
 */
export class SqliteTraceStore implements TraceStore {
  readonly maxBatch = 500;
  readonly #database: TraceDatabase;
  readonly #limits: StoreLimits;
  readonly #touch: SqliteStatement;
  readonly #putSummary: SqliteStatement;
  readonly #putLog: SqliteStatement;
  readonly #putLogs: SqliteStatement;
  readonly #putSpan: SqliteStatement;
  readonly #has: SqliteStatement;
  readonly #getTrace: SqliteStatement;
  readonly #getSpans: SqliteStatement;
  readonly #removeTrace: SqliteStatement;
  readonly #removeSpans: SqliteStatement;
  readonly #oldest: SqliteStatement;
  readonly #tooOld: SqliteStatement;
  #lookForOldAt = -Infinity;
  /** No id in the file is greater. Ids rise with time, so a new execution need not be looked for. */
  #greatestId: string;
  #closed = false;

  /** Use {@link openSqliteTraceStore}. */
  constructor(database: TraceDatabase, limits: StoreLimits) {
    this.#database = database;
    this.#limits = limits;
    this.#touch = database.prepare(
      `INSERT INTO traces (execution_id, written_at, finished) VALUES (?, ?, 0)
       ON CONFLICT (execution_id) DO UPDATE SET written_at = excluded.written_at`,
    );
    this.#putSummary = database.prepare(
      `INSERT OR REPLACE INTO traces
         (execution_id, written_at, finished, name, status, started_at, duration_ms, summary)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const [row] = database.run(() =>
      database.prepare('SELECT max(execution_id) AS id FROM traces').all<{ readonly id: string | null }>(),
    );
    this.#greatestId = row?.id ?? '';
    this.#putLog = database.prepare(logStatement(1));
    this.#putLogs = database.prepare(logStatement(logsAtOnce));
    this.#putSpan = database.prepare(
      'INSERT OR REPLACE INTO spans (execution_id, span_id, body) VALUES (?, ?, ?)',
    );
    this.#has = database.prepare('SELECT 1 AS found FROM traces WHERE execution_id = ?');
    this.#getTrace = database.prepare('SELECT summary, log FROM traces WHERE execution_id = ?');
    this.#getSpans = database.prepare('SELECT body FROM spans WHERE execution_id = ?');
    this.#removeTrace = database.prepare('DELETE FROM traces WHERE execution_id = ? RETURNING log_spans');
    this.#removeSpans = database.prepare('DELETE FROM spans WHERE execution_id = ?');
    this.#oldest = database.prepare(
      'SELECT execution_id FROM traces WHERE execution_id <> ? ORDER BY written_at, execution_id LIMIT 1',
    );
    this.#tooOld = database.prepare(
      `SELECT execution_id FROM traces WHERE finished = 1 AND written_at < ? AND execution_id <> ?
       ORDER BY written_at LIMIT ${removedAtOnce}`,
    );
  }

  mayHave(executionId: string): boolean {
    if (executionId > this.#greatestId) return false;
    try {
      return this.#has.all(executionId).length > 0;
    } catch {
      // Asking for the spans will say why.
      return true;
    }
  }

  async append(executionId: string, spans: readonly ExecutionSpan[]): Promise<WriteReply> {
    return this.#write(executionId, (now) => {
      if (!this.#unfold(executionId, now)) this.#touch.run(executionId, now);
      for (const span of spans) this.#putSpan.run(executionId, span.spanId, JSON.stringify(span));
    });
  }

  async upsert(summary: ExecutionSummary): Promise<WriteReply> {
    const { executionId } = summary;
    return this.#write(executionId, (now) => {
      this.#unfold(executionId, now);
      this.#upsert(summary, now);
    });
  }

  async keep(logs: readonly LoggedExecution[]): Promise<WriteReply> {
    const greatest = logs.reduce((id, { executionId }) => (id > executionId ? id : executionId), '');
    return this.#write(greatest, (now) => {
      const rows = logs.map((log) => logRow(log, now));
      while (rows.length >= logsAtOnce) this.#putLogs.run(...rows.splice(-logsAtOnce).flat());
      for (const row of rows) this.#putLog.run(...row);
    });
  }

  async summary(executionId: string): Promise<ExecutionSummary | undefined> {
    this.#checkOpen();
    const [row] = this.#database.run(() => this.#getTrace.all<TraceRow>(executionId));
    return row && summaryOf(row);
  }

  async spans(executionId: string): Promise<readonly ExecutionSpan[]> {
    this.#checkOpen();
    const [trace] = this.#database.run(() => this.#getTrace.all<TraceRow>(executionId));
    if (typeof trace?.log === 'string') return spansOfLog(parse<LoggedExecution>(trace.log));
    const rows = this.#database.run(() => this.#getSpans.all<{ readonly body: string }>(executionId));
    const spans: ExecutionSpan[] = [];
    const budget = new TurnBudget();
    for (const { body } of rows) {
      spans.push(parse<ExecutionSpan>(body));
      if (spans.length % rowsPerLook === 0) await budget.breathe();
    }
    return spans;
  }

  async query({ before, ...query }: TraceQuery): Promise<readonly ExecutionSummary[]> {
    const found: ExecutionSummary[] = [];
    const budget = new TurnBudget();
    for (let cursor = before; ;) {
      this.#checkOpen();
      const { sql, values } = summaryStatement({ ...query, before: cursor }, rowsPerLook);
      const rows = this.#database.run(() =>
        this.#database.prepare(sql).all<TraceRow & { readonly execution_id: string }>(...values),
      );
      for (const row of rows) {
        const summary = summaryOf(row);
        if (summary !== undefined && matchesQuery(summary, query)) found.push(summary);
        if (found.length === query.limit) return found;
        // A wide execution that is a log takes milliseconds.
        if (row.log !== null) await budget.breathe();
      }
      if (rows.length < rowsPerLook) return found;
      cursor = rows.at(-1)?.execution_id;
      await budget.breathe();
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#database.run(() => this.#database.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #upsert(summary: ExecutionSummary, now: number): void {
    const { executionId, endedAt, name = null, status, startedAt, durationMs } = summary;
    const finished = endedAt === undefined ? 0 : 1;
    const text = JSON.stringify(summary);
    this.#putSummary.run(executionId, now, finished, name, status, startedAt, durationMs, text);
  }

  /** Something came of an execution that is a log: from now on it is spans and a summary. @returns whether it was one */
  #unfold(executionId: string, now: number): boolean {
    const [row] = this.#getTrace.all<TraceRow>(executionId);
    if (typeof row?.log !== 'string') return false;
    const log = parse<LoggedExecution>(row.log);
    for (const span of spansOfLog(log)) this.#putSpan.run(executionId, span.spanId, JSON.stringify(span));
    this.#upsert(summaryOfLog(log), now);
    return true;
  }

  #write(executionId: string, put: (now: number) => void): WriteReply {
    this.#checkOpen();
    if (executionId > this.#greatestId) this.#greatestId = executionId;
    const now = this.#limits.clock.now();
    return this.#database.transaction(() => {
      put(now);
      this.#removeOld(executionId, now);
      return { evicted: this.#makeRoom(executionId) };
    });
  }

  /** What is not finished may go on any day, and stays as long as there is room. */
  #removeOld(keep: string, now: number): void {
    if (now < this.#lookForOldAt) return;
    const old = this.#tooOld.all<{ readonly execution_id: string }>(now - this.#limits.maxAgeMs, keep);
    for (const row of old) this.#remove(row.execution_id);
    this.#lookForOldAt = old.length < removedAtOnce ? now + agePauseMs : now;
  }

  #makeRoom(keep: string): readonly EvictedTrace[] {
    const { maxBytes } = this.#limits;
    const evicted: EvictedTrace[] = [];
    if (this.#database.bytes <= maxBytes) return evicted;
    while (this.#database.bytes > maxBytes * relaxedAt) {
      const [row] = this.#oldest.all<{ readonly execution_id: string }>(keep);
      if (row === undefined) break;
      evicted.push({ executionId: row.execution_id, spans: this.#remove(row.execution_id) });
    }
    return evicted;
  }

  /** @returns how many spans it had */
  #remove(executionId: string): number {
    const [row] = this.#removeTrace.all<{ readonly log_spans: number | null }>(executionId);
    return row?.log_spans ?? this.#removeSpans.run(executionId);
  }

  #checkOpen(): void {
    if (this.#closed)
      throw new LoomError('LOOM_CLOSED', 'This trace store is closed; read and write nothing more.');
  }
}

interface TraceRow {
  readonly summary: string | null;
  readonly log: string | null;
}

function summaryOf({ summary, log }: TraceRow): ExecutionSummary | undefined {
  if (log !== null) return summaryOfLog(parse<LoggedExecution>(log));
  return summary === null ? undefined : parse<ExecutionSummary>(summary);
}

function logStatement(rows: number): string {
  const columns = 'execution_id, written_at, finished, name, status, started_at, duration_ms, log, log_spans';
  const values = Array.from({ length: rows }, () => '(?, ?, 1, ?, ?, ?, ?, ?, ?)');
  return `INSERT OR REPLACE INTO traces (${columns}) VALUES ${values.join(', ')}`;
}

function logRow(log: LoggedExecution, now: number): readonly SqliteValue[] {
  const { executionId, name = null, status, startedAt, endedAt } = log;
  const durationMs = Math.max(0, endedAt);
  return [executionId, now, name, status, startedAt, durationMs, JSON.stringify(log), spansIn(log)];
}

function parse<Value>(text: string): Value {
  return JSON.parse(text) as Value;
}
