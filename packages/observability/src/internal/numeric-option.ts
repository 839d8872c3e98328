import { invalidOption } from './invalid-option.js';

/**
 * A whole number from 1 to `max`, or the default for `undefined`.
 * @throws LoomError `LOOM_INVALID_OPTION` for anything else, NaN and Infinity included
 */
export function wholeNumber(name: string, value: unknown, fallback: number, max: number): number {
  if (value === undefined) return fallback;
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= max)
    return value as number;
  throw invalidOption(name, value, `a whole number, 1 to ${max}`);
}

/**
 * A finite number of `min` or more, or `undefined`.
 * @throws LoomError `LOOM_INVALID_OPTION` for anything else
 */
export function finiteNumber(name: string, value: unknown, min = -Infinity): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isFinite(value) && (value as number) >= min) return value as number;
  throw invalidOption(name, value, `a finite number${min === -Infinity ? '' : `, ${min} or more`}`);
}
