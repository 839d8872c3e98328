/** Keys that reach an object's prototype when code copies them carelessly. */
export const forbiddenKeys: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/** An object of keys and values: no list, no instance of a class. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A copy of JSON data without `undefined`, frozen at every depth. */
export function frozenCopy<Value>(value: Value): Value {
  if (Array.isArray(value)) return Object.freeze(value.map((item: unknown) => frozenCopy(item))) as Value;
  // JSON has no -0: it would be another number after it was written and read.
  if (value === 0) return 0 as Value;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, child]) => child !== undefined);
  return Object.freeze(Object.fromEntries(entries.map(([key, child]) => [key, frozenCopy(child)]))) as Value;
}

export interface JsonProblem {
  readonly path: readonly string[];
  /** What to give instead. */
  readonly message: string;
}

/** What in `value` is no JSON, or `undefined` when all of it is. */
export function jsonProblem(value: unknown, path: readonly string[] = []): JsonProblem | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number' && Number.isFinite(value)) return undefined;
  if (!Array.isArray(value) && !isPlainObject(value)) return { path, message: 'Give JSON.' };
  // Something inside itself would never end.
  if (path.length > 100) return { path: path.slice(0, 1), message: 'Give at most 100 levels.' };
  for (const [key, child] of Object.entries(value)) {
    if (forbiddenKeys.includes(key)) {
      return { path: [...path, key], message: 'Rename it: the key could change the prototype of objects.' };
    }
    const found = jsonProblem(child, [...path, key]);
    if (found) return found;
  }
  return undefined;
}
