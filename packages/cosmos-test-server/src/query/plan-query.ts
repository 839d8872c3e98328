import { badRequest, notImplemented } from '../protocol-error.js';
import type { Scope } from './evaluate.js';
import { count } from './run-query.js';
import { hasAggregate, isAggregate } from './syntax.js';
import type { AggregateCall, Expression, Query, SelectItem, Written } from './syntax.js';

/** How a client asks the ranges of a container, and makes one answer of theirs: `PartitionedQueryExecutionInfo`. */
export function planQuery(query: Query, parameters: ReadonlyMap<string, unknown>): object {
  const { distinct, orderBy, groupBy, projection } = query;
  const scope: Scope = { aliases: new Map(), parameters, now: 0, subquery: () => [] };
  const number = (expression: Expression | undefined): number | null =>
    expression ? count(expression, scope) : null;
  const [skip, take] = [number(query.offset?.skip), number(query.offset?.take)];
  const items = projection.kind === 'items' ? projection.items : [];
  const isGrouped = Boolean(groupBy) || isAggregate(query);
  const distinctType = orderBy ? 'Ordered' : 'Unordered';
  return {
    partitionedQueryExecutionInfoVersion: 2,
    queryInfo: {
      distinctType: distinct ? distinctType : 'None',
      top: number(query.top),
      offset: skip,
      limit: take,
      orderBy: (orderBy ?? []).map(({ descending }) => (descending ? 'Descending' : 'Ascending')),
      orderByExpressions: (orderBy ?? []).map(({ text }) => text),
      groupByExpressions: (groupBy ?? []).map(({ text }) => text),
      groupByAliases: isGrouped ? items.map(({ name }) => name) : [],
      aggregates: aggregatesOf(query),
      groupByAliasToAggregateType: isGrouped ? Object.fromEntries(items.map(aggregateOfItem)) : {},
      rewrittenQuery: rewrite(query, { skip, take, top: number(query.top) }),
      hasSelectValue: projection.kind === 'value',
      dCountInfo: null,
      hasNonStreamingOrderBy: false,
    },
    queryRanges: [{ min: '', max: 'FF', isMinInclusive: true, isMaxInclusive: false }],
  };
}

interface Counts {
  readonly skip: number | null;
  readonly take: number | null;
  readonly top: number | null;
}

/** What each range is asked. Empty: the query as it is. */
function rewrite(query: Query, counts: Counts): string {
  if (query.groupBy || isAggregate(query)) return rewriteGroups(query);
  const { skip, take } = counts;
  // A range may have all the rows that are wanted, and all that are skipped.
  const limit = skip === null || take === null ? '' : `OFFSET 0 LIMIT ${skip + take}`;
  if (query.orderBy) return rewriteOrdered(query, counts.top, limit);
  return query.offset ? `${query.offset.textBefore}${limit}` : '';
}

function rewriteOrdered(query: Query, topCount: number | null, limit: string): string {
  const { orderBy = [], sources, distinct } = query;
  const alias = sources[0]?.alias ?? '';
  const keys = orderBy.map(({ text }) => `{"item": ${text}}`).join(', ');
  const filter = '({documentdb-formattableorderbyquery-filter})';
  return [
    'SELECT',
    distinct ? 'DISTINCT' : '',
    topCount === null ? '' : `TOP ${topCount}`,
    `${alias}._rid, [${keys}] AS orderByItems, ${payloadOf(query, alias)} AS payload`,
    tail(query, filter),
    `ORDER BY ${orderBy.map(({ text, descending }) => `${text} ${descending ? 'DESC' : 'ASC'}`).join(', ')}`,
    limit,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** What a row is made of, beside what it is sorted by. */
function payloadOf({ projection }: Query, alias: string): string {
  switch (projection.kind) {
    case 'star':
      return alias;
    case 'value':
      return projection.value.text;
    case 'items':
      return objectOf(projection.items, ({ text }) => text);
  }
}

function rewriteGroups(query: Query): string {
  const { groupBy, orderBy, projection } = query;
  if (orderBy) throw badRequest('ORDER BY is not supported together with aggregates or GROUP BY.');
  if (query.top || query.offset || query.distinct)
    throw notImplemented('TOP, OFFSET or DISTINCT with aggregates or GROUP BY across partitions');
  if (projection.kind === 'star') throw badRequest("'SELECT *' cannot be grouped.");
  const keys = groupBy?.map(({ text }) => `{"item": ${text}}`).join(', ');
  const items = groupBy ? `[${keys}] AS groupByItems, ` : '';
  const end = groupBy ? ` GROUP BY ${groupBy.map(({ text }) => text).join(', ')}` : '';
  if (projection.kind === 'items') {
    const payload = objectOf(projection.items, partial);
    return `SELECT ${items}${payload} AS payload ${tail(query)}${end}`;
  }
  const { value } = projection;
  const wrapped = hasAggregate(value.expression) ? `[${partial(value)}]` : value.text;
  return groupBy
    ? `SELECT ${items}${wrapped} AS payload ${tail(query)}${end}`
    : `SELECT VALUE ${wrapped} ${tail(query)}`;
}

/** FROM and WHERE. */
function tail({ sourcesText, where }: Query, filter?: string): string {
  const conditions = [...(where ? [`(${where.text})`] : []), ...(filter === undefined ? [] : [filter])];
  const from = sourcesText === '' ? '' : `FROM ${sourcesText}`;
  return conditions.length === 0 ? from : `${from} WHERE ${conditions.join(' AND ')}`;
}

function objectOf(items: readonly SelectItem[], write: (item: SelectItem) => string): string {
  return `{${items.map((item) => `${JSON.stringify(item.name)}: ${write(item)}`).join(', ')}}`;
}

/** What a range says of its own rows, so that the client can put it together with that of others. */
function partial({ expression, text }: Written): string {
  const aggregate = aggregateIn(expression);
  if (aggregate === undefined) return text;
  const { name, argumentText } = aggregate;
  switch (name) {
    case 'AVG':
      return `{"item": {"sum": SUM(${argumentText}), "count": COUNT(${argumentText})}}`;
    case 'MIN':
    case 'MAX':
      return `{"item": ${text}, "item2": {"${name.toLowerCase()}": ${text}, "count": COUNT(${argumentText})}}`;
    default:
      return `{"item": ${text}}`;
  }
}

function aggregatesOf({ projection }: Query): readonly string[] {
  if (projection.kind !== 'value') return [];
  const aggregate = aggregateIn(projection.value.expression);
  return aggregate ? [aggregateType(aggregate)] : [];
}

function aggregateOfItem({ name, expression }: SelectItem): readonly [string, string | null] {
  const aggregate = aggregateIn(expression);
  return [name, aggregate ? aggregateType(aggregate) : null];
}

function aggregateType({ name }: AggregateCall): string {
  return name === 'AVG' ? 'Average' : name.slice(0, 1) + name.slice(1).toLowerCase();
}

/** @throws ProtocolError 400 for an aggregate that is only a part of an expression */
function aggregateIn(expression: Expression): AggregateCall | undefined {
  if (expression.kind === 'aggregate') return expression;
  if (!hasAggregate(expression)) return undefined;
  throw badRequest('Compositions of aggregates and other expressions are not allowed.');
}
