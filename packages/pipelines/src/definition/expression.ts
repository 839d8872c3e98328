import type { JsonValue } from '@certoai/loom-core';

/** Where a scope carries what its execution may read as `config`. No name: each expression reads a part of it. */
export const configuration: unique symbol = Symbol('config');

/** What an expression can see, by root name: `input`, `stages`, `execution`, the scatter variable, … */
export type Scope = Readonly<Record<string, unknown>> & {
  /** The values for an actor type; `null`: those of the tenant alone. */
  readonly [configuration]?: ((actorType: string | null) => JsonValue) | undefined;
};

/** A compiled JMESPath expression. Evaluating it twice on the same scope gives the same value. */
export interface Expression {
  /** As written, without `${ }`. */
  readonly source: string;
  /** Root names it reads. */
  readonly roots: ReadonlySet<string>;
  /** Stage ids it reads under `stages`; all of them when it takes `stages` as a whole. */
  readonly stages: ReadonlySet<string>;
  /** @throws LoomError `LOOM_EXPRESSION_FAILED` naming the expression (a function given a wrong type, say) */
  evaluate(scope: Scope): JsonValue;
}

/** A JSON value with expressions in it. */
export interface Template {
  readonly roots: ReadonlySet<string>;
  readonly stages: ReadonlySet<string>;
  /**
   * The value with every expression replaced. A path that resolves to nothing is `null`.
   * @throws LoomError `LOOM_EXPRESSION_FAILED`
   */
  evaluate(scope: Scope): JsonValue;
}
