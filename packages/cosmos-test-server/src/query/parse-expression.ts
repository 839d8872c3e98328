import { notImplemented } from '../protocol-error.js';
import { functions } from './functions.js';
import { aggregates } from './syntax.js';
import type { Aggregate, BinaryOperator, Expression } from './syntax.js';
import type { TokenReader } from './token-reader.js';

/** Operators of one level bind alike; those of a later level bind tighter. */
export function parseExpression(reader: TokenReader): Expression {
  const test = parseCoalesce(reader);
  if (!reader.takeSymbol('?')) return test;
  const yes = parseExpression(reader);
  reader.needSymbol(':');
  return { kind: 'conditional', test, yes, no: parseExpression(reader) };
}

function parseCoalesce(reader: TokenReader): Expression {
  let left = parseOr(reader);
  while (reader.takeSymbol('??')) left = { kind: 'coalesce', left, right: parseOr(reader) };
  return left;
}

function parseOr(reader: TokenReader): Expression {
  let left = parseAnd(reader);
  while (reader.takeKeyword('or')) left = { kind: 'or', left, right: parseAnd(reader) };
  return left;
}

function parseAnd(reader: TokenReader): Expression {
  let left = parseNot(reader);
  while (reader.takeKeyword('and')) left = { kind: 'and', left, right: parseNot(reader) };
  return left;
}

function parseNot(reader: TokenReader): Expression {
  return reader.takeKeyword('not') ? { kind: 'not', operand: parseNot(reader) } : parseComparison(reader);
}

function parseComparison(reader: TokenReader): Expression {
  let left = parseBits(reader);
  for (;;) {
    const negated = reader.isKeyword('not') && ['in', 'between', 'like'].includes(reader.peek(1).text);
    if (negated) reader.next();
    const compared = parseComparisonWith(reader, left);
    if (compared === undefined) return left;
    left = negated ? { kind: 'not', operand: compared } : compared;
  }
}

function parseComparisonWith(reader: TokenReader, left: Expression): Expression | undefined {
  if (reader.takeKeyword('between')) {
    const low = parseBits(reader);
    reader.needKeyword('and');
    return {
      kind: 'and',
      left: { kind: 'binary', operator: '>=', left, right: low },
      right: { kind: 'binary', operator: '<=', left, right: parseBits(reader) },
    };
  }
  if (reader.takeKeyword('in')) {
    reader.needSymbol('(');
    const candidates = reader.list(() => parseExpression(reader));
    reader.needSymbol(')');
    return { kind: 'in', value: left, candidates };
  }
  if (reader.takeKeyword('like')) {
    const pattern = parseBits(reader);
    const escape = reader.takeKeyword('escape') ? parseBits(reader) : undefined;
    return { kind: 'like', value: left, pattern, escape };
  }
  const symbol = reader.takeOneOf(['=', '!=', '<>', '<', '>', '<=', '>='] as const);
  if (symbol === undefined) return undefined;
  return { kind: 'binary', operator: symbol === '<>' ? '!=' : symbol, left, right: parseBits(reader) };
}

type Parse = (reader: TokenReader) => Expression;

function leftToRight(operators: readonly BinaryOperator[], tighter: Parse): Parse {
  return (reader) => {
    let left = tighter(reader);
    for (;;) {
      const operator = reader.takeOneOf(operators);
      if (operator === undefined) return left;
      left = { kind: 'binary', operator, left, right: tighter(reader) };
    }
  };
}

const parseProduct = leftToRight(['*', '/', '%'], parseUnary);
const parseSum = leftToRight(['+', '-', '||'], parseProduct);
const parseBits = leftToRight(['&', '|', '^', '<<', '>>', '>>>'], parseSum);

function parseUnary(reader: TokenReader): Expression {
  const operator = reader.takeOneOf(['-', '+', '~', '!'] as const);
  if (operator === undefined) return parsePath(reader, parsePrimary(reader));
  const operand = parseUnary(reader);
  return operator === '!' ? { kind: 'not', operand } : { kind: 'unary', operator, operand };
}

/** What follows a value: `.name`, `["name"]`, `[0]`. */
export function parsePath(reader: TokenReader, start: Expression): Expression {
  let of = start;
  for (;;) {
    if (reader.takeSymbol('.')) of = { kind: 'property', of, name: reader.needWord() };
    else if (reader.takeSymbol('[')) {
      const index = parseExpression(reader);
      reader.needSymbol(']');
      const isName = index.kind === 'literal' && typeof index.value === 'string';
      of = isName ? { kind: 'property', of, name: index.value } : { kind: 'index', of, index };
    } else return of;
  }
}

const constants: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['undefined', undefined],
]);

function parsePrimary(reader: TokenReader): Expression {
  const { kind, text } = reader.peek();
  switch (kind) {
    case 'number':
      reader.next();
      return { kind: 'literal', value: Number(text) };
    case 'string':
      reader.next();
      return { kind: 'literal', value: text };
    case 'parameter':
      reader.next();
      return { kind: 'parameter', name: text };
    case 'placeholder':
      reader.next();
      return { kind: 'literal', value: true };
    case 'name':
      reader.next();
      return reader.takeSymbol('(') ? parseCall(reader, text) : { kind: 'alias', name: text };
    case 'keyword':
      return parseKeyword(reader, text);
    default:
      return parseBracketed(reader);
  }
}

function parseKeyword(reader: TokenReader, word: string): Expression {
  if (constants.has(word)) {
    reader.next();
    return { kind: 'literal', value: constants.get(word) };
  }
  if (word === 'udf') throw notImplemented('user-defined functions');
  if (word !== 'exists' && !(word === 'array' && reader.isSymbol('(', 1))) throw reader.unexpected();
  reader.next();
  reader.needSymbol('(');
  const query = reader.subquery();
  reader.needSymbol(')');
  return { kind: word === 'exists' ? 'exists' : 'array-query', query };
}

function parseBracketed(reader: TokenReader): Expression {
  if (reader.takeSymbol('(')) {
    const inner: Expression = reader.isKeyword('select')
      ? { kind: 'scalar-query', query: reader.subquery() }
      : parseExpression(reader);
    reader.needSymbol(')');
    return inner;
  }
  if (reader.takeSymbol('[')) {
    const elements = reader.isSymbol(']') ? [] : reader.list(() => parseExpression(reader));
    reader.needSymbol(']');
    return { kind: 'array', elements };
  }
  reader.needSymbol('{');
  const entries = reader.isSymbol('}') ? [] : reader.list(() => parseEntry(reader));
  reader.needSymbol('}');
  return { kind: 'object', entries };
}

function parseEntry(reader: TokenReader): readonly [string, Expression] {
  const name = reader.peek().kind === 'string' ? reader.next().text : reader.needWord();
  reader.needSymbol(':');
  return [name, parseExpression(reader)];
}

function parseCall(reader: TokenReader, written: string): Expression {
  const name = written.toUpperCase();
  const isAggregate = (aggregates as readonly string[]).includes(name);
  if (!isAggregate && !functions.has(name))
    throw notImplemented(`the function "${written}" (or Cosmos DB has none of that name)`);
  const parseArgs = (): readonly Expression[] =>
    reader.isSymbol(')') ? [] : reader.list(() => parseExpression(reader));
  const [args, argumentText] = reader.written(parseArgs);
  reader.needSymbol(')');
  if (!isAggregate) return { kind: 'call', name, args };
  const [argument] = args;
  if (argument === undefined || args.length > 1) throw reader.unexpected();
  return { kind: 'aggregate', name: name as Aggregate, argument, argumentText };
}
