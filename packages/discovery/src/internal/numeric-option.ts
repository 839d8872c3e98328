import { LoomError } from '@certoai/loom-core';

/**
 * A whole number in range, or `fallback` for `undefined`.
 * @throws LoomError `LOOM_INVALID_OPTION` for anything else, NaN and Infinity included
 */
export function wholeNumber(
  name: string,
  value: number | undefined,
  fallback: number,
  { min, max = Number.MAX_SAFE_INTEGER }: { readonly min: number; readonly max?: number },
): number {
  if (value === undefined) return fallback;
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
  const message = `${name} is ${String(value)}; give a whole number, ${range}.`;
  throw new LoomError('LOOM_INVALID_OPTION', message, { option: name, value });
}
