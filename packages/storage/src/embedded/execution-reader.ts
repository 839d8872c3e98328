import type { NodeCounters, StoredExecution, StoredRecord } from '@certoai/loom-core';
import type { ResolvedRecordQuery } from '../internal/execution-input.js';
import type { EmbeddedDatabase } from './embedded-database.js';
import { headColumns, headOf } from './execution-rows.js';
import type { HeadRow } from './execution-rows.js';
import type { LiveNode } from './live-execution.js';
import type { LiveExecutions } from './live-executions.js';

interface ExecutionRow extends HeadRow {
  readonly text: string;
  readonly input: string;
  readonly state: string;
}

interface RecordRow {
  readonly task: number;
  readonly kind: StoredRecord['kind'];
  readonly token: number;
  readonly attempt: number;
  readonly crashes: number;
  readonly at: number;
  readonly due_at: number | null;
  readonly body: string;
}

/** Single executions, read from the file. */
export class ExecutionReader {
  readonly #live: LiveExecutions;
  readonly #execution;
  readonly #counters;
  readonly #records;
  readonly #bytes;
  readonly #byId;
  readonly #byKey;

  constructor(database: EmbeddedDatabase, live: LiveExecutions) {
    this.#live = live;
    this.#execution = database.prepare(
      `SELECT ${headColumns}, d.text, coalesce(e.input, l.input) AS input, e.state
       FROM executions AS e JOIN definitions AS d ON d.id = e.definition
       LEFT JOIN large_inputs AS l ON l.execution = e.sequence WHERE e.id = ?`,
    );
    this.#counters = database.prepare(
      `SELECT node, count(*) AS done, sum(kind = 'failed') AS failed FROM records
       WHERE execution = ? AND task >= 0 AND kind <> 'pending' GROUP BY node`,
    );
    this.#records = database.prepare(
      `SELECT task, kind, token, attempt, crashes, at, due_at, body FROM records
       WHERE execution = (SELECT sequence FROM executions WHERE id = ?) AND node = ? AND task >= ? ORDER BY task LIMIT ?`,
    );
    this.#bytes = database.prepare(
      `SELECT octet_length(coalesce(e.input, l.input)) +
         (SELECT coalesce(sum(octet_length(body)), 0) FROM records WHERE execution = e.sequence) AS bytes
       FROM executions AS e LEFT JOIN large_inputs AS l ON l.execution = e.sequence WHERE e.sequence = ?`,
    );
    this.#byId = database.prepare('SELECT id FROM executions WHERE id = ?');
    this.#byKey = database.prepare('SELECT id FROM executions WHERE idempotency_key = ?');
  }

  load(id: string): StoredExecution | undefined {
    const row = this.#execution.all<ExecutionRow>([id])[0];
    if (!row) return undefined;
    const live = this.#live.get(id);
    return {
      ...headOf(row),
      definition: { hash: row.hash, text: row.text },
      input: row.input,
      state: row.state,
      counters: live?.nodes ? countersOf(live.nodes) : this.#countersInFile(row.sequence),
      seat: live && this.#live.seatOf(live),
    };
  }

  records({ executionId, node, from, limit }: ResolvedRecordQuery): readonly StoredRecord[] {
    const rows = this.#records.all<RecordRow>([executionId, node, from, limit]);
    return rows.map(({ task, kind, token, attempt, body, due_at: dueAt, crashes, at }) => {
      return { index: task, kind, token, attempt, body, dueAt: dueAt ?? undefined, crashes, at };
    });
  }

  /** Of the input and of all records, as UTF-8. */
  payloadBytes(sequence: number): number {
    return this.#bytes.all<{ readonly bytes: number }>([sequence])[0]?.bytes ?? 0;
  }

  exists(id: string): boolean {
    return this.#byId.all([id]).length > 0;
  }

  /** The id of the execution that has this id, or else this key. */
  existing(id: string, key: string | undefined): string | undefined {
    if (this.exists(id)) return id;
    return key === undefined ? undefined : this.#byKey.all<{ readonly id: string }>([key])[0]?.id;
  }

  #countersInFile(sequence: number): Readonly<Record<string, NodeCounters>> {
    const rows = this.#counters.all<NodeCounters & { readonly node: string }>([sequence]);
    return Object.fromEntries(rows.map(({ node, done, failed }) => [node, { done, failed }]));
  }
}

function countersOf(nodes: ReadonlyMap<string, LiveNode>): Readonly<Record<string, NodeCounters>> {
  const counted = [...nodes].map(([name, node]): [string, NodeCounters] => [name, node.counters()]);
  return Object.fromEntries(counted.filter(([, { done }]) => done > 0));
}
