// What a query is, once it is parsed.

export type Expression =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'alias'; readonly name: string }
  | { readonly kind: 'property'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'index'; readonly of: Expression; readonly index: Expression }
  | {
      readonly kind: 'and' | 'or' | 'coalesce';
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'unary'; readonly operator: '+' | '-' | '~'; readonly operand: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'conditional';
      readonly test: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    }
  | { readonly kind: 'in'; readonly value: Expression; readonly candidates: readonly Expression[] }
  | {
      readonly kind: 'like';
      readonly value: Expression;
      readonly pattern: Expression;
      readonly escape: Expression | undefined;
    }
  | { readonly kind: 'array'; readonly elements: readonly Expression[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, Expression])[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | AggregateCall
  /** `EXISTS(…)`, `ARRAY(…)`, and a subquery in place of a value or of a source. */
  | { readonly kind: 'exists' | 'array-query' | 'scalar-query'; readonly query: Query };

export type BinaryOperator = ComparisonOperator | '||' | ArithmeticOperator;
export type ComparisonOperator = '=' | '!=' | '<' | '>' | '<=' | '>=';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>' | '>>>';

export type Aggregate = (typeof aggregates)[number];
export const aggregates = ['COUNT', 'SUM', 'AVG', 'MIN', 'MAX'] as const;

export interface AggregateCall {
  readonly kind: 'aggregate';
  readonly name: Aggregate;
  readonly argument: Expression;
  /** As it is written, for the query that is sent to each range. */
  readonly argumentText: string;
}

/** An expression, and how it is written. */
export interface Written {
  readonly expression: Expression;
  readonly text: string;
}

export interface SelectItem extends Written {
  readonly name: string;
}

export type Projection =
  | { readonly kind: 'star' }
  | { readonly kind: 'value'; readonly value: Written }
  | { readonly kind: 'items'; readonly items: readonly SelectItem[] };

/** `each`: once for every element of an array, as in `FROM tag IN c.tags`. */
export interface Source {
  readonly kind: 'one' | 'each';
  readonly alias: string;
  readonly of: Expression;
}

export interface OrderTerm extends Written {
  readonly descending: boolean;
}

export interface Query {
  readonly text: string;
  readonly distinct: boolean;
  readonly top: Expression | undefined;
  readonly projection: Projection;
  readonly sources: readonly Source[];
  readonly sourcesText: string;
  readonly where: Written | undefined;
  readonly groupBy: readonly Written[] | undefined;
  readonly orderBy: readonly OrderTerm[] | undefined;
  readonly offset:
    | { readonly skip: Expression; readonly take: Expression; readonly textBefore: string }
    | undefined;
}

const subqueries: readonly string[] = ['exists', 'array-query', 'scalar-query'];

/** Whether there is an aggregate in it that is about the query itself and not about one within. */
export function hasAggregate(expression: Expression): boolean {
  if (expression.kind === 'aggregate') return true;
  if (subqueries.includes(expression.kind)) return false;
  return parts(expression).some(hasAggregate);
}

export function isAggregate({ projection }: Query): boolean {
  switch (projection.kind) {
    case 'star':
      return false;
    case 'value':
      return hasAggregate(projection.value.expression);
    case 'items':
      return projection.items.some(({ expression }) => hasAggregate(expression));
  }
}

/** Whether the answer for a container is the answers of its ranges, one after the other. */
export function isPlain(query: Query): boolean {
  const { orderBy, groupBy, distinct, top, offset } = query;
  return !orderBy && !groupBy && !distinct && !top && !offset && !isAggregate(query);
}

function parts(expression: Expression): readonly Expression[] {
  return Object.values(expression).flatMap((value: unknown) => {
    if (Array.isArray(value)) return value.flat().filter(isExpression);
    return isExpression(value) ? [value] : [];
  });
}

function isExpression(value: unknown): value is Expression {
  return typeof value === 'object' && value !== null && 'kind' in value;
}
