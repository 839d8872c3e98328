import type { JsonValue } from '@certoai/loom-core';
import { readExpression, type CompileExpressionOptions } from './compile-expression.js';
import { deepFreeze } from './deep-freeze.js';
import { invalidDefinition, pathText, type DefinitionIssue, type PathSegment } from './definition-issue.js';
import { splitTemplate } from './expression-scanner.js';
import type { Expression, Scope, Template } from './expression.js';

/**
 * Compiles a JSON value whose strings may hold `${ … }`:
 * - a string that is exactly one `${ … }` is replaced by the expression's value, whatever its type;
 * - inside a longer string the value is put in as text: a string as it is, an object or a list as JSON,
 *   `null` as nothing;
 * - `$${` is a literal `${`; every other string, and every key, is literal.
 *
 * A template without expressions evaluates to one frozen value.
 * @throws LoomError `LOOM_INVALID_DEFINITION` with every problem in it
 */
export function compileTemplate(value: JsonValue, options: CompileExpressionOptions = {}): Template {
  const { template, issues } = readTemplate(value, [], options);
  if (issues.length > 0) throw invalidDefinition(issues);
  return template;
}

/** As {@link compileTemplate}, with the problems returned; `path` is where the value stands. */
export function readTemplate(
  value: JsonValue,
  path: readonly PathSegment[],
  options: CompileExpressionOptions = {},
): { readonly template: Template; readonly issues: readonly DefinitionIssue[] } {
  const found: Found = { roots: new Set(), stages: new Set(), issues: [], options };
  const part = readValue(value, path, found);
  const evaluate = part.kind === 'constant' ? constant(part.value) : part.evaluate;
  return { template: { roots: found.roots, stages: found.stages, evaluate }, issues: found.issues };
}

interface Found {
  readonly roots: Set<string>;
  readonly stages: Set<string>;
  readonly issues: DefinitionIssue[];
  readonly options: CompileExpressionOptions;
}

type Evaluate = (scope: Scope) => JsonValue;
type Part =
  | { readonly kind: 'constant'; readonly value: JsonValue }
  | { readonly kind: 'computed'; readonly evaluate: Evaluate };

function constant(value: JsonValue): Evaluate {
  const frozen = deepFreeze(structuredClone(value));
  return () => frozen;
}

function evaluateOf(part: Part): Evaluate {
  return part.kind === 'constant' ? constant(part.value) : part.evaluate;
}

function readValue(value: JsonValue, path: readonly PathSegment[], found: Found): Part {
  if (typeof value === 'string') return readText(value, path, found);
  if (typeof value !== 'object' || value === null) return { kind: 'constant', value };
  return Array.isArray(value)
    ? readList(value as readonly JsonValue[], path, found)
    : readObject(value as Readonly<Record<string, JsonValue>>, path, found);
}

function readList(list: readonly JsonValue[], path: readonly PathSegment[], found: Found): Part {
  const parts = list.map((item, index) => readValue(item, [...path, index], found));
  const values: JsonValue[] = [];
  for (const part of parts) if (part.kind === 'constant') values.push(part.value);
  if (values.length === parts.length) return { kind: 'constant', value: values };
  const evaluators = parts.map(evaluateOf);
  return { kind: 'computed', evaluate: (scope) => evaluators.map((evaluate) => evaluate(scope)) };
}

function readObject(
  object: Readonly<Record<string, JsonValue>>,
  path: readonly PathSegment[],
  found: Found,
): Part {
  const parts = Object.entries(object).map(([key, item]) => {
    const at = [...path, key];
    const problem = keyProblem(key);
    if (problem !== undefined)
      found.issues.push({ path: pathText(at), message: `${pathText(at)} ${problem}` });
    return [key, readValue(item, at, found)] as const;
  });
  const values: Record<string, JsonValue> = {};
  let constants = 0;
  for (const [key, part] of parts) {
    if (part.kind !== 'constant') continue;
    constants += 1;
    if (key !== '__proto__') values[key] = part.value;
  }
  if (constants === parts.length) return { kind: 'constant', value: values };
  const evaluators = parts.map(([key, part]) => [key, evaluateOf(part)] as const);
  return {
    kind: 'computed',
    evaluate: (scope) => {
      const result: Record<string, JsonValue> = {};
      for (const [key, evaluate] of evaluators) result[key] = evaluate(scope);
      return result;
    },
  };
}

function keyProblem(key: string): string | undefined {
  if (key === '__proto__') return 'has a key that is not allowed.';
  if (splitTemplate(key).some(({ kind }) => kind !== 'text')) {
    return 'has an expression in a key; keys are literal, so build the object with from_items().';
  }
  return undefined;
}

function readText(text: string, path: readonly PathSegment[], found: Found): Part {
  const pieces: (string | Expression)[] = [];
  for (const part of splitTemplate(text)) {
    if (part.kind === 'text') {
      pieces.push(part.text);
    } else if (part.kind === 'unclosed') {
      const message = `${pathText(path)} opens \${ at character ${part.start + 1} and does not close it; `;
      found.issues.push({ path: pathText(path), message: `${message}write $\${ for a literal \${.` });
    } else {
      const expression = readPart(part.source, path, found);
      if (expression !== undefined) pieces.push(expression);
    }
  }
  const [only] = pieces;
  if (only === undefined) return { kind: 'constant', value: '' };
  if (pieces.length > 1) return { kind: 'computed', evaluate: interpolation(pieces) };
  if (typeof only === 'string') return { kind: 'constant', value: only };
  return { kind: 'computed', evaluate: (scope) => only.evaluate(scope) };
}

function readPart(source: string, path: readonly PathSegment[], found: Found): Expression | undefined {
  const { expression, problems } = readExpression(source, found.options);
  for (const { text, suggestion } of problems) {
    const where = pathText(path);
    found.issues.push({
      path: where,
      message: `${where}: "\${${source}}" ${text}`,
      value: source,
      suggestion,
    });
  }
  if (expression === undefined) return undefined;
  for (const root of expression.roots) found.roots.add(root);
  for (const stage of expression.stages) found.stages.add(stage);
  return expression;
}

function interpolation(pieces: readonly (string | Expression)[]): Evaluate {
  return (scope) => {
    let text = '';
    for (const piece of pieces) text += typeof piece === 'string' ? piece : textOf(piece.evaluate(scope));
    return text;
  };
}

function textOf(value: JsonValue): string {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
