import { badRequest, notImplemented } from '../protocol-error.js';
import type { Document } from '../store/document.js';
import { evaluate, withoutUndefined } from './evaluate.js';
import type { Scope } from './evaluate.js';
import { isAggregate } from './syntax.js';
import type { Expression, OrderTerm, Projection, Query, Source } from './syntax.js';
import { canonical, compare } from './values.js';

/** An item to be queried. `sequence` decides where ORDER BY does not. */
export interface QueryItem {
  readonly document: Document;
  readonly sequence: number;
}

export interface Row {
  readonly value: unknown;
  /** What ORDER BY sorts by. */
  readonly keys: readonly unknown[];
  /** Of the item it is made from; 0 where that is not one item. */
  readonly sequence: number;
}

export interface QueryOptions {
  readonly parameters: ReadonlyMap<string, unknown>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** All rows, in order. @throws ProtocolError 400 */
export function runQuery(query: Query, items: readonly QueryItem[], options: QueryOptions): readonly Row[] {
  const scope: Scope = { aliases: new Map(), ...options, subquery: runSubquery };
  const [first, ...others] = query.sources;
  if (first === undefined) return finish(query, [{ scope, sequence: 0 }], scope);
  const roots = items.map(({ document, sequence }) => ({
    scope: withAlias(scope, rootName(first.of), document),
    sequence,
  }));
  // The first source is the container, under whatever name, or something inside its items.
  const isRoot = first.kind === 'one' && first.of.kind === 'alias';
  const started = isRoot ? roots.map((root) => renamed(root, first)) : join(roots, first);
  return finish(query, others.reduce(join, started), scope);
}

interface Candidate {
  readonly scope: Scope;
  readonly sequence: number;
}

function runSubquery(query: Query, scope: Scope): readonly unknown[] {
  const { group: _, ...outer } = scope;
  const start: readonly Candidate[] = [{ scope: outer, sequence: 0 }];
  return finish(query, query.sources.reduce(join, start), outer).map(({ value }) => value);
}

function join(candidates: readonly Candidate[], { kind, alias, of }: Source): readonly Candidate[] {
  return candidates.flatMap(({ scope, sequence }) => {
    const values = sourceValues(kind, of, scope);
    return values.map((value) => ({ scope: withAlias(scope, alias, value), sequence }));
  });
}

function sourceValues(kind: Source['kind'], of: Expression, scope: Scope): readonly unknown[] {
  if (of.kind === 'scalar-query') return scope.subquery(of.query, scope);
  const value = evaluate(of, scope);
  if (kind === 'each') return Array.isArray(value) ? value : [];
  return value === undefined ? [] : [value];
}

function finish(query: Query, candidates: readonly Candidate[], scope: Scope): readonly Row[] {
  const { where } = query;
  const found = where
    ? candidates.filter((one) => evaluate(where.expression, one.scope) === true)
    : candidates;
  const grouped = query.groupBy || isAggregate(query) ? group(query, found, scope) : found;
  const sorted = query.orderBy ? sort(grouped, query.orderBy) : grouped.map((one) => ({ ...one, keys: [] }));
  const rows = sorted
    .map(({ scope: one, keys, sequence }) => ({ value: project(query, one), keys, sequence }))
    .filter(({ value }) => value !== undefined);
  return limit(query, query.distinct ? distinct(rows) : rows, scope);
}

function group(query: Query, found: readonly Candidate[], scope: Scope): readonly Candidate[] {
  const groups = new Map<string, Candidate[]>();
  if (!query.groupBy) groups.set('', []);
  for (const one of found) {
    const name = (query.groupBy ?? [])
      .map(({ expression }) => canonical(evaluate(expression, one.scope)))
      .join();
    const members = groups.get(name);
    if (members) members.push(one);
    else groups.set(name, [one]);
  }
  const nothing = query.sources.reduce((one, { alias }) => withAlias(one, alias, undefined), scope);
  return [...groups.values()].map((members) => ({
    scope: { ...(members[0]?.scope ?? nothing), group: members.map((one) => one.scope) },
    sequence: 0,
  }));
}

function sort(
  candidates: readonly Candidate[],
  terms: readonly OrderTerm[],
): readonly (Candidate & { readonly keys: readonly unknown[] })[] {
  return candidates
    .map((one) => ({ ...one, keys: terms.map(({ expression }) => evaluate(expression, one.scope)) }))
    .sort((a, b) => compareRows(a, b, terms));
}

/** Rows that sort alike keep the order of their items, reversed with the first term. */
export function compareRows(
  a: Pick<Row, 'keys' | 'sequence'>,
  b: Pick<Row, 'keys' | 'sequence'>,
  terms: readonly Pick<OrderTerm, 'descending'>[],
): number {
  for (const [i, { descending }] of terms.entries()) {
    const order = compare(a.keys[i], b.keys[i]);
    if (order !== 0) return descending ? -order : order;
  }
  const order = a.sequence - b.sequence;
  return terms[0]?.descending ? -order : order;
}

function project({ projection, sources }: Query, scope: Scope): unknown {
  switch (projection.kind) {
    case 'star': {
      const [only] = sources;
      if (only === undefined || sources.length > 1)
        throw badRequest("'SELECT *' is only valid with a single input set.");
      return scope.aliases.get(only.alias);
    }
    case 'value':
      return evaluate(projection.value.expression, scope);
    case 'items':
      return projectItems(projection, scope);
  }
}

function projectItems({ items }: Extract<Projection, { kind: 'items' }>, scope: Scope): object {
  return withoutUndefined(items.map(({ name, expression }) => [name, evaluate(expression, scope)]));
}

function distinct(rows: readonly Row[]): readonly Row[] {
  const seen = new Set<string>();
  return rows.filter(({ value }) => {
    const text = canonical(value);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

function limit({ offset, top }: Query, rows: readonly Row[], scope: Scope): readonly Row[] {
  const skip = offset ? count(offset.skip, scope) : 0;
  const take = offset ? count(offset.take, scope) : Infinity;
  return rows.slice(skip, skip + Math.min(take, top ? count(top, scope) : Infinity));
}

/** Of TOP, OFFSET and LIMIT. @throws ProtocolError 400 */
export function count(expression: Expression, scope: Scope): number {
  const value = evaluate(expression, scope);
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw badRequest(`${JSON.stringify(value)} is not a count: give a whole number, 0 or more.`);
}

function withAlias(scope: Scope, alias: string, value: unknown): Scope {
  return { ...scope, aliases: new Map([...scope.aliases, [alias, value]]) };
}

function renamed(root: Candidate, { alias, of }: Source): Candidate {
  const name = rootName(of);
  if (alias === name) return root;
  const document = root.scope.aliases.get(name);
  return { ...root, scope: { ...root.scope, aliases: new Map([[alias, document]]) } };
}

function rootName(path: Expression): string {
  switch (path.kind) {
    case 'alias':
      return path.name;
    case 'property':
    case 'index':
      return rootName(path.of);
    default:
      throw notImplemented('a query whose first source is not the container or a path inside its items');
  }
}
