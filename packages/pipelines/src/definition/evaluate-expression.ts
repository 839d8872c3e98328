import { LoomError, type JsonValue } from '@certoai/loom-core';
import { deepFreeze } from './deep-freeze.js';
import { runExpression, type ExpressionNode } from './expression-interpreter.js';
import type { Scope } from './expression.js';

/** The work of an expression, chosen once: a plain path is walked, a literal returned, the rest interpreted. */
export function evaluator(source: string, node: ExpressionNode): (scope: Scope) => JsonValue {
  if (node.type === 'Literal') {
    const value = deepFreeze(node.value as JsonValue);
    return () => value;
  }
  const path = plainPath(node);
  if (path !== undefined) return (scope) => walk(scope, path);
  return (scope) => {
    try {
      return runExpression(node, scope) as JsonValue;
    } catch (cause) {
      throw expressionFailed(source, cause);
    }
  };
}

export function expressionFailed(source: string, cause: unknown): LoomError {
  const reason = cause instanceof RangeError ? 'the data is nested too deeply for it' : reasonText(cause);
  const message = `Expression ${quoted(source)} failed: ${reason}.`;
  return new LoomError('LOOM_EXPRESSION_FAILED', message, { expression: source }, { cause });
}

/** Names and indexes of an expression that is nothing but a path from the scope: `input.files[0].name`. */
export function plainPath(node: ExpressionNode): readonly (string | number)[] | undefined {
  switch (node.type) {
    case 'Field':
      return [node.name];
    case 'Index':
      return [node.value];
    case 'Subexpression':
    case 'IndexExpression': {
      const left = plainPath(node.left);
      const right = left && plainPath(node.right);
      return right && [...left, ...right];
    }
    default:
      return undefined;
  }
}

function walk(scope: Scope, path: readonly (string | number)[]): JsonValue {
  let value: unknown = scope;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return null;
    if (typeof step === 'number') {
      if (!Array.isArray(value)) return null;
      value = value.at(step);
    } else {
      if (Array.isArray(value) || !Object.hasOwn(value, step)) return null;
      value = (value as Readonly<Record<string, unknown>>)[step];
    }
  }
  return (value ?? null) as JsonValue;
}

export function quoted(source: string): string {
  const line = source.replaceAll(/\s+/g, ' ');
  return `"${line.length > 120 ? `${line.slice(0, 117)}...` : line}"`;
}

/** What the library says went wrong, in words. Names types and functions, never data. */
export function reasonText(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : 'unknown error';
  switch (text) {
    case 'not-a-number: undefined':
      return 'it calculates with null';
    case 'not-a-number':
      return 'it calculates with something that is no number';
    case 'not-a-number: divide by zero':
      return 'it divides by zero';
    default:
      return text.replace(/^(Syntax error|Invalid (type|value|arity)|syntax)[:,]\s*/i, '').replace(/\.$/, '');
  }
}
