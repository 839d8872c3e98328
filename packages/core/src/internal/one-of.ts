import { invalidOption } from './invalid-option.js';

/** @throws LoomError `LOOM_INVALID_OPTION` when `value` is none of `allowed` */
export function oneOf<Value extends string>(name: string, value: Value, allowed: readonly Value[]): Value {
  if (allowed.includes(value)) return value;
  const message = `${name} is ${JSON.stringify(value)}; give one of ${allowed.join(', ')}.`;
  throw invalidOption(message, { option: name, value });
}
