import { LoomError } from '../errors/loom-error.js';

interface Range {
  readonly min: number;
  /** @default Number.MAX_SAFE_INTEGER */
  readonly max?: number;
  /** Allows `Infinity`: no limit. */
  readonly unlimited?: boolean;
}

/**
 * A whole number in range, or the default for `undefined`.
 * @throws LoomError `LOOM_INVALID_OPTION` for anything else, NaN and Infinity included
 */
export function wholeNumber<Default extends number | undefined>(
  name: string,
  value: number | undefined,
  fallback: Default,
  { min, max = Number.MAX_SAFE_INTEGER, unlimited = false }: Range,
): number | Default {
  if (value === undefined) return fallback;
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  if (unlimited && value === Infinity) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
  const message = `${name} is ${String(value)}; give a whole number, ${range}${unlimited ? ', or Infinity' : ''}.`;
  throw new LoomError('LOOM_INVALID_OPTION', message, { option: name, value });
}
