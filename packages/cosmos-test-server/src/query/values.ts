import { isObject } from '../store/document.js';

/** Order of types in ORDER BY, MIN and MAX; `undefined` comes first. */
function rank(value: unknown): number {
  if (value === undefined) return 0;
  if (value === null) return 1;
  if (typeof value === 'boolean') return 2;
  if (typeof value === 'number') return 3;
  if (typeof value === 'string') return 4;
  return Array.isArray(value) ? 5 : 6;
}

/** For sorting: every value has a place, also beside those of another type. */
export function compare(a: unknown, b: unknown): number {
  const byType = rank(a) - rank(b);
  if (byType !== 0) return byType;
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  if (typeof a === 'number' || typeof a === 'boolean') return Number(a) - Number(b);
  const [left, right] = [canonical(a), canonical(b)];
  return left < right ? -1 : Number(left > right);
}

/** Equal for equal values, and no others: the order of an object's properties does not matter. */
export function canonical(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const entries = Object.keys(value).toSorted();
  return `{${entries.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

/** What `=` says: `undefined`, and so neither yes nor no, where the types differ or a value is missing. */
export function equals(a: unknown, b: unknown): boolean | undefined {
  if (a === undefined || b === undefined || rank(a) !== rank(b)) return undefined;
  return canonical(a) === canonical(b);
}

/** What `<` and its like compare: two primitives of one type, else `undefined`. */
export function compareAlike(a: unknown, b: unknown): number | undefined {
  if (a === undefined || rank(a) !== rank(b) || !isPrimitive(a)) return undefined;
  return compare(a, b);
}

export function isPrimitive(value: unknown): boolean {
  return rank(value) >= 1 && rank(value) <= 4;
}
