import { isObject } from '../store/document.js';
import { equals, isPrimitive } from './values.js';

/** @param now - milliseconds since the epoch, by the server's clock */
export type QueryFunction = (args: readonly unknown[], now: number) => unknown;

type Arg = unknown;

/** Built-in functions by upper-case name. https://learn.microsoft.com/cosmos-db/query/functions */
export const functions: ReadonlyMap<string, QueryFunction> = new Map<string, QueryFunction>([
  ['IS_DEFINED', ([a]) => a !== undefined],
  ['IS_NULL', ([a]) => a === null],
  ['IS_BOOL', ([a]) => typeof a === 'boolean'],
  ['IS_NUMBER', ([a]) => typeof a === 'number'],
  ['IS_STRING', ([a]) => typeof a === 'string'],
  ['IS_ARRAY', ([a]) => Array.isArray(a)],
  ['IS_OBJECT', ([a]) => isObject(a)],
  ['IS_PRIMITIVE', ([a]) => isPrimitive(a)],

  ['STARTSWITH', matching((a, b) => a.startsWith(b))],
  ['ENDSWITH', matching((a, b) => a.endsWith(b))],
  ['CONTAINS', matching((a, b) => a.includes(b))],
  ['STRINGEQUALS', matching((a, b) => a === b)],
  ['LOWER', ofText((a) => a.toLowerCase())],
  ['UPPER', ofText((a) => a.toUpperCase())],
  ['LENGTH', ofText((a) => a.length)],
  ['TRIM', ofText((a) => a.trim())],
  ['REVERSE', ofText((a) => Array.from(a).toReversed().join(''))],
  ['STRINGTONUMBER', ofText((a) => finite(a.trim() === '' ? Number.NaN : Number(a)))],
  ['INDEX_OF', ([a, b]) => (areTexts(a, b) ? (a as string).indexOf(b as string) : undefined)],
  ['LEFT', ([a, n]) => (isTextAndNumbers(a, n) ? (a as string).slice(0, n as number) : undefined)],
  ['RIGHT', ([a, n]) => (isTextAndNumbers(a, n) ? lastOf(a as string, n as number) : undefined)],
  [
    'SUBSTRING',
    ([a, from, n]) =>
      isTextAndNumbers(a, from, n)
        ? (a as string).slice(from as number, (from as number) + (n as number))
        : undefined,
  ],
  [
    'REPLACE',
    ([a, old, by]) =>
      areTexts(a, old, by) ? (a as string).replaceAll(old as string, () => by as string) : undefined,
  ],
  ['CONCAT', (args) => (areTexts(...args) ? args.join('') : undefined)],
  ['TOSTRING', ([a]) => (typeof a === 'string' ? a : JSON.stringify(a))],

  ['ARRAY_CONTAINS', ([a, b, partial]) => arrayContains(a, b, partial === true)],
  ['ARRAY_LENGTH', ([a]) => (Array.isArray(a) ? a.length : undefined)],
  ['ARRAY_SLICE', ([a, from, n]) => (Array.isArray(a) ? arraySlice(a, from, n) : undefined)],
  ['ARRAY_CONCAT', (args) => (args.every((arg) => Array.isArray(arg)) ? args.flat() : undefined)],

  ['ABS', ofNumber(Math.abs)],
  ['FLOOR', ofNumber(Math.floor)],
  ['CEILING', ofNumber(Math.ceil)],
  // Halves go away from zero, below it too.
  ['ROUND', ofNumber((a) => Math.sign(a) * Math.round(Math.abs(a)))],
  ['SQRT', ofNumber(Math.sqrt)],
  ['POWER', ([a, b]) => (typeof a === 'number' && typeof b === 'number' ? finite(a ** b) : undefined)],

  ['IIF', ([test, yes, no]) => (test === true ? yes : no)],
  ['GETCURRENTTIMESTAMP', (_, now) => now],
  ['GETCURRENTDATETIME', (_, now) => new Date(now).toISOString().replace('Z', '0000Z')],
]);

/** Of two texts, and a third argument that says whether upper and lower case are alike. */
function matching(test: (a: string, b: string) => boolean): QueryFunction {
  return ([a, b, ignoreCase]) => {
    if (typeof a !== 'string' || typeof b !== 'string') return undefined;
    return ignoreCase === true ? test(a.toLowerCase(), b.toLowerCase()) : test(a, b);
  };
}

function ofText(map: (a: string) => unknown): QueryFunction {
  return ([a]) => (typeof a === 'string' ? map(a) : undefined);
}

function ofNumber(map: (a: number) => number): QueryFunction {
  return ([a]) => (typeof a === 'number' ? finite(map(a)) : undefined);
}

/** JSON has no others. */
export function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function areTexts(...args: readonly Arg[]): boolean {
  return args.every((arg) => typeof arg === 'string');
}

function isTextAndNumbers(text: Arg, ...numbers: readonly Arg[]): boolean {
  return typeof text === 'string' && numbers.every((arg) => Number.isInteger(arg) && (arg as number) >= 0);
}

function lastOf(text: string, count: number): string {
  return text.slice(Math.max(0, text.length - count));
}

function arrayContains(array: Arg, wanted: Arg, partial: boolean): boolean | undefined {
  if (!Array.isArray(array) || wanted === undefined) return undefined;
  return array.some((element) => (partial ? includes(element, wanted) : equals(element, wanted) === true));
}

/** Whether `value` has at least the properties of `wanted`. */
function includes(value: unknown, wanted: unknown): boolean {
  if (!isObject(wanted)) return equals(value, wanted) === true;
  if (!isObject(value)) return false;
  return Object.keys(wanted).every((name) => includes(value[name], wanted[name]));
}

function arraySlice(array: readonly unknown[], from: Arg, count: Arg): readonly unknown[] | undefined {
  if (typeof from !== 'number') return undefined;
  const start = from < 0 ? Math.max(0, array.length + from) : from;
  if (count === undefined) return array.slice(start);
  return typeof count === 'number' ? array.slice(start, start + Math.max(0, count)) : undefined;
}
