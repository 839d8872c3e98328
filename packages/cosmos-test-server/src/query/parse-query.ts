import { parseExpression, parsePath } from './parse-expression.js';
import type { Expression, OrderTerm, Projection, Query, SelectItem, Source, Written } from './syntax.js';
import { TokenReader } from './token-reader.js';

/** @throws ProtocolError 400 for a syntax error, 501 for what this server does not know */
export function parseQuery(text: string): Query {
  const reader = new TokenReader(text, parseSelect);
  const query = parseSelect(reader);
  if (reader.peek().kind !== 'end') throw reader.unexpected();
  return query;
}

/** One SELECT, from that word on: the whole query, or one within. */
export function parseSelect(reader: TokenReader): Query {
  reader.needKeyword('select');
  const distinct = reader.takeKeyword('distinct');
  const top = reader.takeKeyword('top') ? parseCount(reader) : undefined;
  const projection = parseProjection(reader);
  const [sources, sourcesText] = reader.takeKeyword('from')
    ? reader.written(() => parseSources(reader))
    : ([[], ''] as const);
  const where = reader.takeKeyword('where') ? parseWritten(reader) : undefined;
  const groupBy = takeBy(reader, 'group') ? reader.list(() => parseWritten(reader)) : undefined;
  const orderBy = takeBy(reader, 'order') ? reader.list(() => parseOrderTerm(reader)) : undefined;
  const offset = parseOffset(reader);
  return {
    text: reader.text,
    distinct,
    top,
    projection,
    sources,
    sourcesText,
    where,
    groupBy,
    orderBy,
    offset,
  };
}

function parseProjection(reader: TokenReader): Projection {
  if (reader.takeSymbol('*')) return { kind: 'star' };
  if (reader.takeKeyword('value')) return { kind: 'value', value: parseWritten(reader) };
  let unnamed = 0;
  const items = reader.list((): SelectItem => {
    const written = parseWritten(reader);
    return { ...written, name: parseName(reader, written.expression) ?? `$${++unnamed}` };
  });
  return { kind: 'items', items };
}

function parseName(reader: TokenReader, expression: Expression): string | undefined {
  if (reader.takeKeyword('as')) return reader.needWord();
  if (reader.peek().kind === 'name') return reader.next().text;
  if (expression.kind === 'alias' || expression.kind === 'property') return expression.name;
  return undefined;
}

function parseSources(reader: TokenReader): readonly Source[] {
  const sources = [parseSource(reader)];
  while (reader.takeKeyword('join')) sources.push(parseSource(reader));
  return sources;
}

/** `tag IN c.tags`, or `c`, `c.address AS a`, `(SELECT …) AS s`. */
function parseSource(reader: TokenReader): Source {
  if (reader.peek().kind === 'name' && reader.peek(1).text === 'in') {
    const alias = reader.needName();
    reader.needKeyword('in');
    return { kind: 'each', alias, of: parseSourcePath(reader) };
  }
  const of = parseSourcePath(reader);
  const alias = parseName(reader, of);
  if (alias === undefined) throw reader.unexpected();
  return { kind: 'one', alias, of };
}

function parseSourcePath(reader: TokenReader): Expression {
  if (!reader.takeSymbol('(')) return parsePath(reader, { kind: 'alias', name: reader.needName() });
  const query = reader.subquery();
  reader.needSymbol(')');
  return parsePath(reader, { kind: 'scalar-query', query });
}

function parseOrderTerm(reader: TokenReader): OrderTerm {
  const written = parseWritten(reader);
  const descending = reader.takeKeyword('desc');
  if (!descending) reader.takeKeyword('asc');
  return { ...written, descending };
}

function parseOffset(reader: TokenReader): Query['offset'] {
  const textBefore = reader.text.slice(0, reader.peek().start);
  if (!reader.takeKeyword('offset')) return undefined;
  const skip = parseCount(reader);
  reader.needKeyword('limit');
  return { skip, take: parseCount(reader), textBefore };
}

function parseCount(reader: TokenReader): Expression {
  const { kind, text } = reader.peek();
  if (kind !== 'number' && kind !== 'parameter') throw reader.unexpected();
  reader.next();
  return kind === 'number' ? { kind: 'literal', value: Number(text) } : { kind: 'parameter', name: text };
}

function parseWritten(reader: TokenReader): Written {
  const [expression, text] = reader.written(() => parseExpression(reader));
  return { expression, text };
}

function takeBy(reader: TokenReader, word: 'group' | 'order'): boolean {
  const found = reader.takeKeyword(word);
  if (found) reader.needKeyword('by');
  return found;
}
