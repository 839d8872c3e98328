import { analyseExpression, type ExpressionFacts, type ExpressionProblem } from './expression-analysis.js';
import { parseExpression, type ExpressionNode } from './expression-interpreter.js';
import { strictly } from './strict-expression.js';
import { hasOpenQuote, wholeExpression } from './expression-scanner.js';
import { evaluator, quoted, reasonText } from './evaluate-expression.js';
import type { Expression } from './expression.js';
import { invalidDefinition } from './definition-issue.js';

/** Characters of one expression. */
export const longestExpression = 10_000;

export interface CompileExpressionOptions {
  /** The ids that `stages` as a whole stands for. @default none */
  readonly allStages?: Iterable<string> | undefined;
  /**
   * Names that stay roots; any other name is a field of the root `item`, and so is `@`. This is how
   * `groupBy: documentType` reads the item. Absent: every name is a root.
   */
  readonly itemRoots?: ReadonlySet<string> | undefined;
  /** A path that resolves to nothing is an error in place of `null`. @default false */
  readonly strict?: boolean | undefined;
  /** Further rules, such as which roots and stages may be read here. */
  readonly check?: ((expression: Expression) => readonly ExpressionProblem[]) | undefined;
}

/**
 * Compiles a JMESPath expression, bare or as `${ … }`.
 * @throws LoomError `LOOM_INVALID_DEFINITION` for a syntax error, an unknown function or an unknown member
 */
export function compileExpression(source: string, options: CompileExpressionOptions = {}): Expression {
  const outcome = readExpression(source, options);
  if (outcome.expression !== undefined) return outcome.expression;
  throw invalidDefinition(
    outcome.problems.map(({ text, suggestion }) => ({
      path: '',
      message: `${quoted(source)} ${text}`,
      suggestion,
    })),
  );
}

export type ExpressionOutcome =
  | { readonly expression: Expression; readonly problems: readonly [] }
  | { readonly expression: undefined; readonly problems: readonly ExpressionProblem[] };

/** As {@link compileExpression}, with the problems returned: each continues a sentence that begins with the place. */
export function readExpression(written: string, options: CompileExpressionOptions = {}): ExpressionOutcome {
  const trimmed = written.trim();
  const source = (wholeExpression(trimmed) ?? trimmed).trim();
  const refuse = (...problems: ExpressionProblem[]): ExpressionOutcome => ({
    expression: undefined,
    problems,
  });
  if (source === '') return refuse({ text: 'is empty; expected a JMESPath expression.' });
  if (hasOpenQuote(source))
    return refuse({ text: 'is not valid JMESPath: a quote is opened and not closed.' });
  if (source.length > longestExpression) {
    return refuse({ text: `has ${source.length} characters; expected at most ${longestExpression}.` });
  }
  try {
    return compileParsed(source, parseExpression(source), options);
  } catch (error) {
    if (error instanceof RangeError) return refuse({ text: 'is nested too deeply.' });
    return refuse({ text: `is not valid JMESPath: ${syntaxMessage(error)}${syntaxHint(source, error)}` });
  }
}

function compileParsed(
  source: string,
  parsed: ExpressionNode,
  options: CompileExpressionOptions,
): ExpressionOutcome {
  const { itemRoots, check } = options;
  const refuse = (problems: readonly ExpressionProblem[]): ExpressionOutcome => ({
    expression: undefined,
    problems,
  });
  let node = parsed;
  let facts = analyseExpression(node, itemRoots !== undefined);
  if (facts.problems.length > 0) return refuse(facts.problems);
  if (itemRoots !== undefined) {
    node = readFromItem(node, facts.scopeNodes, itemRoots);
    facts = analyseExpression(node);
  } else if (facts.readsScope) {
    return refuse([
      { text: 'takes everything at once (@ or * at the start); name what it reads, such as input.' },
    ]);
  }
  const expression = expressionOf(source, node, facts, options);
  const problems = check?.(expression) ?? [];
  return problems.length > 0 ? refuse(problems) : { expression, problems: [] };
}

function expressionOf(
  source: string,
  node: ExpressionNode,
  facts: ExpressionFacts,
  { allStages = [], strict = false }: CompileExpressionOptions,
): Expression {
  const stages = facts.readsAllStages ? new Set([...facts.stages, ...allStages]) : facts.stages;
  const evaluate = evaluator(source, node);
  return {
    source,
    roots: facts.roots,
    stages,
    evaluate: strict ? strictly(source, node, facts.scopeNodes, evaluate) : evaluate,
  };
}

/** Rewrites names looked up in the scope to fields of `item`, but for `roots`; the scope itself becomes `item`. */
function readFromItem(
  node: ExpressionNode,
  scopeNodes: ReadonlySet<ExpressionNode>,
  roots: ReadonlySet<string>,
): ExpressionNode {
  const rewrite = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(rewrite);
    const part = value as ExpressionNode;
    if (part.type === 'Literal') return part;
    if (scopeNodes.has(part)) {
      const item: ExpressionNode = { type: 'Field', name: 'item' };
      if (part.type !== 'Field') return item;
      return roots.has(part.name) ? part : { type: 'Subexpression', left: item, right: part };
    }
    return Object.fromEntries(Object.entries(part).map(([key, child]) => [key, rewrite(child)]));
  };
  return rewrite(node) as ExpressionNode;
}

function syntaxMessage(error: unknown): string {
  const text = reasonText(error);
  // The parser runs past the last token of an expression that ends too early, or complains about the end.
  if (error instanceof TypeError || text.includes('EOF')) return 'it ends too early.';
  if (text.includes('JSON')) return 'backticks hold JSON, such as `5`, `true` or `"text"`.';
  const token =
    /^invalid token \(\w+\): "(.*)"$/s.exec(text) ??
    /^unexpected token type: \w+, value: (.*)$/s.exec(text) ??
    /^unexpected token: (.*)\(\w+\)$/s.exec(text) ??
    /^unknown character: (.*)$/s.exec(text);
  return token === null ? `${text}.` : `unexpected ${token[1]}.`;
}

function syntaxHint(source: string, error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  if (source.includes('${')) return ' It is one expression already: write no ${ } inside it.';
  const number = /\(?Number\)?, value: (-?\d+)|\(Number\): "(-?\d+)"/.exec(message);
  const digits = number?.[1] ?? number?.[2];
  if (digits !== undefined) return ` Numbers stand in backticks: \`${digits}\`.`;
  return '';
}
