import { invalidOption } from './invalid-option.js';

/**
 * A whole number from `min` to `max`, or the default for `undefined`. `Infinity` is allowed where it is `max`.
 * @throws LoomError `LOOM_INVALID_OPTION` for anything else, NaN included
 */
export function wholeNumber<Default extends number | undefined>(
  name: string,
  value: number | undefined,
  fallback: Default,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number | Default {
  if (value === undefined) return fallback;
  const isWhole = Number.isSafeInteger(value) || value === Infinity;
  if (isWhole && value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
  throw invalidOption(`${name} is ${String(value)}; give a whole number, ${range}.`, {
    option: name,
    value,
  });
}
