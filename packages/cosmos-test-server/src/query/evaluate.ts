import { badRequest } from '../protocol-error.js';
import { isObject } from '../store/document.js';
import { finite, functions } from './functions.js';
import { isLike } from './like.js';
import type { AggregateCall, ArithmeticOperator, BinaryOperator, Expression, Query } from './syntax.js';
import { compare, compareAlike, equals } from './values.js';

/** What an expression may refer to. */
export interface Scope {
  /** Values by alias. */
  readonly aliases: ReadonlyMap<string, unknown>;
  readonly parameters: ReadonlyMap<string, unknown>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What aggregates are about; absent where there can be none. */
  readonly group?: readonly Scope[];
  /** Rows of a query within this one. */
  readonly subquery: (query: Query, scope: Scope) => readonly unknown[];
}

/**
 * `undefined` is a value: of a missing property, and of what makes no sense for the types it is given.
 * @throws ProtocolError 400
 */
export function evaluate(expression: Expression, scope: Scope): unknown {
  const value = (one: Expression): unknown => evaluate(one, scope);
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'parameter':
      return known(scope.parameters, expression.name, 'parameter');
    case 'alias':
      return known(scope.aliases, expression.name, 'identifier');
    case 'property':
      return property(value(expression.of), expression.name);
    case 'index':
      return element(value(expression.of), value(expression.index));
    case 'and':
      return and(value(expression.left), () => value(expression.right));
    case 'or':
      return or(value(expression.left), () => value(expression.right));
    case 'not': {
      const operand = value(expression.operand);
      return typeof operand === 'boolean' ? !operand : undefined;
    }
    case 'coalesce': {
      const left = value(expression.left);
      return left === undefined ? value(expression.right) : left;
    }
    case 'conditional':
      return value(expression.test) === true ? value(expression.yes) : value(expression.no);
    case 'in':
      return isIn(value(expression.value), expression.candidates.map(value));
    case 'like':
      return isLike(
        value(expression.value),
        value(expression.pattern),
        expression.escape && value(expression.escape),
      );
    case 'unary':
      return unary(expression.operator, value(expression.operand));
    case 'binary':
      return binary(expression.operator, value(expression.left), value(expression.right));
    case 'array':
      return expression.elements.map(value).filter((one) => one !== undefined);
    case 'object':
      return withoutUndefined(expression.entries.map(([name, one]) => [name, value(one)]));
    case 'call':
      return functions.get(expression.name)?.(expression.args.map(value), scope.now);
    case 'aggregate':
      return aggregate(expression, scope);
    case 'exists':
      return scope.subquery(expression.query, scope).length > 0;
    case 'array-query':
      return scope.subquery(expression.query, scope);
    case 'scalar-query':
      return scope.subquery(expression.query, scope)[0];
  }
}

export function withoutUndefined(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function known(values: ReadonlyMap<string, unknown>, name: string, what: string): unknown {
  if (values.has(name)) return values.get(name);
  throw badRequest(`The ${what} '${name}' could not be resolved.`);
}

function property(of: unknown, name: string): unknown {
  return isObject(of) && Object.hasOwn(of, name) ? of[name] : undefined;
}

function element(of: unknown, index: unknown): unknown {
  if (typeof index === 'string') return property(of, index);
  return Array.isArray(of) && typeof index === 'number' ? of[index] : undefined;
}

function and(left: unknown, right: () => unknown): boolean | undefined {
  if (left === false) return false;
  const other = right();
  if (other === false) return false;
  return left === true && other === true ? true : undefined;
}

function or(left: unknown, right: () => unknown): boolean | undefined {
  if (left === true) return true;
  const other = right();
  if (other === true) return true;
  return left === false && other === false ? false : undefined;
}

function isIn(value: unknown, candidates: readonly unknown[]): boolean | undefined {
  if (value === undefined) return undefined;
  return candidates.some((candidate) => equals(value, candidate) === true);
}

function unary(operator: '+' | '-' | '~', operand: unknown): number | undefined {
  if (typeof operand !== 'number') return undefined;
  if (operator === '+') return operand;
  return operator === '-' ? -operand : ~operand;
}

function binary(operator: BinaryOperator, left: unknown, right: unknown): unknown {
  switch (operator) {
    case '=':
      return equals(left, right);
    case '!=': {
      const same = equals(left, right);
      return same === undefined ? undefined : !same;
    }
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const order = compareAlike(left, right);
      return order === undefined ? undefined : isOrdered(operator, order);
    }
    case '||':
      return typeof left === 'string' && typeof right === 'string' ? left + right : undefined;
    default:
      return typeof left === 'number' && typeof right === 'number'
        ? finite(arithmetic[operator](left, right))
        : undefined;
  }
}

function isOrdered(operator: '<' | '<=' | '>' | '>=', order: number): boolean {
  if (order === 0) return operator.endsWith('=');
  return operator.startsWith('<') === order < 0;
}

const arithmetic: Readonly<Record<ArithmeticOperator, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '&': (a, b) => a & b,
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '<<': (a, b) => a << b,
  '>>': (a, b) => a >> b,
  '>>>': (a, b) => a >>> b,
};

function aggregate({ name, argument }: AggregateCall, { group }: Scope): unknown {
  if (group === undefined) throw badRequest('An aggregate is not allowed here.');
  const values = group.map((scope) => evaluate(argument, scope)).filter((value) => value !== undefined);
  switch (name) {
    case 'COUNT':
      return values.length;
    case 'MIN':
      return extreme(values, (order) => order < 0);
    case 'MAX':
      return extreme(values, (order) => order > 0);
    case 'SUM':
    case 'AVG': {
      if (!values.every((value) => typeof value === 'number')) return undefined;
      if (values.length === 0) return name === 'SUM' ? 0 : undefined;
      const sum = values.reduce((total, value) => total + value, 0);
      return name === 'SUM' ? sum : sum / values.length;
    }
  }
}

function extreme(values: readonly unknown[], isBetter: (order: number) => boolean): unknown {
  if (values.length === 0) return undefined;
  return values.reduce((best, value) => (isBetter(compare(value, best)) ? value : best));
}
