import { LoomError, type JsonValue } from '@certoai/loom-core';
import { plainPath, quoted } from './evaluate-expression.js';
import type { ExpressionNode } from './expression-interpreter.js';
import type { Scope } from './expression.js';

type Evaluate = (scope: Scope) => JsonValue;

/**
 * `evaluate` with a missing path as an error. A path is missing when the expression's result, or a
 * field of an object or list it builds, is `null` because of it. So `input.a || 'none'` may lack `a`, a
 * filter may ask for fields that some items lack, and a field that is there and `null` is a value. Of
 * `a ? b : c` nothing is missing: who writes a condition has decided what happens without a value.
 * @param scopeNodes - the nodes of the expression that look up a name in the scope
 */
export function strictly(
  source: string,
  node: ExpressionNode,
  scopeNodes: ReadonlySet<ExpressionNode>,
  evaluate: Evaluate,
): Evaluate {
  return (scope) => {
    const value = evaluate(scope);
    const missing = missingIn(node, value, scope, scopeNodes);
    if (missing === undefined) return value;
    const message = `Expression ${quoted(source)} failed: ${missing} resolves to nothing, and strictInputs is on.`;
    throw new LoomError('LOOM_EXPRESSION_FAILED', message, { expression: source, missing });
  };
}

function missingIn(
  node: ExpressionNode,
  value: JsonValue,
  scope: Scope,
  scopeNodes: ReadonlySet<ExpressionNode>,
): string | undefined {
  if (value === null) return missingPath(node, scope, scopeNodes);
  if (node.type === 'MultiSelectHash' || node.type === 'MultiSelectList') {
    for (const [index, child] of node.children.entries()) {
      const [part, key] = child.type === 'KeyValuePair' ? [child.value, child.name] : [child, index];
      const inside = (value as Readonly<Record<string | number, JsonValue>>)[key] ?? null;
      const missing = missingIn(part, inside, scope, scopeNodes);
      if (missing !== undefined) return missing;
    }
  }
  return undefined;
}

/** The first path from the scope, anywhere in `part`, that resolves to nothing, as text. */
function missingPath(
  part: unknown,
  scope: Scope,
  scopeNodes: ReadonlySet<ExpressionNode>,
): string | undefined {
  if (typeof part !== 'object' || part === null) return undefined;
  const node = part as ExpressionNode;
  if (node.type === 'Ternary' || node.type === 'Literal') return undefined;
  const path = Array.isArray(part) ? undefined : plainPath(node);
  if (path !== undefined) return scopeNodes.has(firstName(node)) ? missingStep(path, scope) : undefined;
  for (const child of Object.values(part)) {
    const missing = missingPath(child, scope, scopeNodes);
    if (missing !== undefined) return missing;
  }
  return undefined;
}

function firstName(node: ExpressionNode): ExpressionNode {
  return 'left' in node ? firstName(node.left) : node;
}

function missingStep(path: readonly (string | number)[], scope: Scope): string | undefined {
  let value: unknown = scope;
  let walked = '';
  for (const step of path) {
    walked += typeof step === 'number' ? `[${step}]` : walked === '' ? step : `.${step}`;
    if (typeof value !== 'object' || value === null) return walked;
    if (Array.isArray(value) !== (typeof step === 'number')) return walked;
    value = Array.isArray(value) ? value.at(step as number) : ownField(value, step);
    if (value === undefined) return walked;
  }
  return undefined;
}

function ownField(object: object, name: string | number): unknown {
  return Object.hasOwn(object, name) ? (object as Readonly<Record<string, unknown>>)[name] : undefined;
}
