import type { CosmosQuery, CosmosValue } from '@certoai/loom-core/cosmos';
import type { TraceQuery } from '../query/trace-query.js';
import { sortKey } from './summary-item.js';

/** The conditions of one query, with their values apart from the text. */
class Conditions {
  readonly parameters: { name: string; value: CosmosValue }[] = [];
  readonly #conditions: string[] = [];

  /** @param condition - with `?` where the value goes. Nothing for a value that is not given */
  add(condition: string, value: CosmosValue | undefined): void {
    if (value === undefined) return;
    this.#conditions.push(condition.replace('?', this.value(value)));
  }

  value(value: CosmosValue): string {
    const name = `@p${this.parameters.length}`;
    this.parameters.push({ name, value });
    return name;
  }

  /** All of them, or nothing where there are none. */
  get text(): string {
    return this.#conditions.join(' AND ');
  }

  push(condition: string): void {
    this.#conditions.push(condition);
  }
}

/** Summaries that `query` selects, in one bucket, newest first. What `matchesQuery` says, in SQL. */
export function summaryQuery(query: TraceQuery): CosmosQuery {
  const conditions = new Conditions();
  const { executionId, before, name, status, tags = [], startedFrom, startedBefore, minDurationMs } = query;
  if (executionId !== undefined) conditions.add('c.sortKey = ?', sortKey(executionId));
  if (before !== undefined) conditions.add('c.sortKey < ?', sortKey(before));
  conditions.add('c.summary.name = ?', name);
  if (status !== undefined) {
    const values = status.map((one) => conditions.value(one));
    conditions.push(`c.summary.status IN (${values.join(', ')})`);
  }
  conditions.add('c.summary.startedAt >= ?', startedFrom);
  conditions.add('c.summary.startedAt < ?', startedBefore);
  conditions.add('c.summary.durationMs >= ?', minDurationMs);
  for (const tag of tags) conditions.add('ARRAY_CONTAINS(c.summary.tags, ?)', tag);
  addWork(conditions, query);
  const { text } = conditions;
  return {
    query: `SELECT VALUE c.summary FROM c${text === '' ? '' : ` WHERE ${text}`} ORDER BY c.sortKey DESC`,
    parameters: conditions.parameters,
  };
}

/** Of one and the same stage; an error code alone may also be the execution's own. */
function addWork(conditions: Conditions, { stage, actor, errorCode }: TraceQuery): void {
  if (stage === undefined && actor === undefined && errorCode === undefined) return;
  const parts: string[] = [];
  if (stage !== undefined) parts.push(`s.stage = ${conditions.value(stage)}`);
  if (actor !== undefined) parts.push(`ARRAY_CONTAINS(s.actors, ${conditions.value(actor)})`);
  if (errorCode !== undefined) parts.push(`ARRAY_CONTAINS(s.errorCodes, ${conditions.value(errorCode)})`);
  const inStage = `EXISTS(SELECT VALUE s FROM s IN c.summary.stages WHERE ${parts.join(' AND ')})`;
  const own = errorCode !== undefined && stage === undefined && actor === undefined;
  conditions.push(own ? `(c.summary.error.code = ${conditions.value(errorCode)} OR ${inStage})` : inStage);
}
