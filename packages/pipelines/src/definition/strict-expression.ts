import { LoomError, type JsonValue } from '@certoai/loom-core';
import { plainPath, quoted } from './evaluate-expression.js';
import type { ExpressionNode } from './expression-interpreter.js';
import type { Scope } from './expression.js';

/**
 * `evaluate` with a missing path as an error. A path is missing when the expression's result, or a
 * field of an object or list it builds, is `null` because of it. So `input.a || 'none'` may lack `a`, a
 * filter may ask for fields that some items lack, and a field that is there and `null` is a value.
 */
export function strictly(
  source: string,
  node: ExpressionNode,
  evaluate: (scope: Scope) => JsonValue,
): (scope: Scope) => JsonValue {
  return (scope) => {
    const value = evaluate(scope);
    const missing = missingIn(node, value, scope);
    if (missing === undefined) return value;
    const message = `Expression ${quoted(source)} failed: ${missing} resolves to nothing, and strictInputs is on.`;
    throw new LoomError('LOOM_EXPRESSION_FAILED', message, { expression: source, missing });
  };
}

function missingIn(node: ExpressionNode, value: JsonValue, scope: Scope): string | undefined {
  if (value === null) return missingPath(node, scope);
  if (node.type === 'MultiSelectHash') {
    const fields = value as Readonly<Record<string, JsonValue>>;
    return first(node.children, ({ name, value: child }) => missingIn(child, fields[name] ?? null, scope));
  }
  if (node.type === 'MultiSelectList') {
    const items = value as readonly JsonValue[];
    return first(node.children, (child, index) => missingIn(child, items[index] ?? null, scope));
  }
  return undefined;
}

/** The first path from the scope in `node` that resolves to nothing, as text. */
function missingPath(node: ExpressionNode, scope: Scope): string | undefined {
  const path = plainPath(node);
  if (path !== undefined) return missingStep(path, scope);
  return first(operands(node), (operand) => missingPath(operand, scope));
}

function missingStep(path: readonly (string | number)[], scope: Scope): string | undefined {
  let value: unknown = scope;
  let walked = '';
  for (const step of path) {
    walked += typeof step === 'number' ? `[${step}]` : walked === '' ? step : `.${step}`;
    if (typeof value !== 'object' || value === null) return walked;
    const index = typeof step === 'number' && step < 0 && Array.isArray(value) ? value.length + step : step;
    if (Array.isArray(value) !== (typeof step === 'number') || !Object.hasOwn(value, index)) return walked;
    value = (value as Readonly<Record<string | number, unknown>>)[index];
    if (value === undefined) return walked;
  }
  return undefined;
}

/**
 * Parts of `node` that are evaluated on the same value as `node` itself. None of a ternary: who writes
 * a condition has decided what happens without a value.
 */
function operands(node: ExpressionNode): readonly ExpressionNode[] {
  switch (node.type) {
    case 'Subexpression':
    case 'Pipe':
    case 'IndexExpression':
    case 'Projection':
    case 'ValueProjection':
    case 'FilterProjection':
      return [node.left];
    case 'AndExpression':
    case 'OrExpression':
    case 'Arithmetic':
    case 'Comparator':
      return [node.left, node.right];
    case 'Flatten':
    case 'NotExpression':
      return [node.child];
    case 'Unary':
      return [node.operand];
    case 'Function':
    case 'MultiSelectList':
      return node.children;
    case 'LetExpression':
      return node.bindings.map(({ reference }) => reference);
    default:
      return [];
  }
}

function first<Item>(
  items: readonly Item[],
  find: (item: Item, index: number) => string | undefined,
): string | undefined {
  for (const [index, item] of items.entries()) {
    const found = find(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}
